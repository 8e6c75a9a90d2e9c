"""What a receiver of errors gets to see: enough to find the mistake, nothing of anybody."""

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import brotli
import pytest

from config.lib.error_reports import clean

Received = list[bytes]
_PLAIN: dict[str, Any] = {"br": brotli.decompress, "gzip": gzip.decompress, "": bytes}


@pytest.fixture
def receiver() -> Iterator[tuple[str, Received]]:
    """A server on this machine that takes what is reported; its address as a DSN."""
    received: Received = []

    class Taker(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append(_PLAIN[self.headers.get("Content-Encoding", "")](body))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            """Quietly."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://akey@127.0.0.1:{server.server_port}/1", received
    server.shutdown()
    server.server_close()


def events_of(received: Received) -> list[dict[str, Any]]:
    """Envelopes hold lines of JSON: a head, then for each item its head and itself."""
    lines = [json.loads(line) for body in received for line in body.splitlines() if line]
    return [line for line in lines if "level" in line and "platform" in line]


_PROGRAM = "import django; django.setup(); from tests.config.breaking import main; print(main())"


def test_an_error_is_reported_without_anything_of_anybody(receiver: tuple[str, Received]) -> None:
    dsn, received = receiver
    run = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        env={**os.environ, "SENTRY_DSN": dsn, "SENTRY_ENVIRONMENT": "a-test"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.stdout.strip() == "500", run.stderr[-2000:]
    broken, logged = events_of(received)
    (error,) = broken["exception"]["values"]
    assert (error["type"], error["value"]) == ("ValueError", "card [number] of [mail] with [secret] at [number]: 7True")
    assert error["stacktrace"]["frames"][-1]["function"] == "breaks"
    assert broken["tags"] == {"request_id": "an-id-to-find-it-by"}
    assert (broken["request"], broken["environment"]) == ({"method": "POST"}, "a-test")
    assert broken["transaction"].startswith("/verify/{token}")
    assert logged["logentry"] == {"formatted": "no answer for [mail]"}
    everything = b"".join(received).decode()
    for canary in ("4000 0000", "40000000", "ayu@", '737"', "k7m2p9", "tp_live", "of-ayu", "203.0.113", "812555"):
        assert canary not in everything


def test_words_stay_and_what_may_be_somebodys_goes() -> None:
    text = "Order of Ayu <ayu@example.id> for 50000 at 08125 550-1234, key tp_live_k7m2p9qxabcd_9f2c, 12 tries"
    assert clean(text) == "Order of Ayu <[mail]> for [number] at [number], key [secret], 12 tries"


def test_rows_that_a_database_quotes_stay_here() -> None:
    refused = (
        'null value in column "name" of relation "accounts_customer" violates not-null constraint\n'
        "DETAIL:  Failing row contains (7, Aminata Sesay,\nJalan Melati, null).\nCONTEXT:  COPY accounts_customer"
    )
    assert clean(refused) == (
        'null value in column "name" of relation "accounts_customer" violates not-null constraint\nDETAIL: [rows]'
    )
