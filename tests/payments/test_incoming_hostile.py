"""Hostile calls at every door: never a server error, and nothing that credits."""

import json
import string
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import Customer
from payments.models import PaymentCase, ProviderMessage, Receipt
from tests.examples import examples
from tests.payments import gate as g
from tests.payments.gate import INQUIRY, LEGACY, NUMBER, PAYMENT, QR, WEBHOOK, Gate, code_of, last_message, news
from wallets.models import Posting

pytestmark = pytest.mark.django_db
SNAP = [INQUIRY, PAYMENT, QR]
TRX, DYNAMIC = "TRX0000000000001", "3702011111111111"


@pytest.fixture
def scene(gate: Gate, customer: Customer, settings: Any) -> Gate:
    """One of everything that could be paid."""
    settings.BTCPAY_WEBHOOK_SECRET = "webhook-secret"
    settings.FASPAY_OVO_CALLBACK_TOKEN = "a-token-that-nobody-guesses-0123456789"
    g.open_number(customer, TRX, DYNAMIC)
    g.open_number(customer, "QR00000000000001", "", method="qris")
    g.permanent(customer)
    return gate


def nothing_moved() -> bool:
    return not Posting.objects.exists() and not Receipt.objects.exists() and not PaymentCase.objects.exists()


# --- by name ----------------------------------------------------------------------------------------------

GOOD = g.compact(news(DYNAMIC, trxId=TRX))
HOSTILE: dict[str, bytes] = {
    "truncated": GOOD[:-1],
    "truncated early": GOOD[:40],
    "huge": GOOD[:-1] + b',"x":"' + b"A" * 300_000 + b'"}',
    "just too long": GOOD[:-1] + b',"x":"' + b"A" * (64 * 1024) + b'"}',
    "NaN": GOOD.replace(b'"50000.00"', b"NaN"),
    "Infinity": GOOD.replace(b'"50000.00"', b"-Infinity"),
    "a name twice": GOOD[:-1] + b',"paidAmount":{"value":"99000.00","currency":"IDR"}}',
    "a name twice inside": GOOD.replace(b'"currency":"IDR"', b'"currency":"IDR","value":"1.00"'),
    "a name twice, escaped": GOOD[:-1] + b',"paid\\u0041mount":{"value":"99000.00","currency":"IDR"}}',
    "deep": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "deep lists": b"[" * 60_000,
    "amount as a number": GOOD.replace(b'"50000.00"', b"50000.00"),
    "amount with an exponent": GOOD.replace(b'"50000.00"', b'"5e4"'),
    "amount below nothing": GOOD.replace(b'"50000.00"', b'"-50000.00"'),
    "amount beyond all": GOOD.replace(b'"50000.00"', b'"' + b"9" * 19 + b'"'),
    "amount in other digits": GOOD.replace(b'"50000.00"', '"５００００.00"'.encode()),
    "a number of a million digits": GOOD.replace(b'"50000.00"', b"1" * 60_000),
    "NUL in a text": GOOD.replace(b'"trxId":"', b'"trxId":"\\u0000'),
    "half a pair": GOOD.replace(b'"trxId":"', b'"trxId":"\\ud800'),
    "byte order mark": b"\xef\xbb\xbf" + GOOD,
    "another encoding": GOOD.decode().encode("utf-16"),
    "trailing comma": GOOD[:-1] + b",}",
    "missing comma": GOOD.replace(b',"paidAmount"', b'"paidAmount"'),
    "a list": b"[" + GOOD + b"]",
    "a text": json.dumps(GOOD.decode()).encode(),
    "two values": GOOD + GOOD,
    "status as a number": GOOD.replace(b'"latestTransactionStatus":"00"', b'"latestTransactionStatus":0'),
    "status of three": GOOD.replace(b'"latestTransactionStatus":"00"', b'"latestTransactionStatus":"000"'),
    "info as a list": GOOD.replace(b'"additionalInfo":{', b'"additionalInfo":[{').replace(b"}}", b"}]}"),
    "other blanks": GOOD.replace(b"  3702011111111111", "\u00a03702011111111111".encode()),
}


@pytest.mark.parametrize("name", list(HOSTILE))
@pytest.mark.parametrize("door", SNAP)
def test_hostile_bodies_with_a_good_signature(scene: Gate, door: str, name: str) -> None:
    code = code_of(scene.send(door, HOSTILE[name]))
    assert code[0] == "4"
    g.work(4)
    assert nothing_moved()


