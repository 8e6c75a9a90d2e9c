"""The notes that the simulated OTPZap sends (OTPZap contract 10 and 12.1)."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
import requests

from tests.sandbox.merchant import Inbox
from tests.sandbox.shop import Shop

SECRET = "00112233445566778899aabbccddeeff0011223344556677"


@pytest.fixture
def told(shop: Shop, inbox: Inbox) -> Shop:
    """A shop whose notes arrive in the inbox; the control calls wait for them."""
    shop.control("webhook", url=f"{inbox.url}/hook", secret=SECRET)
    shop.control("settings", webhook_retry_seconds=0, cancel_cooldown_seconds=0)
    return shop


def plain(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def test_a_code_is_told_with_the_order(told: Shop, inbox: Inbox) -> None:
    order_id = told.buy()["order_id"]
    told.control("deliver", order_id=order_id, code="004711", wait=True)
    _path, headers, body = inbox.received[0]
    assert headers["X-Webhook-Signature"] == plain(body)
    note = json.loads(body)
    assert set(note) == {"id", "event", "timestamp", "data"}
    assert note["event"] == "order.otp_received"
    assert note["id"].startswith("evt_")
    assert note["timestamp"].endswith("Z")
    assert note["data"] == told.check(order_id)


def test_every_step_has_its_event(told: Shop, inbox: Inbox) -> None:
    used, cancelled, old = (told.buy()["order_id"] for _ in range(3))
    told.control("deliver", order_id=used, code="1", wait=True)
    told.post("order/finish", order_id=used)
    told.post("order/cancel", order_id=cancelled)
    new = told.data(told.post("order/replace", order_id=old))["order_id"]
    topup = told.data(told.post("topup/create", amount=5_000))["order_id"]
    told.control("topup/pay", order_id=topup, wait=True)
    sent = {(row["event"], row["about"]) for row in deliveries(told)}
    assert sent == {
        ("order.otp_received", str(used)),
        ("order.finished", str(used)),
        ("order.cancelled", str(cancelled)),
        ("order.replaced", str(new)),
        ("deposit.success", topup),
    }
    replaced = json.loads(next(row["body"] for row in deliveries(told) if row["event"] == "order.replaced"))
    assert (replaced["data"]["old_order_id"], replaced["data"]["new_order_id"]) == (old, new)


def test_failures_and_mail_are_not_told(told: Shop) -> None:
    told.control("fail", order_id=told.buy()["order_id"], wait=True)
    told.control("mail/deliver", ref=told.inbox()["ref"], code="1")
    assert deliveries(told) == []
    told.control("settings", tell_failures=1)
    failed = told.control("fail", order_id=told.buy()["order_id"], wait=True)
    assert [row["event"] for row in failed["deliveries"]] == ["order.cancelled"]


def test_only_what_was_asked_for_is_told(told: Shop) -> None:
    told.control("webhook", events=["order.cancelled"])
    told.control("deliver", order_id=told.buy()["order_id"], code="1", wait=True)
    assert deliveries(told) == []
    told.control("webhook", events=["*"], is_active=False)
    told.control("deliver", order_id=told.buy()["order_id"], code="1", wait=True)
    told.control("webhook", is_active=True)
    told.control("settings", webhook_quiet=1)
    told.control("deliver", order_id=told.buy()["order_id"], code="1", wait=True)
    assert deliveries(told) == []


def test_a_note_nobody_takes_comes_again_with_the_same_id(told: Shop, inbox: Inbox) -> None:
    inbox.answers = [(500, {}), (302, {})]
    told.control("deliver", order_id=told.buy()["order_id"], code="1", wait=True)
    assert len({json.loads(body)["id"] for _path, _headers, body in inbox.received}) == 1
    (row,) = deliveries(told)
    assert [attempt["status"] for attempt in row["attempts"]] == [500, 302, 200]
    assert row["accepted"] is True


def test_after_so_many_lost_notes_it_falls_silent(told: Shop, inbox: Inbox) -> None:
    told.control("settings", webhook_off_after=2, webhook_attempts=1)
    inbox.answers = [(500, {})] * 2
    order_id = told.buy()["order_id"]
    for code in "123":
        told.control("deliver", order_id=order_id, code=code, wait=True)
    assert len(inbox.received) == 2
    told.control("webhook", is_active=True)
    told.control("deliver", order_id=order_id, code="4", wait=True)
    assert len(inbox.received) == 3


def test_the_vector_of_the_contract(told: Shop, inbox: Inbox) -> None:
    """The body of section 12.1 has its signature by the same secret."""
    body = (
        b'{"event":"order.otp_received","timestamp":"2026-05-28T20:26:40Z","data":{"order_id":65,"otp_code":"123456"}}'
    )
    assert plain(body) == "sha256=c73726a8f3f47fec4288f19cc3898429e9e23d06018411476e388ba291e88440"
    told.control("deliver", order_id=told.buy()["order_id"], code="1", wait=True)
    assert inbox.received[0][1]["X-Webhook-Signature"] == plain(inbox.received[0][2])


def test_the_signature_can_look_otherwise(told: Shop, inbox: Inbox) -> None:
    told.control("settings", signature_header="X-Signature", signature_prefix="", signature_encoding="base64")
    told.control("settings", standard_headers=1)
    told.control("deliver", order_id=told.buy()["order_id"], code="1", wait=True)
    _path, headers, body = inbox.received[0]
    mac = hmac.new(SECRET.encode(), body, hashlib.sha256).digest()
    assert headers["X-Signature"] == base64.b64encode(mac).decode()
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    standard = hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(standard).decode()


@pytest.mark.parametrize("mode", ["bad_signature", "no_signature", "foreign_secret", "sha1", "tampered"])
def test_notes_not_to_be_believed(told: Shop, inbox: Inbox, mode: str) -> None:
    told.control("misbehave", operation="webhook", mode=mode)
    told.control("deliver", order_id=told.buy()["order_id"], code="1", wait=True)
    _path, headers, body = inbox.received[0]
    assert headers.get("X-Webhook-Signature") != plain(body)


@pytest.mark.parametrize(
    "mode",
    [
        *("malformed", "not_object", "duplicate_keys", "nan", "huge", "numbers", "no_order"),
        *("unknown_order", "unknown_event", "no_event", "lying"),
    ],
)
def test_odd_notes_are_signed_all_the_same(told: Shop, inbox: Inbox, mode: str) -> None:
    order_id = told.buy()["order_id"]
    told.control("webhook/send", order_id=order_id, event="order.finished", mode=mode, wait=True)
    _path, headers, body = inbox.received[0]
    assert headers["X-Webhook-Signature"] == plain(body)
    assert told.check(order_id)["status"] == "pending"


def test_notes_are_lost_doubled_and_out_of_order(told: Shop, inbox: Inbox) -> None:
    order_id = told.buy()["order_id"]
    for mode in ("lost", "duplicate", "out_of_order"):
        told.control("misbehave", operation="webhook", mode=mode)
        told.control("deliver", order_id=order_id, code="1", wait=True)
    ids = [json.loads(body)["id"] for _path, _headers, body in inbox.received]
    assert len(ids) == 4
    assert ids[0] == ids[1]
    assert json.loads(inbox.received[-1][2])["data"]["status"] == "pending"


def test_the_same_note_can_be_sent_again(told: Shop, inbox: Inbox) -> None:
    order_id = told.buy()["order_id"]
    told.control("deliver", order_id=order_id, code="1", wait=True)
    told.control("webhook/again", about=str(order_id), times=2, wait=True)
    assert len({body for _path, _headers, body in inbox.received}) == 1
    assert len(inbox.received) == 3


def test_a_note_can_be_written_without_being_sent(told: Shop, inbox: Inbox) -> None:
    made = told.control("deliver", order_id=told.buy()["order_id"], code="1", send=False)["deliveries"]
    assert made[0]["event"] == "order.otp_received"
    assert inbox.received == []


@pytest.mark.parametrize("wrong", [{"order_id": 1}, {"topup": "x"}, {"mode": "dance"}, {}])
def test_bad_notes_are_refused(told: Shop, wrong: dict[str, Any]) -> None:
    with pytest.raises(requests.HTTPError):
        told.control("webhook/send", **wrong)


def deliveries(shop: Shop) -> list[dict[str, Any]]:
    return list(shop.simulator.look("deliveries")["deliveries"])
