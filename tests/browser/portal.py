"""The whole portal, as ``make run`` starts it, in a folder and on ports of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import requests

from tests.simulators import ROOT, Simulator, free_port

_READY_SECONDS = 600


@dataclass
class Portal:
    base_url: str
    folder: Path

    @property
    def demo(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / "demo.json").read_text()))

    @property
    def otpzap(self) -> Simulator:
        return Simulator(self.demo["simulators"]["otpzap"])

    @property
    def faspay(self) -> Simulator:
        return Simulator(self.demo["simulators"]["faspay"])

    def pid(self, name: str) -> int:
        """The process that the stack calls ``name`` right now."""
        return int(json.loads((self.folder / "stack.json").read_text())[name]["pid"])

    def manage(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """A management command in a second terminal, which finds the running stack by its folder."""
        environment = {**_clean_environment(), "VAR_DIR": str(self.folder)}
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def _clean_environment() -> dict[str, str]:
    ours = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "READ_LOCAL_ENV", "SANDBOX_ENABLED", "MAIL_TRANSPORT")
    return {name: value for name, value in os.environ.items() if name not in (*ours, "WHITENOISE_USE_FINDERS")}


@contextmanager
def running_portal(folder: Path) -> Iterator[Portal]:
    """Start everything, wait until it is healthy, and end it with a signal as Ctrl-C would; nothing may be left."""
    port = free_port()
    # A run makes hundreds of sign-ins from one address; people do not.
    limits = {"RATE_LIMIT_LOGIN": "1000/m/ip", "RATE_LIMIT_SIGNUP": "1000/m/ip"}
    environment = {**_clean_environment(), **limits, "PORT": str(port), "VAR_DIR": str(folder)}
    with (folder.parent / "portal.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "sandbox.stack", "run"], cwd=ROOT, env=environment, stdout=log, stderr=log
        )
        try:
            _await_health(f"http://localhost:{port}", process, Path(log.name))
            yield Portal(f"http://localhost:{port}", folder)
        finally:
            _end(process)


def _await_health(base_url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()[-4000:]
        try:
            if requests.get(f"{base_url}/healthz", timeout=5).status_code == 200:
                return
        except requests.RequestException:
            pass
        time.sleep(0.3)
    raise AssertionError(f"not healthy after {_READY_SECONDS} s:\n{log.read_text()[-4000:]}")


def _end(process: "subprocess.Popen[bytes]") -> None:
    started = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.send_signal(signal.SIGINT)
    process.wait(60)
    _gone, left = psutil.wait_procs(started, timeout=10)
    assert not left, f"still running after the stop: {left}"
