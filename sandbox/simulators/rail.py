"""The simulated rail for banks and mobile money: `python -m sandbox.simulators.rail --port 8104 …` (see --help)."""

import argparse
import hashlib
from pathlib import Path
from typing import Any

from flask import Flask

from .rail_api import RailApi
from .rail_books import Books
from .rail_control import Pressure, RailControl
from .serving import WsgiApp, serve
from .state import RequestLog, StateFile, logged


def build(books: Books, api_key: str) -> WsgiApp:
    app = Flask("rail-simulator", static_folder=None)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    api, log, pressure = RailApi(books, api_key), RequestLog(), Pressure()
    api.register(app)
    RailControl(books, api, log, pressure).register(app)
    wrapped: WsgiApp = pressure.measured(logged(app, log, describe))
    return wrapped


def describe(environ: dict[str, Any]) -> dict[str, Any]:
    """What the request log may show of a call's headers: a key's fingerprint, never the key."""
    secret = environ.get("HTTP_AUTHORIZATION", "")
    return {"key_id": hashlib.sha256(secret.encode()).hexdigest()[:8] if secret else None}


def main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in for a rail that pays to banks and phones, on 127.0.0.1.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state-file", type=Path, help="keep everything here between starts")
    parser.add_argument("--api-key", required=True, help="the one key that is accepted")
    wanted = parser.parse_args()
    serve(build(Books(StateFile(wanted.state_file)), wanted.api_key), wanted.port, "Rail simulator")


if __name__ == "__main__":
    main()
