"""The simulated Faspay keeps the rules of the Faspay contract; driven over HTTP as a process.

Signatures are made and checked by openssl, so that neither side's own code is trusted.
"""

import base64
import hashlib
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.simulators.faspay_signing import minify, read_public_key, string_to_sign
from tests.sandbox.merchant import (
    PAYMENT,
    WIB,
    Inbox,
    Merchant,
    code,
    create_body,
    fits,
    named,
    new_trx_id,
    openssl,
    stamp,
)
from tests.simulators import start_faspay

# -- signing


def test_minify_keeps_every_byte_inside_strings() -> None:
    text = b'{ "a" : "  x \\" : , y\\\\" ,\r\n\t"n":[ 1.50 , 2 ] , "e":"\\/"}'
    assert minify(text) == b'{"a":"  x \\" : , y\\\\","n":[1.50,2],"e":"\\/"}'


def test_string_to_sign_known_answer() -> None:
    body = b'{ "partnerServiceId": "  370201" }'
    digest = "sha256:" + hashlib.sha256(b'{"partnerServiceId":"  370201"}').hexdigest()
    text = string_to_sign("post", "/v1.0/transfer-va/status?x=1", body, "2026-11-21T09:00:00+07:00")
    assert text == f"POST:/v1.0/transfer-va/status?x=1:{digest[7:]}:2026-11-21T09:00:00+07:00"


def test_public_keys_are_read_in_every_form_they_come(tmp_path: Path) -> None:
    key, subject = str(tmp_path / "k.pem"), "/CN=faspay"
    openssl("genrsa", "-out", key, "2048")
    forms = {
        "spki.crt": openssl("rsa", "-in", key, "-pubout"),
        "bare": base64.b64encode(openssl("rsa", "-in", key, "-pubout", "-outform", "DER")),
        "x509.pem": openssl("req", "-x509", "-new", "-key", key, "-subj", subject, "-days", "2"),
    }
    for name, content in forms.items():
        (tmp_path / name).write_bytes(content)
    numbers = {read_public_key(tmp_path / name).public_numbers().n for name in forms}
    assert len(numbers) == 1


def test_a_call_signed_over_other_bytes_is_4012700(merchant: Merchant) -> None:
    assert code(merchant.call("create-va", create_body(), X_SIGNATURE="AAAA")) == "4012700"
    other = merchant.headers("POST", "/v1.0/transfer-va/create-va", b"{}")["X-SIGNATURE"]
    assert code(merchant.call("create-va", create_body(), X_SIGNATURE=other)) == "4012700"
    assert code(merchant.call("create-va", create_body(), X_PARTNER_ID="37021")) == "4012700"
    later = stamp(datetime.now(WIB) + timedelta(seconds=2))
    assert code(merchant.call("create-va", create_body(), X_TIMESTAMP=later)) == "4012700"


def test_whitespace_between_tokens_is_not_signed(merchant: Merchant) -> None:
    body = create_body()
    compact = json.dumps(body, separators=(",", ":")).encode()
    signed = merchant.headers("POST", "/v1.0/transfer-va/create-va", compact)
    reply = requests.post(
        f"{merchant.simulator.url}/v1.0/transfer-va/create-va",
        data=json.dumps(body, indent=3),
        headers={name: str(value) for name, value in signed.items()},
        timeout=10,
    )
    assert code(reply) == "2002700"


# -- headers and fields


@pytest.mark.parametrize("name", ["X-TIMESTAMP", "X-SIGNATURE", "X-PARTNER-ID", "X-EXTERNAL-ID", "CHANNEL-ID"])
def test_a_missing_header_is_4002702(merchant: Merchant, name: str) -> None:
    without: dict[str, Any] = {name.replace("-", "_"): None}
    reply = merchant.call("create-va", create_body(), **without)
    assert code(reply) == "4002702"
    assert name in reply.json()["responseMessage"]


