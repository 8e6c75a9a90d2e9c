"""Webhooks out: deliveries a second beside a bare loop of `requests.Session` with as many threads, body and receiver
the same. The receiver answers 200 at once, in a process of its own.

The bare loop only posts. Ours claims the row, looks the receiver up, signs twice, sends, and writes down the attempt
and what became of the event, on a database that syncs.
"""

import asyncio
import json
import multiprocessing
import statistics
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

import requests

ENDPOINTS = 16
DATA = {"order_id": 65, "server": 1, "status": "otp_received", "phone_number": "+6281234567890", "otp_code": "123456"}
DATA |= {"service_name": "WhatsApp", "country_name": "Indonesia", "price": 1500, "otps": [{"otp": "123456"}]}
_OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class _Receiver(asyncio.Protocol):
    """Just enough of HTTP/1.1 to take a POST with a length."""

    def connection_made(self, transport: Any) -> None:
        self.transport, self.pending = transport, b""

    def data_received(self, data: bytes) -> None:
        self.pending += data
        while (end := self.pending.find(b"\r\n\r\n")) >= 0:
            head = self.pending[:end].lower()
            length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
            if len(self.pending) < end + 4 + length:
                return
            self.pending = self.pending[end + 4 + length :]
            self.transport.write(_OK)


def _serve(pipe: Connection) -> None:
    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(_Receiver, "127.0.0.1", 0, backlog=256)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


@contextmanager
def receiver() -> Iterator[str]:
    """The address of a program that takes everything; the settings allow it."""
    from django.conf import settings

    ours_end, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    place = f"127.0.0.1:{ours_end.recv()}"
    settings.SANDBOX_ENABLED, settings.WEBHOOK_LOCAL_RECEIVERS = True, [place]
    settings.FILE_ENCRYPTION_KEYS = settings.FILE_ENCRYPTION_KEYS or ["b25seS1mb3ItdGVzdHMtb25seS1mb3ItdGVzdHMtMTI="]
    try:
        yield f"http://{place}/hook"
    finally:
        process.terminate()


def make_endpoints(url: str) -> None:
    """Customers whose programs all listen there."""
    from accounts.access.actors import command
    from accounts.services.people import register_customer
    from notifications.models import Owner
    from notifications.services import webhooks

    for number in range(ENDPOINTS):
        customer = register_customer(email=f"hook-{number}@example.id", password="x", display_name="Hook")
        webhooks.change(actor=command("bench"), owner=Owner(customer), url=url)


def bare(url: str, count: int, seconds: float) -> float:
    """Posts a second of ``count`` threads with a session each."""
    body = json.dumps({"id": "evt_" + "0" * 32, "event": "order.otp_received", "data": DATA}).encode()
    until, done = time.monotonic() + seconds, [0] * count

    def work(number: int) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while time.monotonic() < until:
                with session.post(url, data=body, headers={"Content-Type": "application/json"}, timeout=10) as answer:
                    assert answer.status_code == 200
                done[number] += 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / (time.monotonic() - started)


def ours(count: int, events: int) -> float:
    """Deliveries a second of one round with ``count`` hands; the events were written before."""
    from notifications import delivery
    from notifications.models import WebhookDelivery

    _write(events)
    started = time.monotonic()
    made = delivery.deliver_due(seconds=120, hands=count)
    rate = made / (time.monotonic() - started)
    assert made == events
    assert not WebhookDelivery.objects.exclude(state="delivered").exists()
    return rate


def describe_wait(count: int, events: int = 300) -> str:
    """From an event's commit to its attempt, at half of what one round can do."""
    from notifications import delivery
    from notifications.models import WebhookAttempt

    _write(200)
    started = time.monotonic()
    pace = 0.5 * delivery.deliver_due(seconds=60, hands=count) / (time.monotonic() - started)
    WebhookAttempt.objects.all().delete()
    worker = threading.Thread(target=_round_in_thread, args=(count, events / pace + 1))
    worker.start()
    began = time.monotonic()
    for number in range(events):
        time.sleep(max(0.0, began + number / pace - time.monotonic()))
        _write(1)
    worker.join()
    rows = WebhookAttempt.objects.values_list("at", "delivery__created_at")
    waits = sorted((at - written).total_seconds() * 1000 for at, written in rows)
    cuts = statistics.quantiles(waits, n=100)
    return f"  written to sent at {pace:,.0f}/s: median {cuts[49]:.0f} ms, p99 {cuts[98]:.0f} ms, n {len(waits)}"


def _round_in_thread(count: int, seconds: float) -> None:
    from django.db import connection

    from notifications import delivery

    until = time.monotonic() + seconds
    while time.monotonic() < until:
        delivery.deliver_due(seconds=max(0.1, until - time.monotonic()), hands=count)
    connection.close()


def _write(events: int) -> None:
    """Rows as `emit` writes them, in turn for each endpoint."""
    from notifications.models import WebhookDelivery, WebhookEndpoint
    from notifications.services import webhooks

    endpoints = list(WebhookEndpoint.objects.all())
    WebhookDelivery.objects.bulk_create(
        webhooks.written(endpoints[number % len(endpoints)], "order.otp_received", "65", _key(), DATA)
        for number in range(events)
    )


def _key() -> str:
    return uuid.uuid4().hex
