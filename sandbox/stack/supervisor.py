"""Keeps a list of programs running: starts them in order, again when they die, ends them in reverse."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sandbox.stack.folder import Folder, write_json
from sandbox.stack.places import StackError
from sandbox.stack.processes import tail
from sandbox.stack.terminal import Stop, say

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
STEADY_AFTER = 60.0  # a program that ran this long has earned a fresh start of the back-off
HOPELESS_AFTER = 4
TICK = 0.2


class Program(Protocol):
    """A Child, a Postgres or a Redis."""

    @property
    def name(self) -> str: ...
    @property
    def port(self) -> int | None: ...
    @property
    def pid(self) -> int | None: ...
    @property
    def exit_code(self) -> int | None: ...
    @property
    def log(self) -> Path: ...
    def start(self) -> None: ...
    def ended(self) -> bool: ...
    def stop(self, hurry: Callable[[], bool]) -> None: ...


@dataclass
class _Watched:
    program: Program
    started: float
    pause: float = FIRST_PAUSE
    again_at: float | None = None
    falls: int = 0


class Supervisor:
    """Starts programs one by one and tends them until told to stop; `stack.json` says what runs."""

    def __init__(self, folder: Folder, stop: Stop) -> None:
        self._folder = folder
        self._stop = stop
        self._watched: list[_Watched] = []

    def start(self, program: Program) -> None:
        program.start()
        self.watch(program)

    def watch(self, program: Program) -> None:
        """Tend a program that runs already."""
        self._watched.append(_Watched(program, time.monotonic()))
        self._write()

    def tend_until(self, done: Callable[[], bool], deadline: float | None = None) -> bool:
        """Tend until `done()`; False when told to stop, or at the deadline (monotonic), before that."""
        while not self._stop.wait(TICK):
            self._tend()
            if done():
                return True
            if deadline is not None and time.monotonic() > deadline:
                return False
        return False

    def hopeless(self) -> str:
        """The name of a program that died again and again; empty when there is none."""
        return next((item.program.name for item in self._watched if item.falls >= HOPELESS_AFTER), "")

    def stop_all(self, order: Mapping[str, int]) -> None:
        """End every program: lowest in `order` first, those that are not in it last."""
        last = len(order)
        for watched in sorted(self._watched, key=lambda item: order.get(item.program.name, last)):
            watched.program.stop(self._stop.hurry)
        self._watched.clear()
        self._path.unlink(missing_ok=True)

    def _tend(self) -> None:
        for watched in self._watched:
            if watched.again_at is not None:
                if time.monotonic() >= watched.again_at:
                    self._start_again(watched)
            elif watched.program.ended():
                self._fell(watched, _how(watched.program))

    def _fell(self, watched: _Watched, how: str) -> None:
        now = time.monotonic()
        if now - watched.started > STEADY_AFTER:
            watched.pause, watched.falls = FIRST_PAUSE, 0
        program = watched.program
        say(f"[{program.name}] {how}; starting it again in {watched.pause:.0f} s (log: {program.log})")
        watched.falls += 1
        watched.again_at = now + watched.pause
        watched.pause = min(watched.pause * 2, LONGEST_PAUSE)
        self._write()

    def _start_again(self, watched: _Watched) -> None:
        watched.again_at, watched.started = None, time.monotonic()
        try:
            watched.program.start()
        except StackError as error:
            self._fell(watched, str(error).splitlines()[-1])
        self._write()

    @property
    def _path(self) -> Path:
        return self._folder.path / "stack.json"

    def _write(self) -> None:
        running = {
            item.program.name: {"pid": item.program.pid, "port": item.program.port}
            for item in self._watched
            if item.again_at is None
        }
        write_json(self._path, {"supervisor": {"pid": os.getpid(), "port": None}, **running})


def _how(program: Program) -> str:
    code = program.exit_code or 0
    ended = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
    words = tail(program.log).strip()[:160]
    return f"{ended} ({words})" if words and code > 0 else ended