def test_header_formats(merchant: Merchant) -> None:
    body = create_body()
    assert code(merchant.call("create-va", body, X_TIMESTAMP="2026-11-21T09:00:00Z")) == "4002701"
    assert code(merchant.call("create-va", body, X_EXTERNAL_ID="abc")) == "4002701"
    assert code(merchant.call("create-va", body, X_EXTERNAL_ID="1" * 37)) == "4002701"
    assert code(merchant.call("create-va", body, Content_Type="text/plain")) == "4002700"
    assert code(merchant.call("create-va", b"{oops")) == "4002700"


@pytest.mark.parametrize(
    ("changed", "answer", "named_field"),
    [
        ({"trxId": None}, "4002702", "trxId"),
        ({"virtualAccountName": ""}, "4002702", "virtualAccountName"),
        ({"totalAmount": None}, "4002702", "totalAmount"),
        ({"additionalInfo": {"billDescription": None}}, "4002702", "billDescription"),
        ({"trxId": "x" * 33}, "4002701", "trxId"),
        ({"trxId": 17}, "4002701", "trxId"),
        ({"totalAmount": {"value": 50000, "currency": "IDR"}}, "4002701", "value"),
        ({"totalAmount": {"value": "50000", "currency": "IDR"}}, "4002701", "totalAmount.value"),
        ({"totalAmount": {"value": "0.00", "currency": "IDR"}}, "4002701", "totalAmount.value"),
        ({"totalAmount": {"value": "1.00", "currency": "USD"}}, "4002701", "totalAmount.currency"),
        ({"virtualAccountPhone": "+62812"}, "4002701", "virtualAccountPhone"),
        ({"expiredDate": "2020-01-01T00:00:00+07:00"}, "4002701", "expiredDate"),
        ({"expiredDate": "20301231T235959Z"}, "4002701", "expiredDate"),
        ({"additionalInfo": {"channelCode": "6011"}}, "4002701", "channelCode"),
        ({"additionalInfo": {"billDescription": "x" * 19}}, "4002701", "billDescription"),
    ],
)
def test_fields_are_checked_by_name(merchant: Merchant, changed: dict[str, Any], answer: str, named_field: str) -> None:
    reply = merchant.create(**changed)
    assert code(reply) == answer
    assert named_field in reply.json()["responseMessage"]


def test_the_same_external_id_on_one_day_is_4092700(merchant: Merchant) -> None:
    assert code(merchant.call("create-va", create_body(), X_EXTERNAL_ID="123")) == "2002700"
    assert code(merchant.call("create-va", create_body(), X_EXTERNAL_ID="123")) == "4092700"


# -- the three services


def test_create_answers_with_padded_ids_and_what_was_asked(merchant: Merchant) -> None:
    body = create_body()
    reply = merchant.call("create-va", body)
    data = reply.json()["virtualAccountData"]
    assert code(reply) == "2002700"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+07:00", reply.headers["X-TIMESTAMP"])
    assert data["partnerServiceId"] == "  370201"
    assert data["virtualAccountNo"] == data["partnerServiceId"] + data["customerNo"]
    for name in ("trxId", "totalAmount", "expiredDate", "virtualAccountName"):
        assert data[name] == body[name]
    assert "trx_id=37020" in data["additionalInfo"]["redirectUrl"]


def test_a_trx_id_is_used_once_even_in_a_race(merchant: Merchant) -> None:
    trx_id = new_trx_id()
    with ThreadPoolExecutor(4) as pool:
        codes = sorted(pool.map(lambda _: code(merchant.create(trxId=trx_id)), range(8)))
    assert codes == ["2002700"] + ["4092701"] * 7


def test_status_follows_the_life_of_an_account(merchant: Merchant) -> None:
    account = merchant.account()
    fresh = merchant.status(account)
    assert (fresh["paymentFlagStatus"], fresh["paidAmount"]["value"]) == ("03", "0.00")
    merchant.control("pay", trxId=account["trxId"], notify=False)
    paid = merchant.status(account)
    assert (paid["paymentFlagStatus"], paid["paidAmount"]["value"]) == ("00", "50000.00")
    assert paid["paymentFlagReason"] == {"english": "Success"}
    merchant.control("pay", virtualAccountNo=account["virtualAccountNo"], amount=1500, notify=False)
    assert merchant.status(account)["paidAmount"]["value"] == "51500.00"
    other = merchant.account()
    merchant.control("expire", trxId=other["trxId"])
    assert merchant.status(other)["paymentFlagStatus"] == "07"


