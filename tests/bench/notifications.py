"""Accepted notifications over a bare view that does one insert.

Both go through a whole WSGI application in the same processes: the limit through one without any middleware, ours
through the site. Every call of ours is signed, new, and durable when it is answered.
"""

import io
import json
import multiprocessing
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

PATH = "/v1.0/transfer-va/payment"
LIMIT_PATH = "/bench/one-insert"
NUMBERS = 500
PARTNER = "37020"


class Callers:
    """``count`` processes that call one of the two applications, one request after the other."""

    def __init__(self, count: int, private_key: str) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipes: list[Connection] = []
        self.processes: list[Any] = []
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs, private_key), daemon=True)
            process.start()
            self.pipes.append(ours)
            self.processes.append(process)
        for pipe in self.pipes:
            pipe.recv()

    def rate(self, which: str, seconds: float) -> float:
        """Answers per second over all processes; any answer that is not the right one ends the run."""
        for pipe in self.pipes:
            pipe.send((which, seconds))
        answers: list[float | str] = [pipe.recv() for pipe in self.pipes]
        rates = [answer for answer in answers if isinstance(answer, float)]
        if len(rates) < len(answers):
            raise SystemExit(next(answer for answer in answers if isinstance(answer, str)))
        return sum(rates)

    def close(self) -> None:
        for pipe in self.pipes:
            pipe.send(None)
        for process in self.processes:
            process.join(10)


@contextmanager
def callers(count: int) -> Iterator[Callers]:
    """Numbers that wait to be paid, keys made for this run, and the processes."""
    from django.db import connection

    from tests.bench.limits.one_insert import TABLE
    from tests.simulators import write_key_pair

    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA IF NOT EXISTS limits")
        cursor.execute(TABLE)
    _make_numbers()
    with tempfile.TemporaryDirectory() as folder:
        private, public = write_key_pair(Path(folder) / "faspay")
        os.environ.update(FASPAY_PARTNER_ID=PARTNER, FASPAY_PUBLIC_KEY_FILES=public)
        started = Callers(count, private)
        try:
            yield started
        finally:
            started.close()


def _make_numbers() -> None:
    from datetime import timedelta

    from django.utils import timezone

    from accounts.models import Customer
    from payments.models import Deposit, PaymentAttempt

    customer, until = Customer.objects.earliest("pk"), timezone.now() + timedelta(days=1)
    deposits = Deposit.objects.bulk_create(
        Deposit(customer=customer, amount=50_000, bank="702", expires_at=until) for _ in range(NUMBERS)
    )
    PaymentAttempt.objects.bulk_create(
        PaymentAttempt(deposit=deposit, trx_id=f"BENCH{at:011}", number=number_of(at), state="open")
        for at, deposit in enumerate(deposits)
    )


def number_of(at: int) -> str:
    return f"370201{at:010}"


def _work(pipe: Connection, private_key: str) -> None:
    import django

    django.setup()
    from django.conf import settings
    from django.core.handlers.wsgi import WSGIHandler

    settings.ROOT_URLCONF, settings.ALLOWED_HOSTS = "tests.bench.urls", ["localhost"]
    site, middleware = WSGIHandler(), settings.MIDDLEWARE
    settings.MIDDLEWARE = []
    bare = WSGIHandler()
    settings.MIDDLEWARE = middleware
    letters = _letters(private_key)
    calls = {"ours": (site, PATH), "limit": (bare, LIMIT_PATH)}
    pipe.send("ready")
    while (order := pipe.recv()) is not None:
        which, seconds = order
        pipe.send(_call(*calls[which], letters, seconds))


def _letters(private_key: str) -> list[tuple[bytes, dict[str, str]]]:
    """A signed notification of every number. The signature does not cover X-EXTERNAL-ID, which is new every time."""
    from config.lib.clock import JAKARTA
    from payments.providers.faspay_snap import signing

    key = signing.load_private_key(Path(private_key).read_bytes())
    stamp = datetime.now(JAKARTA).isoformat(timespec="seconds")
    written = []
    for at in range(NUMBERS):
        body = _body(at)
        signature = signing.sign(key, signing.string_to_sign("POST", PATH, body, stamp))
        headers = {
            "HTTP_X_TIMESTAMP": stamp,
            "HTTP_X_SIGNATURE": signature,
            "HTTP_X_PARTNER_ID": PARTNER,
            "HTTP_CHANNEL_ID": "77001",
        }
        written.append((body, headers))
    return written


def _body(at: int) -> bytes:
    number = f"  {number_of(at)}"
    body = {
        "partnerServiceId": number[:8],
        "customerNo": number[8:],
        "virtualAccountNo": number,
        "paymentRequestId": number,
        "trxId": f"BENCH{at:011}",
        "paidAmount": {"value": "50000.00", "currency": "IDR"},
        "additionalInfo": {
            "paymentDate": "2026-11-21 09:00:00",
            "channelCode": "702",
            "merchantId": PARTNER,
            "latestTransactionStatus": "03",
        },
    }
    return json.dumps(body, separators=(",", ":")).encode()


def _call(
    application: Callable[..., Any], path: str, letters: list[tuple[bytes, dict[str, str]]], seconds: float
) -> float | str:
    done, started = 0, time.perf_counter()
    prefix = secrets.token_hex(8)
    while (elapsed := time.perf_counter() - started) < seconds:
        body, headers = letters[done % len(letters)]
        status, content = _answer(application, _environ(path, body, headers, f"{prefix}{done:016}"))
        if status != "200 OK" or b'"2002500"' not in content:
            return f"{path} answered {status}: {content[:300]!r}"
        done += 1
    return done / elapsed


def _answer(application: Callable[..., Any], environ: dict[str, Any]) -> tuple[str, bytes]:
    status: list[str] = []
    answer = application(environ, lambda line, *_rest: status.append(line))
    try:
        return status[0], b"".join(answer)
    finally:
        answer.close()


def _environ(path: str, body: bytes, headers: dict[str, str], external_id: str) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.url_scheme": "http",
        "HTTP_X_EXTERNAL_ID": external_id,
        **headers,
    }
