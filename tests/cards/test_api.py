"""Section CardPayments of the contract as a program sees it."""

import json
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client as Caller

from accounts.models import ApiUser, Client, IdempotencyRecord
from cards.models import CardAct, CardPayment
from cards.models.states import State
from cards.providers.simulator import schemas
from cards.services import acts
from config.lib import sealing
from config.lib.clock import now
from notifications.delivery import PURPOSE
from notifications.models import CLIENT_EVENTS, WebhookDelivery, WebhookEndpoint
from tests.accounts import cast
from tests.accounts.calling import call, key_of, problem_of
from tests.cards.house import (
    ASKS,
    GOOD,
    SILENT,
    SILENT_CAPTURE,
    answer_of,
    balance,
    charge,
    problems,
    time_passes,
    work,
)
from tests.simulators import Simulator
from wallets import proof

pytestmark = pytest.mark.django_db

DETAILS = {"cardNumber": GOOD, "expiryMonth": 12, "expiryYear": 2030, "cvv": "417"}


def send(key: str, operation: str, body: Any, *, once: str = "") -> Any:
    if not once:
        return call(key, f"/api/card-payments/{operation}", "POST", body)
    return Caller(raise_request_exception=False).post(
        f"/api/card-payments/{operation}",
        json.dumps(body),
        content_type="application/json",
        headers={"Authorization": f"Bearer {key}", "Idempotency-Key": once},
    )


def token(key: str, number: str = GOOD) -> str:
    answer = send(key, "tokenize", {**DETAILS, "cardNumber": number})
    assert answer.status_code == 201, answer.content
    return str(answer.json()["token"])


def authorize(key: str, number: str = GOOD, amount: float = 100, *, once: str = "", **body: Any) -> Any:
    wanted = {"token": body.pop("token", None) or token(key, number), "amount": amount, "currency": "SLE", **body}
    return send(key, "authorize", wanted, once=once)


def test_from_a_number_to_money(shop: Client, key: str) -> None:
    told = send(key, "tokenize", DETAILS)
    assert told.status_code == 201
    assert told.json() == {
        "token": told.json()["token"],
        "brand": "Visa",
        "last4": "4242",
        "expiryMonth": 12,
        "expiryYear": 2030,
    }
    said = authorize(key, token=told.json()["token"], amount=100.5, orderId="order-1")
    assert said.status_code == 200
    body = said.json()
    assert {name: body[name] for name in ("status", "amount", "currency", "orderId", "requires3DS")} == {
        "status": "Authorized",
        "amount": 100.5,
        "currency": "SLE",
        "orderId": "order-1",
        "requires3DS": False,
    }
    assert (body["acsUrl"], body["paReq"], body["declineReason"]) == (None, None, None)
    done = send(key, "capture", {"authorizationId": body["authorizationId"], "amount": 100})
    assert done.status_code == 200
    assert (done.json()["status"], done.json()["amount"], done.json()["fee"]) == ("Captured", 100, 3.5)
    assert done.json()["authorizationId"] == body["authorizationId"]
    assert done.json()["captureId"] == str(CardAct.objects.get().public_id)
    assert done.json()["capturedAt"]
    assert balance(shop) == Decimal("96.50")
    assert [*problems(), *proof.run().problems] == []


def test_a_decline_is_an_answer(key: str) -> None:
    said = authorize(key, "4000000000009995")
    assert said.status_code == 200
    body = said.json()
    assert (body["status"], body["declineReason"]) == ("Declined", "insufficient_funds")
    assert body["declineMessage"] == "There is not enough money on the card."
    again = send(key, "capture", {"authorizationId": body["authorizationId"], "amount": 1})
    assert problem_of(again)["status"] == 409


def test_the_holder_is_asked(key: str, cards: Simulator) -> None:
    body = authorize(key, ASKS).json()
    assert (body["status"], body["requires3DS"]) == ("Requires3DS", True)
    assert body["acsUrl"].startswith(cards.url)
    payment = CardPayment.objects.get(public_id=body["authorizationId"])
    bad = send(key, "verify-3ds", {"authorizationId": body["authorizationId"], "paRes": "Y"})
    assert (problem_of(bad)["status"], list(problem_of(bad)["errors"])) == (400, ["paRes"])
    answer = {"authorizationId": body["authorizationId"], "paRes": answer_of(cards, payment)}
    good = send(key, "verify-3ds", answer)
    assert good.status_code == 200
    assert good.json() == {
        "authorizationId": body["authorizationId"],
        "status": "Authorized",
        "verified": True,
        "declineReason": None,
    }
    assert problem_of(send(key, "verify-3ds", answer))["status"] == 409