def test_status_by_trx_id_alone_finds_what_a_lost_answer_hid(merchant: Merchant) -> None:
    body = create_body()
    merchant.control("misbehave", operation="create-va", mode="timeout_after_accept")
    with pytest.raises(requests.ReadTimeout):
        merchant.call("create-va", body, timeout=0.5)
    unknown = {"partnerServiceId": "  370201", "customerNo": "", "virtualAccountNo": "", "trxId": body["trxId"]}
    assert merchant.status(unknown)["virtualAccountNo"].startswith("  370201")


def test_status_is_strict_about_padding_and_identity(merchant: Merchant) -> None:
    account, other = merchant.account(), merchant.account()
    assert code(merchant.call("status", named(account | {"partnerServiceId": "370201"}))) == "4002601"
    assert code(merchant.call("status", named(account | {"trxId": "NOSUCHTRX"}))) == "4042601"
    assert code(merchant.call("status", named(account | {"trxId": other["trxId"]}))) == "4042612"
    unpadded = account["virtualAccountNo"].strip()
    assert code(merchant.call("status", named(account | {"virtualAccountNo": unpadded}))) == "4042612"
    number = {**named(account), "customerNo": int(account["customerNo"])}
    assert code(merchant.call("status", number)) == "4002601"
    assert code(merchant.call("status", named(account), method="GET")) == "4052600"


def test_delete_is_a_delete_with_a_body(merchant: Merchant) -> None:
    account = merchant.account()
    assert code(merchant.call("delete-va", named(account), method="DELETE")) == "4003102"
    body = named(account, reason="Customer changed the amount")
    assert code(merchant.call("delete-va", body)) == "4053100"
    reply = merchant.call("delete-va", body, method="DELETE")
    assert code(reply) == "2003100"
    ended = {"billNo": account["trxId"], "trxStatusCode": "3", "trxStatusDesc": "Order Canceled"}
    assert reply.json()["virtualAccountData"]["additionalInfo"] == ended
    assert code(merchant.call("delete-va", body, method="DELETE")) == "4043104"
    assert merchant.status(account)["paymentFlagStatus"] == "05"


def test_a_paid_account_cannot_be_deleted(merchant: Merchant) -> None:
    account = merchant.account()
    merchant.control("pay", trxId=account["trxId"], notify=False)
    assert code(merchant.call("delete-va", named(account, reason="x"), method="DELETE")) == "4043114"


# -- misbehaviour


@pytest.mark.parametrize(
    ("mode", "answer", "accepted"),
    [
        ("429", "4292700", False),
        ("unauthorized", "4012700", False),
        ("forbidden", "4032706", False),
        ("duplicate", "4092701", False),
        ("general_error", "5002700", False),
        ("in_progress", "2022700", True),
        ("504_after_accept", "5042700", True),
    ],
)
def test_codes_as_ordered(merchant: Merchant, mode: str, answer: str, accepted: bool) -> None:
    merchant.control("misbehave", operation="create-va", mode=mode)
    assert code(merchant.create()) == answer
    assert len(merchant.simulator.look("accounts")["accounts"]) == int(accepted)


def test_answers_that_lie_or_look_odd(merchant: Merchant) -> None:
    merchant.control("misbehave", operation="create-va", mode="code_2002500")
    assert merchant.create().json()["responseCode"] == "2002500"
    merchant.control("misbehave", operation="create-va", mode="wrong_amount")
    assert merchant.account()["totalAmount"]["value"] == "51000.00"
    merchant.control("misbehave", operation="create-va", mode="basic_date")
    assert re.fullmatch(r"\d{8}T\d{6}Z", merchant.account()["expiredDate"])
    merchant.control("misbehave", operation="create-va", mode="unpadded")
    assert merchant.account()["partnerServiceId"] == "370201"
    merchant.control("misbehave", operation="create-va", mode="no_data")
    assert "virtualAccountData" not in merchant.create().json()
    merchant.control("misbehave", operation="create-va", mode="code", code="4032715")
    assert code(merchant.create()) == "4032715"


