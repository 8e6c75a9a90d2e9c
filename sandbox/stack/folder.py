"""The folder that holds the state of one stack, and the lock that keeps it to one run."""

import fcntl
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from sandbox.stack.places import StackError


class InUse(StackError):
    """Another run, on the web port `port` if it is one of a portal, holds this folder."""

    def __init__(self, path: Path, port: int | None) -> None:
        super().__init__(f"{path} is in use by another run.")
        self.port = port


class Folder:
    """State on disk of one stack: data, logs, keys, secrets. `lock()` it before touching anything."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._held: IO[str] | None = None

    def lock(self, port: int | None = None) -> None:
        """Take the folder until `unlock` or the end of this process; raises InUse.

        `port` is noted for others to read: a web port that is free while its run still holds the
        folder means that this run is about to end (or to begin).
        """
        self._make()
        stream = (self.path / "lock").open("a+")
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.seek(0)
            held_for = stream.read().strip()
            stream.close()
            raise InUse(self.path, int(held_for) if held_for.isdecimal() else None) from None
        stream.truncate(0)
        stream.write(str(port or ""))
        stream.flush()
        self._held = stream
        self.path = self.path.resolve()

    def unlock(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None

    def _make(self) -> None:
        if not self.path.exists():
            self.path.mkdir(parents=True)
            # Root lends the server another account, which must be able to pass through but not to look.
            self.path.chmod(0o711 if os.geteuid() == 0 else 0o700)
        (self.path / "log").mkdir(mode=0o700, exist_ok=True)
        (self.path / "static").mkdir(exist_ok=True)  # empty unless collected; the site warns when it is missing

    def log(self, name: str) -> Path:
        return self.path / "log" / f"{name}.log"


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)
    fresh.replace(path)


def write_environment(path: Path, values: Mapping[str, str]) -> None:
    """A private KEY=value file, as `manage.py` in a second terminal reads it."""
    write_private(path, "".join(f"{name}={value}\n" for name, value in values.items()))


def write_json(path: Path, value: object) -> None:
    write_private(path, json.dumps(value, indent=2) + "\n")
