"""Pages over an empty view: both go through the whole WSGI application, middleware and session included.

No socket and no client stand between, so the ratio is the work of the page alone and not of the load maker.
"""

import io
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LIVE_ORDERS = 5
Respond = Callable[[str, dict[str, str]], tuple[int, bytes]]


@contextmanager
def customer_with_orders() -> Iterator[str]:
    """The session cookie of a customer with numbers waiting, bought at a simulated OTPZap."""
    from django.conf import settings

    from tests.simulators import start_otpzap

    with tempfile.TemporaryDirectory() as folder, start_otpzap(Path(folder)) as simulator:
        settings.OTPZAP_BASE_URL = f"{simulator.url}/api/v1"
        settings.OTPZAP_API_KEY = simulator.secrets["api_key"]
        simulator.control("settings", balance=10_000_000)
        yield _cookie_of_a_buyer()


def _cookie_of_a_buyer() -> str:
    from django.conf import settings
    from django.test import Client

    from accounts.models import Customer
    from otp.models import PriceRule
    from tests.otp.helpers import buy

    PriceRule.objects.create(percent=20, step=100)
    customer = Customer.objects.select_related("user").earliest("pk")
    for number in range(LIVE_ORDERS):
        buy(customer, idempotency_key=f"bench-{number}")
    client = Client()
    client.force_login(customer.user)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def application() -> Respond:
    """The site with one more address, ``/bench/empty``: a view that does nothing."""
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application

    settings.ROOT_URLCONF = "tests.bench.urls"
    settings.ALLOWED_HOSTS = ["localhost"]
    site = get_wsgi_application()

    def respond(path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        status: list[str] = []
        body = site(_environ(path, headers), lambda line, *rest: status.append(line))
        try:
            content = b"".join(body)
        finally:
            body.close()
        return int(status[0][:3]), content

    return respond


def _environ(path: str, headers: dict[str, str]) -> dict[str, Any]:
    path, _mark, query = path.partition("?")
    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.url_scheme": "http",
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
    }


def rate(respond: Respond, path: str, headers: dict[str, str], *, status: int, seconds: float) -> float:
    """Answers per second on one thread. Raises when an answer is not what was asked for."""
    done, started = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - started) < seconds:
        found, _content = respond(path, headers)
        if found != status:
            raise SystemExit(f"{path} answered {found}, not {status}")
        done += 1
    return done / elapsed


def queries(respond: Respond, path: str, headers: dict[str, str]) -> int:
    """How many SQL statements one answer takes."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as captured:
        respond(path, headers)
    return len(captured)


def targets(respond: Respond, cookie: str) -> list[tuple[str, str, dict[str, str], int]]:
    """(what, path, headers, expected status) of everything that is measured."""
    signed_in, poll = {"Cookie": cookie}, {"Cookie": cookie, "HX-Request": "true"}
    _status, page = respond("/numbers/live/", signed_in)
    version = re.search(rb'data-version="([^"]*)"', page)
    assert version, "the live page names no version"
    return [
        ("live orders, unchanged poll", f"/numbers/live/?v={version.group(1).decode()}", poll, 204),
        ("live orders, changed poll", "/numbers/live/?v=other", poll, 200),
        ("live orders, page", "/numbers/live/", signed_in, 200),
        ("home page", "/", signed_in, 200),
        ("statement", "/wallet/", signed_in, 200),
    ]
