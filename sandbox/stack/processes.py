"""Child processes that never outlive the one that started them."""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import psutil

MARK = "GERBANG_STACK"  # set in the environment of every child: proves whose it is
LOG_LIMIT = 5 * 1024 * 1024
LOGS_KEPT = 3

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None

StopSteps = Sequence[tuple[int, float]]


class Account(NamedTuple):
    """A system user that a child runs as."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class Spec:
    """What to start and how to end it: each stop step is a signal and the seconds it is given."""

    name: str
    argv: Sequence[str]
    log: Path
    cwd: Path
    env: Mapping[str, str]
    stop_steps: StopSteps = ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0))
    death_signal: int = signal.SIGTERM
    account: Account | None = None
    port: int | None = None


@dataclass
class Child:
    """One running program: its own session, its own log, and it dies when we die."""

    spec: Spec
    _process: "subprocess.Popen[bytes] | None" = field(default=None, repr=False)

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def port(self) -> int | None:
        return self.spec.port

    @property
    def log(self) -> Path:
        return self.spec.log

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def exit_code(self) -> int | None:
        return self._process.returncode if self._process else None

    def start(self) -> None:
        self.spec.log.parent.mkdir(parents=True, exist_ok=True)
        with self.spec.log.open("ab") as log:
            self._process = launch(self.spec, log.fileno())

    def ended(self) -> bool:
        """True once the program is gone; whatever it left in its process group is ended with it."""
        process = self._process
        if process is None or process.returncode is not None:
            return True
        # WNOWAIT keeps the pid taken until the group is dealt with, so it cannot belong to a stranger.
        if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return False
        _signal_group(process.pid, signal.SIGKILL)
        process.wait()
        return True

    def stop(self, hurry: Callable[[], bool] = lambda: False) -> None:
        """End it step by step; once `hurry()` is true the waits shrink to half a second."""
        for number, patience in self.spec.stop_steps:
            if self.ended() or self._process is None:
                return
            self._process.send_signal(number)
            self._await_end(patience, hurry)

    def _await_end(self, patience: float, hurry: Callable[[], bool]) -> None:
        started = time.monotonic()
        while not self.ended():
            waited = time.monotonic() - started
            if waited > (min(patience, 0.5) if hurry() else patience):
                return
            time.sleep(0.02)


def launch(spec: Spec, output: int) -> "subprocess.Popen[bytes]":
    """Start the program of `spec`; call it from the main thread, whose end is what the kernel watches."""
    account = spec.account
    return subprocess.Popen(
        list(spec.argv),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=spec.cwd,
        env=dict(spec.env),
        start_new_session=True,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        preexec_fn=tied_to_us(spec.death_signal),  # one system call: takes no lock of Python
    )


def tied_to_us(death_signal: int) -> Callable[[], None]:
    """What a child runs before its program: ask the kernel for a signal when its parent dies."""
    parent = os.getpid()

    def tie() -> None:
        tie_to_parent(death_signal)
        if os.getppid() != parent:
            os._exit(1)

    return tie


def tie_to_parent(death_signal: int) -> None:
    """Ask the kernel to send this process `death_signal` when its parent dies (Linux; elsewhere nothing)."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)


def _signal_group(pid: int, number: int) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def marked(folder: Path) -> list[psutil.Process]:
    """Live processes that an earlier stack of `folder` started (never this one or its parents)."""
    mine = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found = []
    for process in _others(mine):
        try:
            if process.environ().get(MARK) == str(folder):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def working_in(folder: Path, program: str) -> list[psutil.Process]:
    """Live processes called `program` whose working folder is `folder`: the servers of that data."""
    found = []
    for process in _others({os.getpid()}):
        try:
            if process.name() == program and Path(process.cwd()) == folder:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def _others(mine: set[int]) -> Iterator[psutil.Process]:
    return (process for process in psutil.process_iter() if process.pid not in mine)


def end_all(find: Callable[[], list[psutil.Process]], steps: Sequence[tuple[int | None, float]]) -> None:
    """Wait, then signal whatever `find` still finds, step by step; `None` only waits."""
    for number, patience in steps:
        found = find()
        if number is not None:
            for process in found:
                _signal(process, number)
        if not psutil.wait_procs(found, timeout=patience)[1] and not find():
            return


def _signal(process: psutil.Process, number: int) -> None:
    try:
        process.send_signal(number)
    except psutil.Error:
        return


def rotate(log: Path) -> None:
    """Before a start: move a log that has grown large aside, keeping the last few."""
    if not log.exists() or log.stat().st_size < LOG_LIMIT:
        return
    for number in range(LOGS_KEPT - 1, 0, -1):
        older = log.with_name(f"{log.name}.{number}")
        if older.exists():
            shutil.move(older, log.with_name(f"{log.name}.{number + 1}"))
    shutil.move(log, log.with_name(f"{log.name}.1"))


def tail(log: Path, lines: int = 1) -> str:
    """The last lines of a log that say something."""
    if not log.exists():
        return ""
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - 16 * 1024))
        text = stream.read().decode(errors="replace")
    return "\n".join([line for line in text.splitlines() if line.strip()][-lines:])