@pytest.mark.parametrize("name", list(HOSTILE))
@pytest.mark.parametrize("door", [LEGACY, WEBHOOK, "/faspay/ovo/linked/a-token-that-nobody-guesses-0123456789"])
def test_hostile_bodies_at_the_other_doors(scene: Gate, door: str, name: str) -> None:
    assert 400 <= scene.client.generic("POST", door, HOSTILE[name], "application/json").status_code < 500
    g.work(4)
    assert nothing_moved()


def forgeries(scene: Gate) -> dict[str, dict[str, str]]:
    """Headers that somebody else could make for the good body."""
    other = Gate(g.new_key())
    return {
        "another tenant's key": other.headers(PAYMENT, GOOD),
        "another tenant's id": scene.headers(PAYMENT, GOOD, **{"X-PARTNER-ID": "98765"}),
        "another body's signature": scene.headers(PAYMENT, GOOD.replace(b"50000", b"50001")),
        "another path's signature": scene.headers("/v1.0/transfer-va/status", GOOD),
        "our prefix signed": scene.headers("/gerbang" + PAYMENT, GOOD),
        "another method's signature": scene.headers(PAYMENT, GOOD)
        | {"X-SIGNATURE": g.signature(scene.key, PAYMENT, GOOD, g.stamp_now(), "PUT")},
        "another time": scene.headers(PAYMENT, GOOD) | {"X-TIMESTAMP": "2026-11-21T09:00:00+07:00"},
        "the sample of the papers": scene.headers(PAYMENT, GOOD) | {"X-SIGNATURE": "85be817c55b2c135157c7e89f52499bf"},
        "two signatures": scene.headers(PAYMENT, GOOD, **{"X-SIGNATURE": "AAAA,BBBB"}),
        "an endless signature": scene.headers(PAYMENT, GOOD, **{"X-SIGNATURE": "A" * 20_000}),
        "blanks cut off": scene.headers(PAYMENT, GOOD.replace(b"  370201", b"370201")),
        "letters of another alphabet": scene.headers(PAYMENT, GOOD, **{"X-SIGNATURE": "é" * 344}),
    }


def test_forged_letters(scene: Gate) -> None:
    for name, headers in forgeries(scene).items():
        answer = scene.client.generic("POST", PAYMENT, GOOD, "application/json", headers=headers)
        assert code_of(answer) == "4012500", name
    g.work(4)
    assert nothing_moved()
    assert not ProviderMessage.objects.filter(verified=True).exists()


def test_an_old_letter_is_refused_even_with_a_new_id(scene: Gate, settings: Any) -> None:
    settings.FASPAY_TIMESTAMP_TOLERANCE_SECONDS = 600
    assert code_of(scene.send(PAYMENT, GOOD, timestamp="2026-01-01T00:00:00+07:00")) == "4012500"


def test_a_replay_under_new_ids_credits_once(scene: Gate, no_ledger_problems: None) -> None:
    """The id is not signed, so whoever has the letter can make new ones: the payment is still one payment."""
    for _ in range(5):
        assert code_of(scene.send(PAYMENT, GOOD)) == "2002500"
    g.work(4)
    assert Receipt.objects.count() == 1


BOMBS = {
    "a bomb": b'<!DOCTYPE a [<!ENTITY b "x"><!ENTITY c "&b;&b;&b;&b;">]><faspay><bill_no>&c;</bill_no></faspay>',
    "a file": b'<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><faspay><bill_no>&f;</bill_no></faspay>',
    "an address": b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd"><faspay><bill_no>1</bill_no></faspay>',
    "parameter entities": b'<!DOCTYPE a [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><faspay/>',
    "deep": b"<a>" * 15_000 + b"</a>" * 15_000,
    "many attributes": b"<faspay " + b" ".join(b'a%d="1"' % at for at in range(4000)) + b"/>",
    "never closed": b"<faspay><bill_no>1",
    "two roots": b"<faspay/><faspay/>",
    "another encoding": '<?xml version="1.0" encoding="utf-16"?><faspay/>'.encode("utf-16"),
    "a comment that hides": b"<faspay><bill_no>1<!-- -->2</bill_no></faspay>",
}


