"""Runs kyc.files.worker: the only way a stranger's file is opened."""

import json
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from config.lib.errors import TooMany
from kyc.files.bounds import WALL_SECONDS, Refused

# Two at once in each web process: more only makes every one of them slower.
_SEATS = threading.BoundedSemaphore(2)
_PATIENCE = 40.0


@dataclass(frozen=True)
class Outcome:
    """What the worker says, and the files it wrote."""

    facts: dict[str, Any]
    parts: list[bytes]


def run(job: dict[str, Any], content: bytes) -> Outcome:
    """Do ``job`` with ``content``. Raises `Refused`; also when the worker dies of its limits.

    Raises `TooMany` when the places of this process are taken for too long.
    """
    if not _SEATS.acquire(timeout=_PATIENCE):
        raise TooMany(_("Many files are being checked right now. Try again in a moment."), retry_after=10, code="busy")
    try:
        answer = _ask(job, content)
    finally:
        _SEATS.release()
    return _read(answer)


def _ask(job: dict[str, Any], content: bytes) -> bytes:
    try:
        done = subprocess.run(
            [sys.executable, "-m", "kyc.files.worker"],
            input=json.dumps(job).encode() + b"\n" + content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=WALL_SECONDS,
            cwd=settings.BASE_DIR,
            # Nothing of ours is handed down: no key, no address of a database.
            env={"PATH": "", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Refused("too_complex") from error
    if done.returncode:
        # Killed by a limit, or a library that ends the process rather than run out of memory.
        raise Refused("too_complex" if done.returncode < 0 else "unreadable")
    return done.stdout


def _read(answer: bytes) -> Outcome:
    head, _newline, body = answer.partition(b"\n")
    facts = json.loads(head)
    if "refused" in facts:
        raise Refused(facts["refused"])
    parts, start = [], 0
    for length in facts.pop("parts"):
        parts.append(body[start : start + length])
        start += length
    return Outcome(facts, parts)
