"""A bank with permanent numbers at the simulated Faspay: it asks, flags, pays, tells and takes back."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.merchant import PAYMENT, Inbox, Merchant, code, fits

NUMBER = "3702020000000017"
INQUIRY = "/v1.0/transfer-va/inquiry"
KNOWN = {
    "responseCode": "2002400",
    "virtualAccountData": {
        "virtualAccountName": "AYU LESTARI",
        "totalAmount": {"value": "0.00", "currency": "IDR"},
    },
}
UNKNOWN = {"responseCode": "4042412", "responseMessage": "Bill not found"}


def pay(merchant: Merchant, **changed: Any) -> dict[str, Any]:
    wanted = {"virtualAccountNo": NUMBER, "amount": 75000, "wait": True, **changed}
    return dict(merchant.control("static/pay", **wanted))


def status(merchant: Merchant, payment: dict[str, Any]) -> dict[str, Any]:
    body = {
        "partnerServiceId": "  370202",
        "customerNo": "0000000017",
        "virtualAccountNo": "  " + NUMBER,
        "inquiryRequestId": payment["paymentRequestId"],
        "additionalInfo": {"channelCode": "702"},
    }
    reply = merchant.call("status", body)
    assert code(reply) == "2002600", reply.text
    return dict(reply.json()["virtualAccountData"])


def test_a_payment_asks_flags_and_tells_each_signed_and_padded(told: Merchant, inbox: Inbox, tmp_path: Path) -> None:
    inbox.answers += [(200, KNOWN)]
    payment = pay(told)
    assert (payment["state"], payment["name"], payment["amount"]) == ("charged", "AYU LESTARI", "75000.00")
    paths = [path for path, _, _ in inbox.received]
    assert paths == [INQUIRY, PAYMENT, PAYMENT]
    for path, headers, raw in inbox.received:
        assert fits(told, tmp_path, headers, raw, path)
        body = json.loads(raw)
        assert (body["partnerServiceId"], body["virtualAccountNo"]) == ("  370202", "  " + NUMBER)
    asked, flagged, notified = (json.loads(raw) for _, _, raw in inbox.received)
    assert asked["inquiryRequestId"] == flagged["paymentRequestId"] == notified["paymentRequestId"]
    assert "trxDateTime" in flagged
    assert "additionalInfo" not in flagged
    assert "trxId" not in notified
    assert notified["additionalInfo"]["latestTransactionStatus"] == "00"
    assert notified["referenceNo"] == flagged["referenceNo"] == payment["referenceNo"]
    assert len({headers["X-EXTERNAL-ID"] for _, headers, _ in inbox.received}) == 3


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ((200, {"responseCode": "2002500"}), "charged"),
        ((404, {"responseCode": "4042518"}), "charged"),
        ((404, {"responseCode": "4042513"}), "refused"),
        ((500, {}), "refused"),
    ],
)
def test_the_customer_is_charged_only_when_the_merchant_agrees(
    told: Merchant, inbox: Inbox, answer: tuple[int, dict[str, Any]], state: str
) -> None:
    inbox.answers += [(200, KNOWN), answer]
    payment = pay(told)
    assert payment["state"] == state
    assert len(inbox.received) == (3 if state == "charged" else 2)
    assert status(told, payment)["paymentFlagStatus"] == ("00" if state == "charged" else "06")


def test_an_unknown_number_is_not_paid_unless_insisted(told: Merchant, inbox: Inbox) -> None:
    inbox.answers += [(404, UNKNOWN)]
    assert pay(told)["state"] == "unknown"
    assert len(inbox.received) == 1
    inbox.answers += [(404, UNKNOWN)]
    assert pay(told, insist=True)["state"] == "charged"


def test_an_inquiry_alone_shows_the_name_and_moves_nothing(told: Merchant, inbox: Inbox) -> None:
    inbox.answers += [(200, KNOWN)]
    asked = told.control("static/inquire", virtualAccountNo=NUMBER)
    assert (asked["name"], asked["state"], asked["asked_amount"]) == ("AYU LESTARI", "asked", "0.00")
    assert status(told, asked)["paymentFlagStatus"] == "03"


def test_status_names_the_payment_and_a_reversal(told: Merchant, inbox: Inbox) -> None:
    payment = pay(told)
    told_of = status(told, payment)
    assert (told_of["paymentFlagStatus"], told_of["paidAmount"]["value"]) == ("00", "75000.00")
    assert (told_of["paymentRequestId"], told_of["referenceNo"]) == (
        payment["paymentRequestId"],
        payment["referenceNo"],
    )
    told.control("static/reverse", virtualAccountNo=NUMBER, wait=True)
    assert status(told, payment)["paymentFlagStatus"] == "04"
    last = json.loads(inbox.received[-1][2])
    assert last["additionalInfo"]["latestTransactionStatus"] == "04"
    assert last["paymentRequestId"] == payment["paymentRequestId"]


def test_steps_can_be_left_out_repeated_and_carried_by_hand(told: Merchant, inbox: Inbox) -> None:
    pay(told, inquire=False, notify=False, times=3, concurrent=False)
    assert [path for path, _, _ in inbox.received] == [PAYMENT] * 3
    assert len({raw for _, _, raw in inbox.received}) == 1
    inbox.received.clear()
    pay(told, inquire=False, flag=False)
    assert "latestTransactionStatus" in inbox.received[0][2].decode()
    inbox.received.clear()
    unsent = pay(told, send=False)
    assert [letter["kind"] for letter in unsent["letters"]] == ["inquiry", "payment", "static"]
    assert (inbox.received, unsent["state"]) == ([], "charged")


def test_the_same_request_id_can_come_with_another_amount(told: Merchant, inbox: Inbox) -> None:
    first = pay(told, inquire=False, notify=False)
    pay(told, inquire=False, notify=False, amount=80000, paymentRequestId=first["paymentRequestId"])
    bodies = [json.loads(raw) for _, _, raw in inbox.received]
    assert bodies[0]["paymentRequestId"] == bodies[1]["paymentRequestId"]
    assert [body["paidAmount"]["value"] for body in bodies] == ["75000.00", "80000.00"]
    # What was charged stays charged.
    assert status(told, first)["paidAmount"]["value"] == "75000.00"
    [kept] = told.simulator.look("static")["payments"]
    assert len(kept["letters"]) == 2


def test_payments_at_the_same_moment_are_told_apart(told: Merchant, inbox: Inbox) -> None:
    with ThreadPoolExecutor(4) as pool:
        paid = list(pool.map(lambda _: pay(told, inquire=False), range(4)))
    assert len({payment["at"] for payment in paid}) == len({payment["paymentRequestId"] for payment in paid}) == 4


@pytest.mark.parametrize("operation", ["inquiry", "payment", "static-notification"])
def test_every_letter_of_the_bank_can_be_broken(told: Merchant, inbox: Inbox, tmp_path: Path, operation: str) -> None:
    told.control("misbehave", operation=operation, mode="foreign_key")
    pay(told)
    fitting = [fits(told, tmp_path, headers, raw, path) for path, headers, raw in inbox.received]
    assert fitting == [operation != name for name in ("inquiry", "payment", "static-notification")]


def test_the_basic_form_of_a_date_is_the_same_moment(told: Merchant) -> None:
    told.control("misbehave", operation="payment", mode="basic_date")
    payment = pay(told, send=False, notify=False)
    flag = json.loads(payment["letters"][-1]["body"])
    written = datetime.strptime(flag["trxDateTime"], "%Y%m%dT%H%M%S%z")
    assert written.timestamp() == int(payment["at"])


def test_calls_go_to_the_base_that_is_set(told: Merchant, inbox: Inbox) -> None:
    told.control("settings", merchant_url=inbox.url + "/faspay")
    told.control("static/inquire", virtualAccountNo=NUMBER)
    assert inbox.received[0][0] == "/faspay" + INQUIRY
