"""The simulated processor of cards: `python -m sandbox.simulators.cards --port 8106 …` (see --help)."""

import argparse
import hashlib
from pathlib import Path
from typing import Any

from flask import Flask

from .cards_api import CardsApi
from .cards_books import Books
from .cards_control import CardsControl
from .cards_pages import CardsPages
from .serving import WsgiApp, serve
from .state import RequestLog, StateFile, logged


def build(books: Books, api_key: str) -> WsgiApp:
    app = Flask("cards-simulator", static_folder=None)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    api, log = CardsApi(books, api_key), RequestLog()
    api.register(app)
    CardsPages(books).register(app)
    CardsControl(books, api, log).register(app)
    wrapped: WsgiApp = logged(app, log, describe)
    return wrapped


def describe(environ: dict[str, Any]) -> dict[str, Any]:
    """What the request log may show of a call's headers: a key's fingerprint, never the key."""
    secret = environ.get("HTTP_AUTHORIZATION", "")
    return {"key_id": hashlib.sha256(secret.encode()).hexdigest()[:8] if secret else None}


def main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in for a processor of cards, on 127.0.0.1.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state-file", type=Path, help="keep everything here between starts")
    parser.add_argument("--api-key", required=True, help="the one key that is accepted")
    parser.add_argument("--challenge-key", required=True, help="signs answers to challenges")
    wanted = parser.parse_args()
    books = Books(StateFile(wanted.state_file), wanted.challenge_key)
    serve(build(books, wanted.api_key), wanted.port, "Cards simulator")


if __name__ == "__main__":
    main()