def test_the_holder_refuses(key: str, cards: Simulator) -> None:
    identity = authorize(key, ASKS).json()["authorizationId"]
    payment = CardPayment.objects.get(public_id=identity)
    said = send(key, "verify-3ds", {"authorizationId": identity, "paRes": answer_of(cards, payment, "N")})
    assert (said.status_code, said.json()["status"], said.json()["verified"]) == (200, "Declined", False)
    assert said.json()["declineReason"] == "not_confirmed"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"cardNumber": "4242424242424241"}, "cardNumber"),
        ({"cardNumber": ""}, "cardNumber"),
        ({"cardNumber": 4242424242424242}, "cardNumber"),
        ({"cardNumber": None}, "cardNumber"),
        ({"expiryMonth": 0}, "expiryMonth"),
        ({"expiryMonth": 13}, "expiryMonth"),
        ({"expiryMonth": "x"}, "expiryMonth"),
        ({"expiryYear": 2020}, "expiryYear"),
        ({"expiryYear": 2101}, "expiryYear"),
        ({"expiryYear": 2021, "expiryMonth": 1}, "expiryMonth"),
        ({"cvv": "12"}, "cvv"),
        ({"cvv": "12345"}, "cvv"),
        ({"cvv": "abc"}, "cvv"),
    ],
    ids=str,
)
def test_what_is_no_card(key: str, change: dict[str, Any], field: str) -> None:
    said = problem_of(send(key, "tokenize", DETAILS | change))
    assert (said["status"], list(said["errors"])) == (400, [field])
    assert "424242" not in json.dumps(said)


@pytest.mark.parametrize("field", list(DETAILS))
def test_every_detail_of_a_card_is_needed(key: str, field: str) -> None:
    said = problem_of(send(key, "tokenize", {name: value for name, value in DETAILS.items() if name != field}))
    assert (said["status"], list(said["errors"])) == (400, [field])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": 0}, "amount"),
        ({"amount": 1.005}, "amount"),
        ({"amount": "100"}, "amount"),
        ({"currency": "USD"}, "currency"),
        ({"currency": "SLLE"}, "currency"),
        ({"currency": ""}, "currency"),
        ({"orderId": "x" * 101}, "orderId"),
        ({"orderId": GOOD}, "orderId"),
        ({"token": ""}, "token"),
    ],
    ids=str,
)
def test_what_cannot_be_authorised(key: str, change: dict[str, Any], field: str) -> None:
    wanted = {"token": token(key), "amount": 100, "currency": "SLE", "orderId": "order-1"}
    said = problem_of(send(key, "authorize", wanted | change))
    assert (said["status"], list(said["errors"])) == (400, [field])


def test_more_than_was_authorised(key: str) -> None:
    identity = authorize(key).json()["authorizationId"]
    said = problem_of(send(key, "capture", {"authorizationId": identity, "amount": 100.01}))
    assert (said["status"], said["code"], list(said["errors"])) == (400, "too_much", ["amount"])


def test_what_is_not_theirs_is_not_there(shop: Client, key: str, play_key: str) -> None:
    kept, identity = token(key), authorize(key).json()["authorizationId"]
    stranger = key_of(cast.api_user(cast.company("Other"), "Other")).raw
    for other in (stranger, play_key):
        assert problem_of(authorize(other, token=kept))["status"] == 404
        assert problem_of(send(other, "capture", {"authorizationId": identity, "amount": 1}))["status"] == 404
        said = send(other, "verify-3ds", {"authorizationId": identity, "paRes": "Y"})
        assert problem_of(said)["status"] == 404


