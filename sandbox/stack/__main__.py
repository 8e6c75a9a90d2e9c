"""`python -m sandbox.stack COMMAND`: the local stack from the command line."""

import argparse
import signal
import sys
import threading
from pathlib import Path

from sandbox.stack.places import StackError
from sandbox.stack.services import LocalServices


def main() -> int:
    arguments = _parser().parse_args()
    try:
        return int(arguments.action(arguments))
    except StackError as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox.stack", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    services = commands.add_parser("services", help="a private PostgreSQL and Redis until told to stop")
    services.add_argument("--dir", type=Path, required=True, help="the folder that keeps their data")
    services.set_defaults(action=_services)
    return parser


def _services(arguments: argparse.Namespace) -> int:
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stopped.set())
    with LocalServices(arguments.dir) as services:
        print(f"DATABASE_URL={services.database_url}", flush=True)
        print(f"REDIS_URL={services.redis_url}", flush=True)
        while not stopped.wait(0.5):
            ended = [server.name for server in services.servers if server.ended()]
            if ended:
                print(f"{' and '.join(ended)} ended by itself; see {arguments.dir}/log", file=sys.stderr)
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
