"""The simulated SMS gateway as a process: `python -m sandbox.simulators.sms --port 8105 …` (see --help)."""

import argparse
import hashlib
import json
import threading
import time
import urllib.request
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from flask import Flask

from .serving import WsgiApp, serve
from .sms_api import SmsApi
from .sms_books import Books, Message, shown
from .sms_control import SmsControl
from .state import RequestLog, StateFile, logged

CLOCK_SECONDS = 0.5


def build(books: Books, api_key: str) -> WsgiApp:
    app = Flask("sms-simulator", static_folder=None)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    api, log = SmsApi(books, api_key), RequestLog()
    api.register(app)
    SmsControl(books, api, log).register(app)
    wrapped: WsgiApp = logged(app, log, describe)
    return wrapped


def describe(environ: dict[str, Any]) -> dict[str, Any]:
    """What the request log may show of a call's headers: a key's fingerprint, never the key."""
    secret = environ.get("HTTP_AUTHORIZATION", "")
    return {"key_id": hashlib.sha256(secret.encode()).hexdigest()[:8] if secret else None}


def report_ends(books: Books) -> None:
    """Tell the address of the settings what became of messages, one after the other."""
    ended: SimpleQueue[Message] = SimpleQueue()
    books.tell = ended.put

    def report() -> None:
        while True:
            message, url = ended.get(), books.delays.report_url
            if url:
                body = json.dumps(shown(message)).encode()
                asked = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310
                try:
                    urllib.request.urlopen(asked, timeout=5).close()  # noqa: S310 - where we were told to report
                except OSError:
                    continue  # whoever does not hear may ask

    def watch() -> None:
        while True:
            time.sleep(CLOCK_SECONDS)
            books.age()

    for work in (report, watch):
        threading.Thread(target=work, daemon=True).start()


def main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in for an SMS gateway and all phones, on 127.0.0.1.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state-file", type=Path, help="keep everything here between starts")
    parser.add_argument("--api-key", required=True, help="the one key that is accepted")
    parser.add_argument("--report-url", default="", help="where ends of messages are told")
    wanted = parser.parse_args()
    books = Books(StateFile(wanted.state_file))
    books.delays.report_url = wanted.report_url
    report_ends(books)
    serve(build(books, wanted.api_key), wanted.port, "SMS simulator")


if __name__ == "__main__":
    main()
