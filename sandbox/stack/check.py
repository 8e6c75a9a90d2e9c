"""`make check`: every tool that reads the code, all of them even when one complains."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sandbox.stack import keys
from sandbox.stack.terminal import say

TOOLS_AT_ONCE = 2
_PYTHON = sys.executable
_BIN = Path(sys.prefix) / "bin"
_MANAGE = (_PYTHON, "manage.py")


@dataclass(frozen=True)
class _Tool:
    name: str
    argv: Sequence[str]


@dataclass(frozen=True)
class _Result:
    tool: _Tool
    code: int
    output: str
    seconds: float


def _tools(root: Path) -> list[_Tool]:
    # The slowest first, so that the quick ones run beside it.
    tools = [
        _Tool("types (mypy)", (_PYTHON, "-m", "mypy")),
        _Tool("imports (lint-imports)", (_PYTHON, str(_BIN / "lint-imports"))),
        _Tool("format (ruff)", (_PYTHON, "-m", "ruff", "format", "--check", ".")),
        _Tool("lint (ruff)", (_PYTHON, "-m", "ruff", "check", ".")),
        _Tool("migrations are complete", (*_MANAGE, "makemigrations", "--check", "--dry-run")),
        _Tool("production settings", (*_MANAGE, "check", "--deploy", "--fail-level", "WARNING")),
        _Tool("templates (djlint)", (_PYTHON, "-m", "djlint", "templates", "--lint", "--quiet")),
        _Tool("Dockerfile (hadolint)", (str(_BIN / "hadolint"), "Dockerfile")),
    ]
    return [tool for tool in tools if _has_something_to_read(root, tool)]


def _has_something_to_read(root: Path, tool: _Tool) -> bool:
    return all((root / name).exists() for name in ("templates", "Dockerfile") if name in tool.argv)


def run_all(root: Path, folder: Path, env: Mapping[str, str]) -> bool:
    """Run every tool on the project at `root`, print one line each; True when none complains."""
    settings = {**env, **production_settings(folder)}
    with ThreadPoolExecutor(TOOLS_AT_ONCE) as pool:
        results = list(pool.map(lambda tool: _run(tool, root, settings), _tools(root)))
    for result in results:
        if result.code:
            say(f"\n--- {result.tool.name}\n{result.output.rstrip()}\n")
    for result in results:
        say(f"  {'ok ' if result.code == 0 else 'BAD'} {result.tool.name:<28} {result.seconds:5.1f} s")
    return all(result.code == 0 for result in results)


def production_settings(folder: Path) -> dict[str, str]:
    """Settings as a production machine would have them, with keys made for the occasion."""
    merchant, _ = keys.key_pair(folder, keys.MERCHANT)
    _, faspay = keys.key_pair(folder, keys.FASPAY)
    return {
        "SECRET_KEY": secrets.token_urlsafe(64),
        "FILE_ENCRYPTION_KEYS": keys.file_key(folder),
        "DEBUG": "0",
        "BASE_URL": "https://gerbang.example",
        "ALLOWED_HOSTS": "gerbang.example",
        "DEFAULT_FROM_EMAIL": "Gerbang <no-reply@gerbang.test>",
        "SANDBOX_ENABLED": "0",
        "BEHIND_PROXY": "1",
        "OTPZAP_API_KEY": secrets.token_urlsafe(32),
        "FASPAY_BASE_URL": "https://faspay.example",
        "FASPAY_PARTNER_ID": "37020",
        "FASPAY_PARTNER_SERVICE_ID": "370201",
        "FASPAY_PRIVATE_KEY_FILE": str(merchant),
        "FASPAY_PUBLIC_KEY_FILES": str(faspay),
    }


def _run(tool: _Tool, root: Path, env: Mapping[str, str]) -> _Result:
    started = time.monotonic()
    try:
        done = subprocess.run(
            tool.argv,
            cwd=root,
            env={**os.environ, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    except OSError as error:
        return _Result(tool, 127, str(error), time.monotonic() - started)
    return _Result(tool, done.returncode, done.stdout, time.monotonic() - started)
