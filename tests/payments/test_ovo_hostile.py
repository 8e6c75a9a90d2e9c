"""Whatever a server answers to OVO Tokenize's client: a dataclass or a `ProviderError`, and nobody is led astray."""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from config.lib.errors import ProviderError
from payments.providers.faspay_ovo import adapter, client, schemas
from tests.examples import examples

PHONE = "081382826301"
GOOD_HOST = "webview.byte-stack.net"
ORDER = adapter.OvoOrder("123", Decimal(100), PHONE, "Ayu", "ayu@example.id", "Top up")
DAY = date(2026, 11, 21)


class Server(ThreadingHTTPServer):
    status, body = 200, b""


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        """Quiet."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.body)))
        self.end_headers()
        self.wfile.write(self.server.body)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    running = Server(("127.0.0.1", 0), _Handler)
    threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True).start()
    yield running
    running.shutdown()
    running.server_close()


@pytest.fixture
def far(server: Server, settings: Any) -> Server:
    settings.FASPAY_OVO_BASE_URL = f"http://127.0.0.1:{server.server_port}"
    settings.FASPAY_OVO_USER_ID, settings.FASPAY_OVO_PASSWORD = "bot99999", "p@ssw0rd"
    settings.FASPAY_PARTNER_ID, settings.FASPAY_OVO_FORMAT = "99999", "json"
    settings.FASPAY_OVO_REDIRECT_HOSTS = [GOOD_HOST]
    return server


_words = st.sampled_from(
    ["00", "0", "01", "02", "100", "123", "PENDING", "CASH", "POINTS", PHONE, "2021-11-11 11:26:42", "NaN", "1e9"]
) | st.text(max_size=8)
_addresses = st.sampled_from(
    [
        f"https://{GOOD_HOST}/p?a=1&ampb=2",
        f"https://{GOOD_HOST}@evil.example/",
        f"https://evil.example/{GOOD_HOST}",
        f"https://{GOOD_HOST}\\@evil.example/",
        f"javascript://{GOOD_HOST}/%0aalert(1)",
        f"https://{GOOD_HOST}:443@evil.example",
        f"//{GOOD_HOST}",
        f"https:{GOOD_HOST}",
        f"https:///{GOOD_HOST}",
        "https://[",
    ]
)
_values = st.recursive(
    _words | _addresses | st.none() | st.booleans() | st.integers() | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["transaction_1", "type", "amt", "trx_id", "cash", "balance", "url"]), inner)
    ),
    max_leaves=12,
)
_FIELDS = """redirectURL url status trx_id bill_no amount payment_day detail list_transaction list_refund
topup_instruction phone_no"""
_names = st.sampled_from(_FIELDS.split())
_answers = st.builds(
    lambda code, rest: json.dumps({"response_code": code, **rest}).encode(),
    st.sampled_from(["00", "0", "02", "01", 0]),
    st.dictionaries(_names, _values),
)
CALLS: dict[str, Callable[[], Any]] = {
    "activate": lambda: adapter.activate(phone=PHONE, name="Ayu"),
    "pay": lambda: adapter.pay(ORDER),
    "balance": lambda: adapter.balance(PHONE),
    "unlink": lambda: adapter.unlink(PHONE),
    "history": lambda: adapter.history(PHONE, start=DAY, end=DAY),
    "topup": lambda: adapter.topup_instructions(PHONE),
}


@pytest.mark.examples
@pytest.mark.parametrize("operation", CALLS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=examples(20, 500))
@given(body=_answers | st.binary(max_size=60), status=st.sampled_from([200, 200, 200, 201, 302, 400, 500]))
def test_any_answer_is_understood_or_refused(far: Server, operation: str, body: bytes, status: int) -> None:
    far.body, far.status = body, status
    try:
        answer = CALLS[operation]()
    except adapter.TokenExpired as error:
        _is_safe(error.url)
        return
    except ProviderError:
        return
    assert status == 200
    if isinstance(answer, adapter.Activation | adapter.StartedPayment):
        assert answer.redirect_url
        _is_safe(answer.redirect_url)
    for one in answer if isinstance(answer, list) else []:
        assert one.url.startswith("https://")


def _is_safe(url: str) -> None:
    assert not url or url.startswith(f"https://{GOOD_HOST}/")


@pytest.mark.parametrize("status", [201, 204, 302, 400, 401, 403, 500, 503])
def test_a_success_with_another_status_is_none(far: Server, status: int) -> None:
    far.body, far.status = b'{"response_code":"00"}' if status != 204 else b"", status
    with pytest.raises(ProviderError) as caught:
        adapter.unlink(PHONE)
    assert caught.value.outcome_unknown
    assert caught.value.status == status


@pytest.mark.parametrize(
    "body",
    [
        b"<faspay>" + b"<a>" * 60_000 + b"</faspay>",
        b'<!DOCTYPE f [<!ENTITY a "' + b"x" * 50_000 + b'">]><faspay><b>' + b"&a;" * 5_000 + b"</b></faspay>",
        b"[" * 900_000,
        b'{"response_code":"00","a":' + b"[" * 500 + b"]" * 500 + b"}" * 2,
        b'{"response_code":"00"}' + b" " * (2 * 1024 * 1024),
        b'{"response_code":' + b"0" * 900_000 + b"}",
    ],
)
def test_large_and_deep_answers_leave_doubt(far: Server, body: bytes) -> None:
    far.body, far.status = body, 200
    with pytest.raises(ProviderError) as caught:
        adapter.unlink(PHONE)
    assert caught.value.outcome_unknown


def test_nothing_that_they_answer_stands_in_the_log(far: Server, caplog: pytest.LogCaptureFixture) -> None:
    far.body, far.status = (
        b'{"response_code":"77","response_desc":"secret words","url":"https://a.example/?token=t"}',
        200,
    )
    with caplog.at_level(logging.DEBUG), pytest.raises(ProviderError) as caught:
        adapter.pay(ORDER)
    said = caplog.text + str(caught.value)
    assert "code '77'" in said
    for secret in ("secret words", "token", PHONE, "p@ssw0rd"):
        assert secret not in said


def test_requests_are_signed_and_plain(far: Server) -> None:
    fields = client._signed(client.BALANCE, PHONE, {})
    assert fields["signature"] == "1d4c5f7246a762c4ab61cd3d399efa4c28978bf3"
    assert json.loads(schemas.render("json", fields))["phone_no"] == PHONE
    assert schemas.render("xml", {"a": "é<&>"}).endswith(b"<faspay><a>&#233;&lt;&amp;&gt;</a></faspay>")
