"""The legacy notification: JSON and XML, at its own address and at SNAP's (Faspay contract 4.1, 4.2)."""

import json
from typing import Any

import pytest
from defusedxml import ElementTree

from accounts.models import Customer
from payments.models import ProviderMessage
from payments.services.incoming import legacy
from tests.payments import gate as g
from tests.payments.gate import LEGACY, PAYMENT, Gate, last_message, notice, xml_of

pytestmark = pytest.mark.django_db
BILL = "OVO0000000000001"
FORMS = ["json", "xml"]


def write(fields: dict[str, Any], form: str) -> bytes:
    return json.dumps(fields).encode() if form == "json" else xml_of(fields)


def post(gate: Gate, body: bytes, at: str = LEGACY) -> Any:
    return gate.client.generic("POST", at, body, "text/plain")


def read(answer: Any) -> dict[str, str]:
    """An answer in either form, as its fields."""
    if answer["Content-Type"].startswith("application/json"):
        found: dict[str, str] = json.loads(answer.content)
        return found
    root = ElementTree.fromstring(answer.content)
    assert root.tag == "faspay"
    return {child.tag: child.text or "" for child in root}


@pytest.mark.parametrize("at", [LEGACY, PAYMENT])
@pytest.mark.parametrize("form", FORMS)
def test_a_notice_is_kept_and_answered_in_its_own_format(gate: Gate, form: str, at: str) -> None:
    answer = post(gate, write(notice(BILL), form), at)
    assert answer.status_code == 200
    assert form in answer["Content-Type"]
    said = read(answer)
    assert (said["response"], said["response_code"]) == ("Payment Notification", "00")
    assert (said["bill_no"], said["trx_id"], said["merchant_id"]) == (BILL, "3702072000000001", "37020")
    assert len(said["response_date"]) == 19
    message = last_message()
    assert (message.kind, message.reference, message.decision, message.verified) == ("legacy", BILL, "waiting", True)
    assert (message.provider, message.path, message.answer_code) == ("faspay_ovo", LEGACY, "00")


def test_a_repeat_is_answered_00_in_whatever_form_it_comes(gate: Gate) -> None:
    bodies = [write(notice(BILL), form) for form in (*FORMS, *FORMS)]
    bodies.append(write(notice(BILL, payment_date="2026-11-21 09:00:07"), "xml"))
    answers = [post(gate, body, at) for body in bodies for at in (LEGACY, PAYMENT)]
    assert {read(answer)["response_code"] for answer in answers} == {"00"}
    assert list(ProviderMessage.objects.values_list("times_received", flat=True)) == [10]


def test_other_news_of_the_same_bill_are_another_event(gate: Gate) -> None:
    for changes in ({}, {"payment_status_code": "4"}, {"payment_total": "49000"}, {"trx_id": "3702072000000002"}):
        assert read(post(gate, write(notice(BILL, **changes), "json")))["response_code"] == "00"
    assert ProviderMessage.objects.count() == 4


def test_no_bill_fills_the_disk(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(legacy, "KEPT_PER_BILL", 3)
    answers = [post(gate, write(notice(BILL, trx_id=str(at)), "json")) for at in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert ProviderMessage.objects.count() == 3


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("digest", ["0" * 40, "", "é", "A" * 400])
def test_a_wrong_digest_is_refused(gate: Gate, form: str, digest: str) -> None:
    answer = post(gate, write(notice(BILL) | {"signature": digest}, form))
    assert answer.status_code in {400, 401}
    assert read(answer)["response_code"] == "01"
    message = last_message()
    assert (message.verified, message.decision, message.next_try_at) == (False, "refused", None)


def test_a_digest_in_capitals_fits(gate: Gate) -> None:
    fields = notice(BILL)
    assert read(post(gate, write(fields | {"signature": fields["signature"].upper()}, "json")))["response_code"] == "00"


def test_without_a_password_nothing_fits(gate: Gate, settings: Any) -> None:
    settings.FASPAY_OVO_USER_ID = settings.FASPAY_OVO_PASSWORD = ""
    assert post(gate, write(notice(BILL), "json")).status_code == 401


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"<faspay>", b"<faspay/>", b'{"bill_no": "1", "bill_no": "2"}', b"\x00\xff", b"x" * 70_000],
)
def test_what_cannot_be_read(gate: Gate, body: bytes) -> None:
    answer = post(gate, body)
    assert answer.status_code in {400, 413}
    assert read(answer)["response_code"] == "01"
    assert not ProviderMessage.objects.filter(verified=True).exists()


def test_other_methods(gate: Gate) -> None:
    for method in ("get", "put", "delete"):
        assert getattr(gate.client, method)(LEGACY).status_code == 405
    assert not ProviderMessage.objects.exists()


def test_a_legacy_notice_signed_for_snap_is_still_judged_by_its_digest(gate: Gate, customer: Customer) -> None:
    g.open_number(customer, BILL, "3702011111111111")
    assert read(gate.send(PAYMENT, notice(BILL)))["response_code"] == "00"
    forged = gate.send(PAYMENT, notice(BILL) | {"signature": "0" * 40})
    assert (forged.status_code, read(forged)["response_code"]) == (401, "01")
