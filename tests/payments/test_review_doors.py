"""The doors, attacked from outside: what is shown of messages, what is logged, who can keep whose news out."""

import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError, connection

from accounts.models import Customer
from payments.models import PaymentCase, ProviderMessage
from payments.services.incoming import legacy
from tests.payments import gate as g
from tests.payments.cases_desk import Desk, address
from tests.payments.gate import LEGACY, PAYMENT, QR, WEBHOOK, Gate, last_message, notice

pytestmark = pytest.mark.django_db
TOKEN = "a-token-that-nobody-guesses-0123456789"
BILL = "OVO0000000000001"


def post(gate: Gate, fields: dict[str, Any], at: str = LEGACY) -> Any:
    return gate.client.generic("POST", at, g.compact(fields), "application/json")


# --- what is shown ------------------------------------------------------------------------------------------


def test_the_page_of_a_case_shows_no_digest_and_no_whole_phone_number(gate: Gate, desk: Desk) -> None:
    """Whoever has the digest of a legacy notification can send it again with another amount."""
    sent = notice(BILL, phone_no="081234567890")
    assert post(gate, sent).status_code == 200
    g.work(4)
    case = PaymentCase.objects.get()
    assert case.message is not None
    page = desk.maker.get(address("case", case)).content.decode()
    assert "3702072000000001" in page, "what helps is there"
    assert sent["signature"] not in page
    assert "081234567890" not in page


def test_a_hint_shows_no_whole_phone_number(gate: Gate, desk: Desk, settings: Any) -> None:
    settings.FASPAY_OVO_CALLBACK_TOKEN = TOKEN
    gate.client.get(f"/faspay/ovo/linked/{TOKEN}?response_code=00&phone_number=081234567890")
    page = desk.maker.get(f"/staff/exchanges/in/{last_message().pk}/").content.decode()
    assert "response_code=00" in page
    assert "081234567890" not in page


# --- what is logged -----------------------------------------------------------------------------------------


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the process writes to standard error by its own settings."""
    handler = next(one for one in logging.getLogger().handlers if type(one) is logging.StreamHandler)
    text = io.StringIO()
    before = handler.setStream(text)
    yield text
    if before is not None:
        handler.setStream(before)


def broken(*_: Any) -> Any:
    raise OperationalError("the server closed the connection")


def test_no_log_line_names_a_secret_address(gate: Gate, settings: Any, written: io.StringIO) -> None:
    settings.FASPAY_OVO_CALLBACK_TOKEN = TOKEN
    with connection.execute_wrapper(broken):
        answer = gate.client.get(f"/faspay/ovo/linked/{TOKEN}?response_code=00&phone_number=081234567890")
    assert answer.status_code == 500
    assert "faspay/ovo/linked/<str:token>" in written.getvalue()
    assert TOKEN not in written.getvalue()
    assert "081234567890" not in written.getvalue()


# --- who keeps whose news out -------------------------------------------------------------------------------


def test_variations_of_one_status_keep_no_other_status_out(
    gate: Gate, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A payer sees a digest in the address they come back to; it must not hold up the word that they have paid."""
    monkeypatch.setattr(legacy, "KEPT_PER_BILL", 3)
    failed = [post(gate, notice(BILL, payment_status_code="3", payment_total=str(n))).status_code for n in range(5)]
    assert failed == [200, 200, 200, 429, 429]
    assert post(gate, notice(BILL)).status_code == 200


def test_a_repeat_is_answered_whatever_else_came(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(legacy, "KEPT_PER_BILL", 3)
    assert post(gate, notice(BILL)).status_code == 200
    for n in range(5):
        post(gate, notice(BILL, payment_total=str(n)))
    assert post(gate, notice(BILL)).status_code == 200, "else they stop sending, or send for ever"
    assert ProviderMessage.objects.count() == 3


def test_long_names_are_no_way_round_the_limit(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(legacy, "KEPT_PER_BILL", 3)
    bill = "B" * 32
    answers = [post(gate, notice(bill, trx_id=f"{n:032}")).status_code for n in range(5)]
    assert answers == [200, 200, 200, 429, 429]


def test_what_a_stranger_sends_keeps_no_id_from_anybody(gate: Gate, customer: Customer) -> None:
    """An X-EXTERNAL-ID can be guessed; only what is signed uses one up."""
    g.open_number(customer, "TRX0000000000001", "3702011111111111")
    body = g.news("3702011111111111", trxId="TRX0000000000001")
    stranger = Gate(g.new_key())
    for path in (PAYMENT, QR):
        assert g.code_of(stranger.send(path, body, **{"X-EXTERNAL-ID": "77"}))[:3] == "401"
    assert g.code_of(gate.send(PAYMENT, body, **{"X-EXTERNAL-ID": "77"})) == "2002500"
    g.work()
    assert ProviderMessage.objects.get(verified=True).decision == "credited"


# --- whatever happens, an answer in the caller's own words ----------------------------------------------------


@pytest.mark.parametrize("door", [PAYMENT, QR, LEGACY, WEBHOOK])
def test_a_name_that_is_not_ours_and_odd_methods(gate: Gate, door: str) -> None:
    for method in ("GET", "PUT", "DELETE", "OPTIONS", "HEAD", "TRACE", "BREW"):
        answer = gate.client.generic(method, door)
        assert answer.status_code == 405, method
        assert answer["Allow"] == "POST"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["X-Request-Id"]
