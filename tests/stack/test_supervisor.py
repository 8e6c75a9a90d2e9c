"""Programs that are kept running, with small real programs."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sandbox.stack import places
from sandbox.stack.folder import Folder
from sandbox.stack.processes import MARK, Account, Child, Spec, marked
from sandbox.stack.supervisor import Supervisor
from sandbox.stack.terminal import Stop

ROOT = Path(__file__).resolve().parent.parent.parent
WITH_A_CHILD = "import subprocess, time; subprocess.Popen(['sleep', '600']); time.sleep(600)"


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Folder]:
    folder = Folder(tmp_path / "a stack")
    folder.lock()
    yield folder
    folder.unlock()


def a_program(folder: Folder, code: str = WITH_A_CHILD) -> Child:
    env = {**os.environ, MARK: str(folder.path)}
    return Child(Spec("clock", [sys.executable, "-c", code], folder.log("clock"), folder.path, env))


def soon() -> float:
    return time.monotonic() + 30


def running(folder: Folder) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = json.loads((folder.path / "stack.json").read_text())
    return found


def test_a_program_that_dies_is_started_again_and_its_children_are_not_left(held: Folder) -> None:
    supervisor = Supervisor(held, Stop())
    supervisor.start(a_program(held))
    first = psutil.Process(running(held)["clock"]["pid"])
    assert supervisor.tend_until(lambda: bool(first.children()), soon())
    grandchild = first.children()[0]
    first.kill()

    def is_back() -> bool:
        return running(held).get("clock", {}).get("pid", first.pid) != first.pid

    assert supervisor.tend_until(is_back, soon())
    assert psutil.wait_procs([grandchild], timeout=30)[1] == []
    supervisor.stop_all({})
    assert marked(held.path) == []
    assert not (held.path / "stack.json").exists()


def test_a_program_that_keeps_dying_is_named(held: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    supervisor = Supervisor(held, Stop())
    supervisor.start(a_program(held, "print('no such thing'); raise SystemExit(3)"))
    assert supervisor.tend_until(lambda: "clock" in capsys.readouterr().out, soon())
    supervisor.stop_all({})


def test_a_program_that_will_not_end_is_killed(held: Folder) -> None:
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    child = a_program(held, deaf)
    child.start()
    while "deaf" not in child.log.read_text():
        time.sleep(0.02)
    child.stop(hurry=lambda: True)
    assert child.exit_code == -signal.SIGKILL


def test_an_account_can_only_enter_folders_that_let_it_pass(tmp_path: Path) -> None:
    stranger = Account("stranger", 54321, 54321)
    inner = tmp_path / "inner"
    inner.mkdir()
    inner.chmod(0o700)
    assert not places.may(inner, stranger, os.X_OK)
    inner.chmod(0o711)
    assert places.may(inner, stranger, os.X_OK)
    assert not places.may(inner, stranger, os.R_OK | os.X_OK)
    assert places.can_enter(Path("/usr"), stranger)


def test_a_taken_port_is_named_and_another_one_offered(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        env = {**os.environ, "PORT": str(port), "VAR_DIR": str(tmp_path / "var")}
        command = [sys.executable, "-m", "sandbox.stack", "run"]
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"Port {port}" in done.stderr
    assert "PORT=" in done.stderr
    assert not (tmp_path / "var").exists()