@pytest.mark.parametrize("identity", ["x", "00000000", str(uuid4()), "../../etc"], ids=["x", "zeros", "none", "path"])
def test_an_authorisation_that_is_none(key: str, identity: str) -> None:
    for operation, more in (("capture", {"amount": 1}), ("verify-3ds", {"paRes": "Y"})):
        said = problem_of(send(key, operation, {"authorizationId": identity, **more}))
        assert said["status"] == 404


def test_an_order_is_authorised_once(key: str) -> None:
    assert authorize(key, "4000000000000002", orderId="order-1").json()["status"] == "Declined"
    assert authorize(key, orderId="order-1").json()["status"] == "Authorized"
    assert problem_of(authorize(key, orderId="order-1"))["code"] == "order_taken"


def test_a_permission_is_needed(shop: Client, bot: ApiUser, key: str) -> None:
    bot.overrides.create(permission=cast.permission("CardPayments.Capture"), is_allowed=False)
    identity = authorize(key).json()["authorizationId"]
    assert problem_of(send(key, "capture", {"authorizationId": identity, "amount": 1}))["status"] == 403


# --- calls that are repeated


def test_an_authorisation_is_repeated_without_charging_twice(key: str, cards: Simulator) -> None:
    kept = token(key)
    first = authorize(key, token=kept, once="k-1")
    second = authorize(key, token=kept, once="k-1")
    assert first.json() == second.json()
    assert second["Idempotent-Replayed"] == "true"
    assert len(cards.look("payments")["payments"]) == 1
    assert problem_of(authorize(key, token=kept, amount=5, once="k-1"))["status"] == 409


def test_nobody_knows_at_first_and_the_same_key_hears_the_truth(key: str, cards: Simulator) -> None:
    kept = token(key, SILENT)
    first = authorize(key, token=kept, once="k-1", orderId="order-1")
    said = problem_of(first)
    assert (said["status"], said["code"], said["title"]) == (503, "outcome_unknown", "Service Unavailable")
    payment = CardPayment.objects.get()
    assert (said["authorizationId"], payment.state) == (str(payment.public_id), State.IN_DOUBT)
    assert problem_of(authorize(key, token=kept, orderId="order-1"))["code"] == "order_taken"
    again = authorize(key, token=kept, once="k-1", orderId="order-1")
    assert again.json()["authorizationId"] == str(payment.public_id)
    assert again.json()["status"] == "Authorized"
    assert len(cards.look("payments")["payments"]) == 1


def test_a_capture_that_nobody_knows_of(shop: Client, key: str, cards: Simulator) -> None:
    identity = authorize(key, SILENT_CAPTURE).json()["authorizationId"]
    wanted = {"authorizationId": identity, "amount": 100}
    assert problem_of(send(key, "capture", wanted, once="k-2"))["status"] == 503
    assert problem_of(send(key, "capture", wanted))["status"] == 409
    again = send(key, "capture", wanted, once="k-2")
    assert (again.status_code, again.json()["status"]) == (200, "Captured")
    assert balance(shop) == Decimal("96.50")
    assert len(CardAct.objects.all()) == 1