@pytest.mark.parametrize("mode", ["reset_after_accept", "reset_before_accept", "cut"])
def test_connections_break(merchant: Merchant, mode: str) -> None:
    merchant.control("misbehave", operation="create-va", mode=mode)
    with pytest.raises(requests.RequestException):
        merchant.create()
    accepted = len(merchant.simulator.look("accounts")["accounts"])
    assert accepted == (mode != "reset_before_accept")


def test_every_service_can_answer_rubbish(merchant: Merchant) -> None:
    account = merchant.account()
    merchant.control("misbehave", operation="*", mode="html", times=3)
    replies = [
        merchant.create(),
        merchant.call("status", named(account)),
        merchant.call("delete-va", named(account, reason="x"), method="DELETE"),
    ]
    assert {reply.headers["Content-Type"].split(";")[0] for reply in replies} == {"text/html"}


# -- notifications


def test_a_payment_is_told_with_padded_ids_signed_over_the_canonical_path(
    told: Merchant, inbox: Inbox, tmp_path: Path
) -> None:
    account = told.account()
    told.control("pay", trxId=account["trxId"], wait=True, prefix="/api/faspay")
    [(path, headers, raw)] = inbox.received
    body = json.loads(raw)
    assert path == "/api/faspay" + PAYMENT
    assert fits(told, tmp_path, headers, raw)
    assert not fits(told, tmp_path, headers, raw.replace(b"  370201", b"370201"))
    assert body["partnerServiceId"] == "  370201"
    assert body["virtualAccountNo"] == body["paymentRequestId"] == account["virtualAccountNo"]
    assert (body["trxId"], body["paidAmount"]) == (account["trxId"], {"value": "50000.00", "currency": "IDR"})
    info = body["additionalInfo"]
    assert (info["latestTransactionStatus"], info["channelCode"]) == ("00", "702")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", info["paymentDate"])
    assert (headers["X-PARTNER-ID"], len(headers["X-EXTERNAL-ID"])) == ("37020", 35)


def test_three_attempts_until_the_answer_is_ok(told: Merchant, inbox: Inbox) -> None:
    inbox.answers += [(500, {}), (200, {"responseCode": "4042512"})]
    account = told.account()
    [sent] = told.control("pay", trxId=account["trxId"], wait=True)["notifications"]
    assert [attempt["status"] for attempt in sent["attempts"]] == [500, 200, 200]
    assert sent["accepted"] is True
    assert len({headers["X-EXTERNAL-ID"] for _, headers, _ in inbox.received}) == 1
    inbox.answers += [(503, {})] * 9
    [sent] = told.control("notify", trxId=account["trxId"], wait=True)["notifications"]
    assert (len(sent["attempts"]), sent["accepted"], sent["done"]) == (3, False, True)


def test_times_sends_that_many_and_pays_once(told: Merchant, inbox: Inbox) -> None:
    account = told.account()
    paid = told.control("pay", trxId=account["trxId"], times=4, wait=True)["account"]
    assert (paid["paidAmount"], len(paid["payments"])) == ("50000.00", 1)
    assert len({raw for _, _, raw in inbox.received}) == 1
    assert len({headers["X-EXTERNAL-ID"] for _, headers, _ in inbox.received}) == 4
    told.control("notify", trxId=account["trxId"], times=2, same_external_id=True, wait=True)
    assert len({headers["X-EXTERNAL-ID"] for _, headers, _ in inbox.received}) == 5


def test_paying_twice_is_two_payments_that_can_be_told_apart(told: Merchant, inbox: Inbox) -> None:
    account = told.account()
    told.control("pay", trxId=account["trxId"], wait=True)
    told.control("pay", trxId=account["trxId"], wait=True)
    dates = {json.loads(raw)["additionalInfo"]["paymentDate"] for _, _, raw in inbox.received}
    assert len(dates) == 2


