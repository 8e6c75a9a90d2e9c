"""Polls of orders: how many a second beside a bare loop against the same stub, and how late they leave under load.

The stub answers every look with the same order in a process of its own. The bare loop has as many threads as a sweep,
one `requests.Session` each, reads the JSON and does nothing else: no table, no limit, no lease.
"""

import asyncio
import json
import multiprocessing
import re
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any
from unittest.mock import patch

ORDERS = 400
KEY = "bench-otpzap-key"
_ORDER_ID = re.compile(rb"order_id=(\d+)")


class _Stub(asyncio.Protocol):
    """Just enough of HTTP/1.1 to answer GETs on a connection that stays open."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.pending = b""

    def data_received(self, data: bytes) -> None:
        self.pending += data
        while b"\r\n\r\n" in self.pending:
            head, self.pending = self.pending.split(b"\r\n\r\n", 1)
            self.transport.write(_answer(head))


def _answer(head: bytes) -> bytes:
    found = _ORDER_ID.search(head)
    order = {"order_id": int(found[1]) if found else 1, "server": 1, "status": "pending", "otps": [], "price": 1000}
    order |= {"phone_number": "+6281200000000", "otp_code": None, "resend_count": 0, "resend_locked_until": None}
    body = json.dumps({"success": True, "data": order}).encode()
    length = str(len(body)).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + length + b"\r\n\r\n" + body


def _serve(pipe: Connection) -> None:
    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(_Stub, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


@contextmanager
def stub() -> Iterator[str]:
    """The address of a supplier at which nothing ever happens; our settings lead to it."""
    from django.conf import settings

    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs,), daemon=True)
    process.start()
    settings.OTPZAP_BASE_URL = f"http://127.0.0.1:{ours.recv()}/api/v1"
    settings.OTPZAP_API_KEY, settings.OTPZAP_API_KEYS = KEY, []
    try:
        yield settings.OTPZAP_BASE_URL
    finally:
        process.terminate()
        process.join(10)


def make_orders(count: int) -> None:
    """Numbers that wait for their code, bought without a supplier."""
    from datetime import timedelta

    from django.utils import timezone

    from accounts.models import Customer
    from tests.otp.making import make_order

    customer = Customer.objects.earliest("pk")
    until = timezone.now() + timedelta(hours=6)
    for number in range(count):
        make_order(
            customer,
            provider_order_id=str(100_000 + number),
            phone_number="+6281200000000",
            expires_at=until,
            provider_cost=1000,
        )


def bare(url: str, seconds: float) -> float:
    """Looks a second of the bare loop."""
    import requests

    from otp.polling import AT_ONCE

    until = time.perf_counter() + seconds

    def loop(first: int) -> int:
        done = 0
        with requests.Session() as session:
            session.trust_env = False
            while time.perf_counter() < until:
                reply = session.get(f"{url}/order/check", params={"order_id": str(100_000 + first)}, timeout=(2, 4))
                if not reply.json()["success"]:
                    raise SystemExit("the stub refuses")
                done += 1
        return done

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sum(pool.map(loop, range(AT_ONCE))) / seconds


def ours(seconds: float) -> float:
    """Looks a second of `polling.sweep` with orders that are always due; leases, limit and records included."""
    from otp import polling

    until, done = time.perf_counter() + seconds, 0
    started = time.perf_counter()
    while time.perf_counter() < until:
        _all_due()
        done += polling.sweep(seconds=max(0.0, until - time.perf_counter()))
    return done / (time.perf_counter() - started)


def _all_due() -> None:
    from django.db.models.functions import Now

    from otp.models import Order

    Order.objects.live().update(next_poll_at=Now())


def prepare() -> None:
    """No limit of ours in the way of the rate itself."""
    from django.conf import settings

    settings.OTPZAP_RATE_PER_MINUTE = 10_000_000


def lateness(seconds: float, share: float = 0.8) -> list[float]:
    """Seconds between the due moment of each poll and its leaving, with as many orders as make ``share`` of what the
    key's budget has for polls, swept as often as the scheduler does."""
    from django.conf import settings
    from django.core.cache import cache
    from django.utils import timezone

    from config.schedule import SCHEDULE
    from otp import polling
    from otp.delivery import POLL_EVERY, Answer
    from otp.models import Order
    from otp.providers.otpzap import keys
    from otp.providers.otpzap.operations import CHECK

    settings.OTPZAP_RATE_PER_MINUTE = 300
    cache.clear()
    a_minute = keys.limit() - int(keys.limit() * CHECK.share)
    count = int(a_minute / 60 * POLL_EVERY.total_seconds() * share)
    _spread(count, POLL_EVERY.total_seconds())
    late: list[float] = []
    ask = polling.ask

    def watched(order: Order) -> Answer:
        if order.next_poll_at:
            late.append((timezone.now() - order.next_poll_at).total_seconds())
        return ask(order)

    with patch.object(polling, "ask", watched):
        _sweep_for(seconds, float(SCHEDULE["otp-sweep"]["schedule"]))
    return late


def _spread(count: int, seconds: float) -> None:
    """``count`` orders due one after the other, all others much later."""
    from datetime import timedelta

    from django.db.models.functions import Now

    from otp.models import Order

    rows = list(Order.objects.live().order_by("pk").values_list("pk", flat=True))
    Order.objects.filter(pk__in=rows[count:]).update(next_poll_at=Now() + timedelta(days=1))
    for place, pk in enumerate(rows[:count]):
        Order.objects.filter(pk=pk).update(next_poll_at=Now() + timedelta(seconds=seconds * place / count))


def _sweep_for(seconds: float, every: float) -> None:
    from django.db import connection

    from otp import polling

    over = threading.Event()

    def sweep() -> None:
        try:
            polling.sweep()
        finally:
            connection.close()

    until = time.monotonic() + seconds
    with ThreadPoolExecutor(2) as workers:
        while time.monotonic() < until:
            workers.submit(sweep)
            over.wait(every)


def describe(late: list[float]) -> str:
    cuts = statistics.quantiles(late, n=100)
    return f"  {len(late)} polls: median {cuts[49]:.2f} s late, p95 {cuts[94]:.2f} s, p99 {cuts[98]:.2f} s"