def test_a_call_that_died_is_taken_up_under_its_reference(
    key: str, cards: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = token(key)

    def dies(*given: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("cards.processing.moving.settle", dies)
        with pytest.raises(KeyboardInterrupt):
            authorize(key, token=kept, once="k-1")
    assert IdempotencyRecord.objects.get().status is None
    assert problem_of(authorize(key, token=kept, once="k-1"))["status"] == 503
    time_passes(30)
    work()
    again = authorize(key, token=kept, once="k-1")
    assert again.json()["status"] == "Authorized"
    assert len(cards.look("payments")["payments"]) == 1


def test_a_call_that_died_is_not_made_anew_while_cards_are_closed(
    key: str, cards: Simulator, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, address = token(key), settings.CARD_PROCESSOR_URL

    def dies(*given: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("cards.processing.moving.settle", dies)
        with pytest.raises(KeyboardInterrupt):
            authorize(key, token=kept, once="k-1")
    time_passes(30)
    settings.CARD_PROCESSOR_URL = ""
    assert problem_of(authorize(key, token=kept, once="k-1"))["code"] == "outcome_unknown"
    settings.CARD_PROCESSOR_URL = address
    time_passes(30)
    assert authorize(key, token=kept, once="k-1").json()["status"] == "Authorized"
    assert len(cards.look("payments")["payments"]) == 1


def test_an_answer_to_a_challenge_is_repeated(key: str, cards: Simulator) -> None:
    identity = authorize(key, ASKS).json()["authorizationId"]
    payment = CardPayment.objects.get(public_id=identity)
    wanted = {"authorizationId": identity, "paRes": answer_of(cards, payment)}
    first, second = send(key, "verify-3ds", wanted, once="k-3"), send(key, "verify-3ds", wanted, once="k-3")
    assert first.json() == second.json()
    assert second.json()["verified"] is True


def test_a_refused_capture_is_a_conflict(key: str, cards: Simulator) -> None:
    identity = authorize(key).json()["authorizationId"]
    cards.control("misbehave", operation="captures", mode="invalid", times=1)
    said = problem_of(send(key, "capture", {"authorizationId": identity, "amount": 1}))
    assert (said["status"], said["code"]) == (409, "refused_by_processor")
    assert send(key, "capture", {"authorizationId": identity, "amount": 1}).status_code == 200


def test_closed_without_a_processor(key: str, settings: Any) -> None:
    kept, settings.CARD_PROCESSOR_URL = token(key), ""
    assert problem_of(authorize(key, token=kept))["code"] == "cards_closed"


# --- what the client's program is told


def test_the_clients_program_is_told(shop: Client, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("celery.app.task.Task.apply_async", lambda *args, **kwargs: None)
    listen(shop)
    authorize(key, "4000000000000002")
    identity = authorize(key).json()["authorizationId"]
    send(key, "capture", {"authorizationId": identity, "amount": 60})
    acts.refund(payment=CardPayment.objects.get(public_id=identity), amount=Decimal(20), note="one of three")
    rows = list(WebhookDelivery.objects.order_by("pk"))
    assert [row.event for row in rows] == ["card.declined", "card.captured", "card.refunded"]
    _declined, captured, last = (json.loads(bytes(row.body))["data"] for row in rows)
    assert captured["version"] < last["version"]
    assert (last["authorizationId"], last["capturedAmount"], last["refund"]) == (identity, 60, 20)


def listen(shop: Client) -> None:
    WebhookEndpoint.objects.create(
        client=shop,
        is_sandbox=False,
        url="https://shop.example/hook",
        events=list(CLIENT_EVENTS),
        secret=sealing.seal(PURPOSE, "whsec_for_a_test"),
        secret_set_at=now(),
    )


def test_each_end_of_a_payment_is_told_once(shop: Client, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("celery.app.task.Task.apply_async", lambda *args, **kwargs: None)
    listen(shop)
    ends = {"voided": charge(shop), "expired": charge(shop), "captured": charge(shop), "declined": charge(shop, ASKS)}
    acts.capture(payment=ends["captured"], amount=Decimal(10))
    acts.void(payment=ends["voided"])
    time_passes(8 * 24 * 3600)
    for _turn in range(3):
        work()
    heard = WebhookDelivery.objects.order_by("event").values_list("event", "subject")
    assert list(heard) == [(f"card.{end}", str(ends[end].public_id)) for end in sorted(ends)]


@pytest.mark.parametrize(
    ("url", "is_one"),
    [
        ("https://bank.example/acs?a=b;c", True),
        ("http://127.0.0.1:8103/acs/1", True),
        ("https://bank.example; script-src *", False),
        ("https://bank.example;frame-src*/x", False),
        ("https://user@bank.example/", False),
        ("https://bank.example/a b", False),
        ("https://bank.example/\r\nX: y", False),
        ("javascript:alert(1)", False),
        ("//bank.example/", False),
        ("https:///acs", False),
    ],
)
def test_a_holder_is_led_to_plain_addresses_only(url: str, is_one: bool) -> None:
    row = {"reference": "CP1", "status": "challenge", "acsUrl": url, "paReq": "x", "amount": "1.00", "currency": "SLE"}
    row["challengeUntil"] = now().isoformat()
    if is_one:
        assert schemas.payment("CP1", row).acs_url == url
        return
    with pytest.raises(schemas.Strange):
        schemas.payment("CP1", row)