def test_a_late_payment_is_dated_after_the_end(merchant: Merchant) -> None:
    account = merchant.account()
    [written] = merchant.control("pay", trxId=account["trxId"], late=True, send=False)["notifications"]
    paid_at = json.loads(written["body"])["additionalInfo"]["paymentDate"].replace(" ", "T") + "+07:00"
    assert datetime.fromisoformat(paid_at) > datetime.fromisoformat(account["expiredDate"])


def test_other_states_are_told_without_money(merchant: Merchant) -> None:
    account = merchant.account()
    result = merchant.control("pay", trxId=account["trxId"], status="06", send=False)
    body = json.loads(result["notifications"][0]["body"])
    assert body["additionalInfo"]["latestTransactionStatus"] == "06"
    assert (result["account"]["paid"], merchant.status(account)["paymentFlagStatus"]) == (False, "06")


def written(merchant: Merchant, mode: str) -> tuple[dict[str, str], bytes, list[dict[str, Any]]]:
    account = merchant.account()
    merchant.control("misbehave", operation="notification", mode=mode)
    found = merchant.control("pay", trxId=account["trxId"], send=False)["notifications"]
    return found[0]["headers"], found[0]["body"].encode(), found


@pytest.mark.parametrize("mode", ["bad_signature", "foreign_key", "tampered", "padding_lost", "wrong_path"])
def test_forged_notifications_do_not_verify(merchant: Merchant, tmp_path: Path, mode: str) -> None:
    headers, body, _ = written(merchant, mode)
    assert not fits(merchant, tmp_path, headers, body)


@pytest.mark.parametrize("mode", ["unpadded", "malformed", "wrong_amount", "no_amount", "glued_date", "old_timestamp"])
def test_odd_notifications_are_signed_properly(merchant: Merchant, tmp_path: Path, mode: str) -> None:
    headers, body, _ = written(merchant, mode)
    assert fits(merchant, tmp_path, headers, body)
    assert (b"  370201" in body) is (mode != "unpadded")


def test_spellings_of_the_same_json_are_signed_in_one_form(merchant: Merchant, tmp_path: Path) -> None:
    headers, body, _ = written(merchant, "escaped_slashes")
    assert b"\\/" in body
    assert fits(merchant, tmp_path, headers, body.replace(b"\\/", b"/"))
    headers, body, _ = written(merchant, "whitespace")
    assert b"\n" in body
    assert fits(merchant, tmp_path, headers, minify(body))


def test_duplicate_unsigned_and_lost_notifications(told: Merchant, inbox: Inbox) -> None:
    assert len(written(told, "duplicate")[2]) == 2
    assert "X-SIGNATURE" not in written(told, "no_signature")[0]
    account = told.account()
    told.control("misbehave", operation="notification", mode="lost")
    told.control("pay", trxId=account["trxId"], wait=True)
    assert inbox.received == []
    assert told.status(account)["paymentFlagStatus"] == "00"


def test_sign_helps_to_send_any_body(merchant: Merchant, tmp_path: Path) -> None:
    made = merchant.control("sign", body='{"a": 1}')
    assert fits(merchant, tmp_path, made, b'{"a":1}')


def test_nonsense_at_the_control_page_is_422(merchant: Merchant) -> None:
    account = merchant.account()
    for wrong in ({"trxId": "no"}, {"amount": "-1"}, {"amount": "x"}, {"status": "ok"}, {"color": "red"}):
        with pytest.raises(requests.HTTPError):
            merchant.control("pay", **({"trxId": account["trxId"]} | wrong))


# -- memory


def test_a_restart_keeps_accounts_payments_and_used_ids(tmp_path: Path) -> None:
    with start_faspay(tmp_path) as simulator:
        merchant = Merchant(simulator)
        account = merchant.account()
        assert code(merchant.call("status", named(account), X_EXTERNAL_ID="77")) == "2002600"
        merchant.control("pay", trxId=account["trxId"], notify=False)
    with start_faspay(tmp_path) as simulator:
        merchant = Merchant(simulator)
        assert merchant.status(account)["paymentFlagStatus"] == "00"
        assert code(merchant.call("status", named(account), X_EXTERNAL_ID="77")) == "4092600"
        assert code(merchant.create(trxId=account["trxId"])) == "4092701"