@pytest.mark.parametrize("name", list(BOMBS))
@pytest.mark.parametrize("door", [LEGACY, PAYMENT, "/faspay/ovo/linked/a-token-that-nobody-guesses-0123456789"])
def test_hostile_xml(scene: Gate, door: str, name: str) -> None:
    answer = scene.client.generic("POST", door, BOMBS[name], "application/xml")
    assert 400 <= answer.status_code < 500
    assert b"root:" not in answer.content
    assert not ProviderMessage.objects.filter(verified=True).exists()


@pytest.mark.parametrize("door", [*SNAP, LEGACY, WEBHOOK])
def test_a_size_that_is_only_announced_is_not_waited_for(scene: Gate, door: str) -> None:
    """The answer comes without a byte being read, in the words of the door."""
    answer = scene.client.generic("POST", door, b"", "application/json", CONTENT_LENGTH="999999999")
    assert 400 <= answer.status_code < 500
    if door in SNAP:
        assert code_of(answer)[:3] == "400"


def test_what_nobody_signed_cannot_fill_the_disk(scene: Gate) -> None:
    for _ in range(40):
        scene.client.generic("POST", PAYMENT, b"x" * 60_000, "application/json")
    kept = ProviderMessage.objects.filter(verified=False)
    assert kept.count() == 20
    assert max(len(row.body) for row in kept) == 4096


# --- by chance --------------------------------------------------------------------------------------------

NAMES = [
    "partnerServiceId",
    "customerNo",
    "virtualAccountNo",
    "paymentRequestId",
    "trxId",
    "paidAmount",
    "additionalInfo",
]
NAMES += ["value", "currency", "latestTransactionStatus", "trxDateTime", "referenceNo", "inquiryRequestId", "signature"]
NAMES += [
    "originalPartnerReferenceNo",
    "amount",
    "request",
    "bill_no",
    "payment_status_code",
    "deliveryId",
    "invoiceId",
]
TEXTS = st.sampled_from(["", " ", "00", "IDR", TRX, DYNAMIC, f"  {NUMBER}", "-1.00", "1e5", "NaN", "\u0000", "Ａ"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.text(string.printable, max_size=30)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=8,
)
# What would be real money is spared: the paid amount of a real payment is never drawn as one whole.
BODIES = st.binary(max_size=200) | st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=9).map(
    lambda value: json.dumps(value).encode()
)
HEADERS = st.dictionaries(
    st.sampled_from(["X-TIMESTAMP", "X-SIGNATURE", "X-PARTNER-ID", "X-EXTERNAL-ID", "CHANNEL-ID"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=50),
    max_size=3,
)
DOORS = st.sampled_from([*SNAP, LEGACY, WEBHOOK, "/faspay/ovo/linked/x"])


@pytest.mark.examples
@hypothesis_settings(
    max_examples=examples(40, 1000),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(door=DOORS, body=BODIES, changes=HEADERS, signs=st.booleans())
def test_whatever_comes_is_answered_and_credits_nothing(
    scene: Gate, door: str, body: bytes, changes: dict[str, str], signs: bool
) -> None:
    headers = {**(scene.headers(door, body) if signs else {}), **changes}
    answer = scene.client.generic("POST", door, body, "application/json", headers=headers)
    assert answer.status_code < 500
    if door in SNAP and answer["Content-Type"] == "application/json" and b"responseCode" in answer.content:
        code_of(answer)
    g.work()
    assert nothing_moved()


@pytest.mark.examples
@hypothesis_settings(
    max_examples=examples(20, 500),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_a_good_letter_with_one_field_changed(scene: Gate, data: st.DataObject) -> None:
    """Signed, nearly right: answered by a code of the table, and an amount that is no amount credits nothing."""
    body = json.loads(GOOD)
    place = data.draw(st.sampled_from([body, body["paidAmount"], body["additionalInfo"]]))
    name = data.draw(st.sampled_from(sorted(place)))
    place[name] = data.draw(VALUES)
    answer = scene.send(PAYMENT, json.dumps(body).encode())
    assert answer.status_code < 500
    assert code_of(answer)[3:5] == "25"
    g.work()
    assert all(receipt.amount == 50_000 for receipt in Receipt.objects.all())


def test_lengths_that_are_no_numbers(scene: Gate) -> None:
    for length in ("", "x", "-1", "1" * 40, "²"):
        answer = scene.client.generic("POST", PAYMENT, b"{}", CONTENT_LENGTH=length)
        assert 400 <= answer.status_code < 500
    assert not ProviderMessage.objects.filter(verified=True).exists()
    assert last_message().decision == "refused"
