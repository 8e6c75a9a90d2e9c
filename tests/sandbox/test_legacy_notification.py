"""The old notification for whatever the simulated Faspay can be paid for, in both forms."""

import hashlib
import json
import re
from typing import Any

import pytest
import requests

from tests.sandbox.merchant import Inbox, Merchant
from tests.sandbox.test_qr_simulator import generate


def digest(bill_no: str, status: str) -> str:
    inner = hashlib.md5(f"bot37020sandbox-ovo{bill_no}{status}".encode()).hexdigest()  # noqa: S324 - the rule of the contract
    return hashlib.sha1(inner.encode()).hexdigest()  # noqa: S324


def written(merchant: Merchant, **wanted: Any) -> str:
    [letter] = merchant.control("legacy/notify", send=False, **wanted)["letters"]
    return str(letter["body"])


def test_json_of_a_paid_account(merchant: Merchant) -> None:
    account = merchant.account()
    merchant.control("pay", trxId=account["trxId"], notify=False)
    body = json.loads(written(merchant, bill_no=account["trxId"]))
    assert (body["bill_no"], body["payment_status_code"]) == (account["trxId"], "2")
    assert (body["bill_total"], body["payment_total"]) == ("50000", "50000")
    assert (len(body["trx_id"]), body["payment_channel_uid"]) == (16, "702")
    assert body["signature"] == digest(account["trxId"], "2")


def test_xml_with_another_status_amount_and_a_wrong_digest(merchant: Merchant) -> None:
    account = merchant.account()
    text = written(merchant, trxId=account["trxId"], form="xml", status="3", amount=1000, digest="wrong")
    found = dict(re.findall(r"<(\w+)>([^<]*)</", text))
    assert (found["payment_status_code"], found["payment_total"], found["bill_total"]) == ("3", "1000", "50000")
    assert found["signature"] == digest(account["trxId"], "3")[::-1]


def test_codes_and_permanent_numbers_have_one_too(merchant: Merchant) -> None:
    made = generate(merchant)
    body = json.loads(written(merchant, bill_no=made["partnerReferenceNo"]))
    assert (body["trx_id"], body["payment_status_code"]) == (made["referenceNo"], "0")
    number = "3702020000000017"
    merchant.control("static/pay", virtualAccountNo=number, amount=75000, send=False)
    body = json.loads(written(merchant, bill_no=number))
    assert (body["bill_no"], body["payment_total"], body["payment_status_code"]) == (number, "75000", "2")


def test_it_goes_to_its_own_address_as_often_as_wanted(told: Merchant, inbox: Inbox) -> None:
    inbox.answers += [(200, {"response_code": "00"})] * 2
    told.control("settings", legacy_notify_url=f"{inbox.url}/faspay/notification")
    account = told.account()
    letters = told.control("legacy/notify", trxId=account["trxId"], times=2, wait=True)["letters"]
    assert [path for path, _, _ in inbox.received] == ["/faspay/notification"] * 2
    assert [letter["accepted"] for letter in letters] == [True, True]


def test_odd_letters_keep_their_digest(merchant: Merchant) -> None:
    account = merchant.account()
    for mode in ("numbers", "duplicate_keys", "nan", "huge"):
        text = written(merchant, bill_no=account["trxId"], mode=mode)
        assert digest(account["trxId"], "0") in text
    assert len(text) > 1024 * 1024
    assert '"payment_total": NaN' in written(merchant, bill_no=account["trxId"], mode="nan")
    pairs = json.loads(
        written(merchant, bill_no=account["trxId"], mode="duplicate_keys"), object_pairs_hook=lambda found: found
    )
    assert [name for name, _ in pairs].count("payment_total") == 2
    assert "<payment_total>NaN" in written(merchant, bill_no=account["trxId"], mode="nan", form="xml")


@pytest.mark.parametrize("wanted", [{"bill_no": "nobody"}, {"form": "yaml"}, {"status": "22"}, {"mode": "rude"}])
def test_nonsense_is_refused(merchant: Merchant, wanted: dict[str, Any]) -> None:
    account = merchant.account()
    with pytest.raises(requests.HTTPError, match="422"):
        merchant.control("legacy/notify", **{"bill_no": account["trxId"], **wanted})
