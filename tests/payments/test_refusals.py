"""Letters that our callback refuses: forged, broken, malformed. None of them moves anything, none is a 500."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from payments import settlement
from payments.models import ProviderMessage
from payments.services.incoming import keeping
from tests.payments.conftest import (
    CALLBACK,
    House,
    Letter,
    body_of,
    code_of,
    last_message,
    news_of,
    rewritten_history,
    work_off,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("bad_signature", "4012500"),
        ("foreign_key", "4012500"),
        ("tampered", "4012500"),
        ("wrong_path", "4012500"),
        ("padding_lost", "4012500"),
        ("old_timestamp", "4012500"),
        ("no_signature", "4002502"),
        ("malformed", "4002500"),
    ],
)
def test_forged_and_broken_letters_move_nothing(house: House, mode: str, expected: str) -> None:
    deposit = house.ask_for()
    house.sim.control("misbehave", operation="notification", mode=mode)
    (letter,) = house.pay(deposit)
    answer = house.deliver(letter)
    assert (code_of(answer), answer.status_code) == (expected, int(expected[:3]))
    house.work()
    work_off()
    deposit.refresh_from_db()
    message = last_message()
    assert (deposit.state, house.credits) == ("pending", 0)
    assert (message.decision, message.answer_code) == ("refused", expected)
    assert message.verified is (mode == "malformed")
    assert message.next_try_at is None


@pytest.mark.parametrize("name", ["X-TIMESTAMP", "X-SIGNATURE", "X-PARTNER-ID", "X-EXTERNAL-ID"])
def test_every_mandatory_header_is_named_when_missing(house: House, name: str) -> None:
    letter = house.sign(body_of())
    del letter.headers[name]
    answer = house.deliver(letter)
    assert code_of(answer) == "4002502"
    assert name in json.loads(answer.content)["responseMessage"]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"X-PARTNER-ID": "99999"}, "4012500"),
        ({"X-EXTERNAL-ID": "1" * 37}, "4002501"),
        ({"X-EXTERNAL-ID": "1\x002"}, "4002501"),
        ({"timestamp": "2026-11-21 09:00:00"}, "4002501"),
        ({"timestamp": "2026-11-21T09:00:00"}, "4002501"),
        ({"timestamp": "2026-13-45T09:00:00+07:00"}, "4002501"),
        ({"timestamp": "0001-01-01T00:00:00+07:00"}, "4002501"),
        ({"timestamp": "2020-11-21T09:00:00+07:00"}, "4012500"),
        ({"timestamp": "2099-11-21T09:00:00+07:00"}, "4012500"),
        ({"CHANNEL-ID": "702 or whatever they like"}, "4042512"),
        ({"X-EXTERNAL-ID": "not only digits"}, "4042512"),
    ],
)
def test_headers_are_judged_by_their_form(house: House, headers: dict[str, str], expected: str) -> None:
    assert code_of(house.deliver(house.sign(body_of(), **headers))) == expected


def test_milliseconds_and_z_are_tolerated(house: House) -> None:
    stamp = timezone.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert code_of(house.deliver(house.sign(body_of(), timestamp=stamp))) == "4042512"


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "head", "options"])
def test_other_methods_are_answered_in_snap(house: House, method: str) -> None:
    answer = getattr(house.client, method)(CALLBACK)
    assert answer.status_code == 405
    if method != "head":
        assert code_of(answer) == "4052500"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"12",
        b"{",
        b'{"a":1,}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":1,"a":2}',
        b'{"virtualAccountNo":"1","additionalInfo":{"latestTransactionStatus":"00","latestTransactionStatus":"03"}}',
        b"\xff\xfe{}",
        b'{"a":"\xc3\x28"}',
        b"[" * 30_000,
        b'{"a":' + b"9" * 5_000 + b"}",
        b'{"a":"' + b"x" * 70_000 + b'"}',
    ],
    ids=lambda raw: repr(raw[:12]),
)
def test_signed_nonsense_is_a_bad_request(house: House, raw: bytes) -> None:
    answer = house.deliver(house.sign(raw), raw=raw)
    assert code_of(answer) == "4002500"
    assert house.credits == 0


def test_a_body_beyond_every_limit_is_not_even_read(house: House) -> None:
    raw = b'{"a":"' + b"x" * 3_000_000 + b'"}'
    assert code_of(house.deliver(house.sign(b"{}"), raw=raw)) == "4002500"


@pytest.mark.parametrize(
    ("changes", "expected", "name"),
    [
        ({"virtualAccountNo": 3702011234567890}, "4002501", "virtualAccountNo"),
        ({"virtualAccountNo": ...}, "4002502", "virtualAccountNo"),
        ({"virtualAccountNo": None}, "4002502", "virtualAccountNo"),
        ({"virtualAccountNo": ""}, "4002502", "virtualAccountNo"),
        ({"virtualAccountNo": "   "}, "4002501", "virtualAccountNo"),
        ({"virtualAccountNo": "1" * 29}, "4002501", "virtualAccountNo"),
        ({"virtualAccountNo": "37020１234"}, "4002501", "virtualAccountNo"),
        ({"virtualAccountNo": "3702\x00123"}, "4002501", "virtualAccountNo"),
        ({"virtualAccountNo": "\ud800"}, "4002501", "virtualAccountNo"),
        ({"virtualAccountNo": ["1"]}, "4002501", "virtualAccountNo"),
        ({"partnerServiceId": ...}, "4002502", "partnerServiceId"),
        ({"partnerServiceId": "   370201"}, "4002501", "partnerServiceId"),
        ({"customerNo": ...}, "4002502", "customerNo"),
        ({"customerNo": "12a"}, "4002501", "customerNo"),
        ({"paymentRequestId": ...}, "4002502", "paymentRequestId"),
        ({"paymentRequestId": "x" * 129}, "4002501", "paymentRequestId"),
        ({"trxId": 5}, "4002501", "trxId"),
        ({"trxId": "x" * 33}, "4002501", "trxId"),
        ({"trxId": "tr\x00x"}, "4002501", "trxId"),
        ({"paidAmount": "50000.00"}, "4002501", "paidAmount"),
        ({"paidAmount": {"currency": "IDR"}}, "4002502", "value"),
        ({"paidAmount": {"value": 50000, "currency": "IDR"}}, "4002501", "value"),
        ({"paidAmount": {"value": "50000.00"}}, "4002502", "currency"),
        ({"paidAmount": {"value": "50000.00", "currency": "RUPIAH"}}, "4002501", "currency"),
        ({"additionalInfo": {"latestTransactionStatus": 0}}, "4002501", "latestTransactionStatus"),
        ({"additionalInfo": {"latestTransactionStatus": "000"}}, "4002501", "latestTransactionStatus"),
        ({"additionalInfo": {"latestTransactionStatus": None}}, "4002502", "latestTransactionStatus"),
        ({"additionalInfo": []}, "4002501", "additionalInfo"),
        ({"additionalInfo": ...}, "4002502", "trxDateTime"),
    ],
)
def test_fields_are_read_strictly(house: House, changes: dict[str, Any], expected: str, name: str) -> None:
    answer = house.deliver(house.sign(body_of(**changes)))
    assert code_of(answer) == expected
    assert name in json.loads(answer.content)["responseMessage"]
    assert last_message().decision == "refused"


@pytest.mark.parametrize(
    "value",
    [
        "-50000.00",
        "NaN",
        "1e999",
        "Infinity",
        "50.000,00",
        "50000.001",
        "0.00",
        "0",
        " 50000.00",
        "+5",
        "٥٠٠٠",
        "1" * 17,
    ],
)
def test_malformed_money_is_refused(house: House, value: str) -> None:
    deposit = house.ask_for()
    body = news_of(house, deposit, paidAmount={"value": value, "currency": "IDR"})
    assert code_of(house.deliver(house.sign(body))) in {"4042513", "4002501"}
    house.work()
    assert house.credits == 0


@pytest.mark.parametrize("value", ["50000", "50000.0", "50000.00"])
def test_whole_rupiah_may_be_written_shorter(house: House, value: str) -> None:
    body = news_of(house, house.ask_for(), paidAmount={"value": value, "currency": "IDR"})
    assert code_of(house.deliver(house.sign(body))) == "2002500"
    house.work()
    assert house.balance == Decimal(50_000)


def test_unknown_extra_fields_are_tolerated(house: House) -> None:
    body = news_of(house, house.ask_for(), somethingNew={"a": [1, 2.5, None, True]})
    assert code_of(house.deliver(house.sign(body))) == "2002500"


def test_a_flag_for_nobodys_number_is_kept_and_declined(house: House) -> None:
    flag = body_of(additionalInfo=..., trxDateTime="20201231T235959Z", referenceNo="123456789012345")
    assert code_of(house.deliver(house.sign(flag))) == "4042512"
    assert (last_message().kind, last_message().verified) == ("payment_flag", True)
    assert house.credits == 0


def test_what_nobody_signed_is_kept_in_small_amounts_only(house: House) -> None:
    for _ in range(keeping.UNVERIFIED_A_MINUTE + 15):
        assert code_of(house.deliver(Letter({}, "x" * 10_000))) == "4002502"
    kept = ProviderMessage.objects.filter(verified=False)
    assert kept.count() == keeping.UNVERIFIED_A_MINUTE
    assert all(len(bytes(row.body)) <= keeping.UNVERIFIED_BYTES for row in kept)
    assert len(kept[0].body_sha256) == 64


def test_unsigned_letters_are_forgotten_after_days_and_signed_ones_never(house: House) -> None:
    house.deliver(Letter({}, "{}"))
    house.deliver(house.sign(body_of()))
    with rewritten_history():
        ProviderMessage.objects.update(received_at=timezone.now() - timedelta(days=4))
    settlement.due.forget_unverified()
    assert [row.verified for row in ProviderMessage.objects.all()] == [True]


def test_without_redis_an_unsigned_letter_is_refused_all_the_same(house: House, settings: Any) -> None:
    letter = house.sign(body_of())
    letter.headers["X-SIGNATURE"] = "AAAA"
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"}}
    assert code_of(house.deliver(letter)) == "4012500"
    assert ProviderMessage.objects.count() == 0
