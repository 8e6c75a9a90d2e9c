"""`python -m sandbox.stack COMMAND`: the local stack from the command line."""

import argparse
import os
import shutil
import signal
import sys
from pathlib import Path

from sandbox.stack import assets, browser, check, places, run
from sandbox.stack.folder import Folder
from sandbox.stack.places import StackError
from sandbox.stack.run import ROOT
from sandbox.stack.services import LocalServices
from sandbox.stack.temporary import run_in_front, surroundings
from sandbox.stack.terminal import Stop, complain, say

# As many processes as there are processors, within reason: Redis has sixteen databases.
_PROCESSES = str(max(1, min(os.cpu_count() or 1, 8)))
_QUICK = ["-m", "not soak", *("-n", _PROCESSES), *("--dist", "loadgroup", "--no-loadscope-reorder")]


def main() -> int:
    # Everything after the command belongs to it: pytest has options of its own.
    arguments, rest = _parser().parse_known_args()
    signal.signal(signal.SIGTERM, _interrupt)  # so that what is open is closed on the way out
    try:
        return int(arguments.action(arguments, rest))
    except StackError as error:
        complain(str(error))
        return 1
    except KeyboardInterrupt:
        return 130


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.stack", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, action: object, words: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=words)
        command.set_defaults(action=action)
        return command

    add("run", lambda *_: run.main(), "the whole portal, until Ctrl-C")
    add("test", _test, "all checks and all tests (or: test [pytest arguments] without the checks)")
    add("check", _check, "every tool that reads the code")
    add("build", _build, "style sheet, scripts, message catalogues")
    add("forget", _forget, "remove the local data, wherever it is kept")
    services = add("services", _services, "a private PostgreSQL and Redis, until told to stop")
    services.add_argument("--dir", type=Path, required=True, help="the folder that keeps their data")
    execute = add("exec", _exec, "run a command with services and settings: exec [--dir D] -- COMMAND")
    execute.add_argument("--dir", type=Path, help="keep the data here; otherwise it is thrown away")
    return parser


def _services(arguments: argparse.Namespace, rest: list[str]) -> int:
    stop = Stop().listen()
    with LocalServices(arguments.dir) as services:
        say(f"DATABASE_URL={services.database_url}")
        say(f"REDIS_URL={services.redis_url}")
        while not stop.wait(0.5):
            ended = [server.name for server in services.servers if server.ended()]
            if ended:
                complain(f"{' and '.join(ended)} ended by itself; see {arguments.dir}/log")
                return 1
    return 0


def _test(arguments: argparse.Namespace, rest: list[str]) -> int:
    assets.build(ROOT)
    chromium = browser.find_or_install()
    with surroundings(durable=False) as around:
        good = True if rest else check.run_all(ROOT, around.folder, around.env)
        env = {**around.env, "CHROMIUM_PATH": chromium}
        scratch = f"--basetemp={around.folder / 'pytest'}"
        code = run_in_front([sys.executable, "-m", "pytest", scratch, *(rest or _QUICK)], ROOT, env)
    return code or (0 if good else 1)


def _check(arguments: argparse.Namespace, rest: list[str]) -> int:
    assets.build(ROOT)
    with surroundings(durable=False) as around:
        return 0 if check.run_all(ROOT, around.folder, around.env) else 1


def _exec(arguments: argparse.Namespace, rest: list[str]) -> int:
    command = [word for number, word in enumerate(rest) if (number, word) != (0, "--")]
    if not command:
        raise StackError("Say what to run: python -m sandbox.stack exec -- COMMAND")
    assets.build(ROOT)
    with surroundings(durable=True, keep=arguments.dir) as around:
        return run_in_front(command, Path.cwd(), around.env)


def _build(arguments: argparse.Namespace, rest: list[str]) -> int:
    assets.build(ROOT)
    return 0


def _forget(arguments: argparse.Namespace, rest: list[str]) -> int:
    folder = Folder(Path(os.environ.get("VAR_DIR") or ROOT / "var"))
    if not folder.path.exists():
        return 0
    folder.lock()
    for path in [folder.path, *folder.path.glob("port-*")]:
        _remove_outside(path)
    shutil.rmtree(folder.path)
    say(f"Removed {folder.path}.")
    return 0


def _remove_outside(path: Path) -> None:
    outside = places.outside_of(path) if os.geteuid() == 0 else None
    if outside:
        shutil.rmtree(outside)


if __name__ == "__main__":
    sys.exit(main())
