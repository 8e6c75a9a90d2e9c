"""Services and settings for one command: tests, checks, measures. Nothing of it remains."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.stack import environment, keys, places
from sandbox.stack.folder import Folder
from sandbox.stack.processes import MARK, end_all, marked, tie_to_parent
from sandbox.stack.services import LocalServices

_LEFT_OVER: list[tuple[int | None, float]] = [(signal.SIGTERM, 30.0), (signal.SIGKILL, 5.0)]


@dataclass(frozen=True)
class Surroundings:
    """What a command runs with."""

    folder: Path
    env: dict[str, str]


@contextmanager
def surroundings(*, durable: bool, keep: Path | None = None) -> Iterator[Surroundings]:
    """Services (the given ones, else private ones) in a folder that is thrown away unless it is `keep`."""
    path = keep or _temporary()
    folder = Folder(path)
    folder.lock()
    services = LocalServices(
        folder,
        database_url=os.environ.get("DATABASE_URL", ""),
        redis_url=os.environ.get("REDIS_URL", ""),
        durable=durable,
    )
    try:
        with services:
            try:
                yield Surroundings(folder.path, _environment(folder.path, services))
            finally:
                end_all(lambda: marked(folder.path), _LEFT_OVER)
    finally:
        folder.unlock()
        if keep is None:
            _remove(folder.path)


def _temporary() -> Path:
    path = Path(tempfile.mkdtemp(prefix="gerbang-"))
    path.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return path


def _remove(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)
    if os.geteuid() == 0:
        places.sweep()


def _environment(folder: Path, services: LocalServices) -> dict[str, str]:
    return {
        **environment.without_settings(os.environ),
        "DATABASE_URL": services.database_url,
        "REDIS_URL": services.redis_url,
        "VAR_DIR": str(folder),
        "READ_LOCAL_ENV": "0",
        "SECRET_KEY": keys.kept(folder, "secret-key"),
        "FILE_ENCRYPTION_KEYS": keys.file_key(folder),
        MARK: str(folder),
    }


def run_in_front(argv: Sequence[str], cwd: Path, env: dict[str, str]) -> int:
    """Run a program at the terminal and give back its exit code.

    Ctrl-C reaches it by the terminal, so here it only waits; SIGTERM is passed on.
    """
    program = subprocess.Popen(argv, cwd=cwd, env=env, preexec_fn=lambda: tie_to_parent(signal.SIGTERM))
    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, lambda *_: None),
        signal.SIGTERM: signal.signal(signal.SIGTERM, lambda *_: program.terminate()),
    }
    try:
        code = program.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code if code >= 0 else 128 - code
