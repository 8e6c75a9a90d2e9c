"""QRIS at the simulated Faspay: codes that a phone can read, strict requests, payments and what is told of them."""

import itertools
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.simulators.faspay_emv import crc16
from tests.sandbox.merchant import WIB, Inbox, Merchant, code, fits, stamp

NOTIFY = "/v1.0/qr/qr-mpm-notify"
counter = itertools.count(1)


def generate_body(**changed: Any) -> dict[str, Any]:
    now = datetime.now(WIB)
    body: dict[str, Any] = {
        "partnerReferenceNo": f"QR{next(counter):012d}",
        "amount": {"value": "50000.00", "currency": "IDR"},
        "merchantId": "37020",
        "validityPeriod": stamp(now + timedelta(minutes=30)),
        "additionalInfo": {"billDate": stamp(now), "billDescription": "Top up", "channelCode": "711"},
    }
    info = changed.pop("additionalInfo", {})
    return {**body, **changed, "additionalInfo": {**body["additionalInfo"], **info}}


def generate(merchant: Merchant, **changed: Any) -> dict[str, Any]:
    reply = merchant.call("qr-mpm-generate", generate_body(**changed))
    assert code(reply) == "2004700", reply.text
    return dict(reply.json())


def query(merchant: Merchant, made: dict[str, Any], **changed: Any) -> requests.Response:
    body = {
        "originalReferenceNo": made["referenceNo"],
        "originalPartnerReferenceNo": made["partnerReferenceNo"],
        "serviceCode": "47",
        "merchantId": "37020",
    }
    return merchant.call("qr-mpm-query", {**body, **changed})


def tags(text: str) -> dict[str, str]:
    found, at = {}, 0
    while at < len(text):
        end = at + 4 + int(text[at + 2 : at + 4])
        found[text[at : at + 2]] = text[at + 4 : end]
        at = end
    return found


def test_the_checksum_is_the_one_of_the_standard() -> None:
    assert crc16("123456789") == "29B1"


def test_a_code_is_readable_text_for_that_amount_in_rupiah(merchant: Merchant) -> None:
    made = generate(merchant)
    text = made["qrContent"]
    inside = tags(text)
    assert crc16(text[:-4]) == text[-4:] == inside["63"]
    assert (inside["00"], inside["01"], inside["53"], inside["54"], inside["58"]) == ("01", "12", "360", "50000", "ID")
    assert len(made["referenceNo"]) == 16
    assert tags(inside["62"])["01"] == made["partnerReferenceNo"]


@pytest.mark.parametrize(
    ("changed", "answer"),
    [
        ({"amount": {"value": "50000", "currency": "IDR"}}, "4004701"),
        ({"amount": {"value": "50000.00", "currency": "USD"}}, "4004701"),
        ({"merchantId": "37021"}, "4044708"),
        ({"merchantId": None}, "4004702"),
        ({"validityPeriod": "2020-01-01T00:00:00+07:00"}, "4004701"),
        ({"partnerReferenceNo": "x" * 33}, "4004701"),
        ({"additionalInfo": {"channelCode": "702"}}, "4004701"),
        ({"additionalInfo": {"billDescription": None}}, "4004702"),
    ],
)
def test_requests_are_read_strictly(merchant: Merchant, changed: dict[str, Any], answer: str) -> None:
    assert code(merchant.call("qr-mpm-generate", generate_body(**changed))) == answer


def test_a_reference_is_used_once_and_the_signature_must_fit(merchant: Merchant) -> None:
    body = generate_body()
    assert code(merchant.call("qr-mpm-generate", body)) == "2004700"
    assert code(merchant.call("qr-mpm-generate", body)) == "4094701"
    assert code(merchant.call("qr-mpm-generate", generate_body(), X_SIGNATURE="AAAA")) == "4014700"


def test_a_query_follows_the_life_of_a_code(merchant: Merchant) -> None:
    made = generate(merchant)
    assert query(merchant, made).json()["latestTransactionStatus"] == "03"
    merchant.control("qr/pay", partnerReferenceNo=made["partnerReferenceNo"], notify=False)
    paid = query(merchant, made, originalReferenceNo="").json()
    assert (paid["responseCode"], paid["latestTransactionStatus"]) == ("2005100", "00")
    assert paid["amount"] == {"value": "50000.00", "currency": "IDR"}
    assert datetime.fromisoformat(paid["paidTime"]).tzinfo is not None
    assert code(query(merchant, made, originalReferenceNo="3702099999999999")) == "4045101"
    assert code(query(merchant, made, serviceCode="27")) == "4005101"


def test_an_ended_code_can_still_be_paid_late(merchant: Merchant) -> None:
    made = generate(merchant)
    merchant.control("qr/expire", partnerReferenceNo=made["partnerReferenceNo"])
    assert query(merchant, made).json()["latestTransactionStatus"] == "07"
    merchant.control("qr/pay", qrContent=made["qrContent"], late=True, notify=False)
    assert query(merchant, made).json()["latestTransactionStatus"] == "00"


def test_a_payment_is_told_signed_over_its_own_path(told: Merchant, inbox: Inbox, tmp_path: Path) -> None:
    made = generate(told)
    [sent] = told.control("qr/pay", partnerReferenceNo=made["partnerReferenceNo"], wait=True)["notifications"]
    [(path, headers, raw)] = inbox.received
    assert (path, sent["accepted"]) == (NOTIFY, True)
    assert fits(told, tmp_path, headers, raw, NOTIFY)
    body = json.loads(raw)
    assert body["originalReferenceNo"] == made["referenceNo"]
    assert body["originalPartnerReferenceNo"] == made["partnerReferenceNo"]
    assert (body["latestTransactionStatus"], body["amount"]["value"]) == ("00", "50000.00")


def test_answers_about_codes_that_lie(merchant: Merchant) -> None:
    for mode, tag, value in (("wrong_amount", "54", "51000.00"), ("other_currency", "53", "840")):
        merchant.control("misbehave", operation="qr-mpm-generate", mode=mode)
        text = generate(merchant)["qrContent"]
        assert tags(text)[tag] == value
        assert crc16(text[:-4]) == text[-4:]
    merchant.control("misbehave", operation="qr-mpm-generate", mode="bad_crc")
    text = generate(merchant)["qrContent"]
    assert crc16(text[:-4]) != text[-4:]
    made = generate(merchant)
    merchant.control("misbehave", operation="qr-mpm-query", mode="wrong_amount")
    assert query(merchant, made).json()["amount"]["value"] == "51000.00"
    merchant.control("misbehave", operation="qr-mpm-generate", mode="truncated")
    with pytest.raises(requests.exceptions.JSONDecodeError):
        merchant.call("qr-mpm-generate", generate_body()).json()


def test_a_lost_answer_leaves_a_code_behind(merchant: Merchant) -> None:
    merchant.control("misbehave", operation="qr-mpm-generate", mode="502_after_accept")
    body = generate_body()
    assert merchant.call("qr-mpm-generate", body).status_code == 502
    assert merchant.simulator.look("qr")["codes"][0]["partnerReferenceNo"] == body["partnerReferenceNo"]
