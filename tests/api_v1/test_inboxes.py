"""Inboxes over the compatible API: what is answered, and what stands in the rows afterwards."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Customer
from config.lib.clock import now, wib
from otp import wire
from otp.delivery import money
from otp.models import Order, State
from tests.api_v1.calling import Json, Program, data_of, refusal_of
from tests.otp.helpers import age, due_now, fresh, look, wallet
from tests.otp.making import make_order
from tests.simulators import Simulator

pytestmark = pytest.mark.django_db

SITE = "openai.com"


def domains(program: Program) -> list[Json]:
    found: list[Json] = data_of(program.get("/s3/domains", site=SITE))["domains"]
    return sorted((one for one in found if one["stock"]), key=lambda one: -int(one["cancel_fee"]))


def rented(program: Program, **body: Any) -> Json:
    chosen = {} if "domains" in body else {"domain": domains(program)[0]["domain"]}
    return data_of(program.post("/order/email-create", **{"site": SITE, **chosen, **body}))


def order_of(ref: str) -> Order:
    return next(order for order in Order.objects.all() if wire.ref_of(order) == ref)


def checked(program: Program, ref: str) -> Json:
    return data_of(program.get("/order/email-check", ref=ref))


def deliver(shop: Simulator, ref: str, code: str = "004217", **more: Any) -> None:
    order = order_of(ref)
    mail = {"sender": "no-reply@openai.com", "subject": "Sign in", "text": f"Your code: {code}", **more}
    shop.control("mail/deliver", ref=order.provider_order_id, **mail)
    due_now(order)
    look(order)


def test_an_inbox_is_rented(program: Program, ayu: Customer, shop: Simulator) -> None:
    domain = domains(program)[0]
    told = rented(program, domain=domain["domain"])
    order = Order.objects.get()
    assert told["ref"].startswith("APIE-")
    assert len(told["ref"]) >= 13
    brief = {
        "ref": wire.ref_of(order),
        "site": SITE,
        "domain": domain["domain"],
        "email": order.mail_address,
        "price": domain["price"],
        "status": "pending",
        "created_at": wib(order.created_at),
        "expires_at": wib(order.expires_at or now()),
    }
    assert told == {**brief, "orders": [brief], "failed_count": 0}
    assert checked(program, told["ref"]) == {
        **brief,
        "server": 3,
        "cancel_fee": domain["cancel_fee"],
        "otp_code": None,
        "headline": None,
        "preview": None,
        "messages": [],
        "finished_at": None,
        "refunded": False,
        "refund_amount": 0,
    }
    assert wallet(ayu) == (Decimal(100_000), Decimal(domain["price"]))


def test_several_are_several_orders(program: Program, ayu: Customer, shop: Simulator) -> None:
    told = rented(program, qty=3)
    assert told.keys() == {"orders", "failed_count"}
    assert (len(told["orders"]), told["failed_count"]) == (3, 0)
    assert len({one["email"] for one in told["orders"]}) == len({one["ref"] for one in told["orders"]}) == 3
    assert wallet(ayu)[1] == sum(one["price"] for one in told["orders"])


def test_those_that_failed_are_counted_and_paid_back(program: Program, ayu: Customer, shop: Simulator) -> None:
    shop.control("misbehave", operation="order/email-create", mode="out_of_stock", times=1)
    told = rented(program, qty=2)
    assert (len(told["orders"]), told["failed_count"]) == (1, 1)
    assert wallet(ayu)[1] == told["orders"][0]["price"]
    assert sorted(Order.objects.values_list("state", flat=True)) == [State.FAILED, State.PENDING]


def test_when_none_can_be_had_it_is_a_refusal(program: Program, ayu: Customer, shop: Simulator) -> None:
    shop.control("misbehave", operation="order/email-create", mode="out_of_stock", times=2)
    domain = domains(program)[0]["domain"]
    refusal_of(program.post("/order/email-create", site=SITE, domain=domain, qty=2), 409, "OUT_OF_STOCK")
    assert wallet(ayu) == (Decimal(100_000), Decimal(0))


def test_of_several_domains_the_one_obtained_is_paid(program: Program, ayu: Customer, shop: Simulator) -> None:
    chosen = domains(program)[:3]
    told = rented(program, domains=[one["domain"] for one in chosen])
    prices = {one["domain"]: one["price"] for one in chosen}
    assert told["price"] == prices[told["domain"]]
    deliver(shop, told["ref"])
    assert wallet(ayu) == (Decimal(100_000 - told["price"]), Decimal(0))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "site"),
        ({"site": SITE}, "domain"),
        ({"site": "not a site", "domain": "outlook.com"}, "site"),
        ({"site": SITE, "domain": "outlook.com", "qty": 0}, "qty"),
        ({"site": SITE, "domain": "outlook.com", "qty": 11}, "qty"),
        ({"site": SITE, "domain": "outlook.com", "qty": True}, "qty"),
        ({"site": SITE, "domain": "outlook.com", "subject": "x" * 256}, "subject"),
        ({"site": SITE, "domain": "outlook.com", "regex": "x" * 256}, "regex"),
        ({"site": SITE, "domain": "outlook.com", "regex": "(unclosed"}, "regex"),
        ({"site": SITE, "domain": "outlook.com", "regex": r"(a)\1"}, "regex"),
        ({"site": SITE, "domains": ["x"] * 21}, "domains"),
        ({"site": SITE, "domains": "outlook.com"}, "domains"),
        ({"site": SITE, "domains": [5]}, "domains[0]"),
    ],
    ids=lambda value: str(value)[:70],
)
def test_what_is_wrong_is_named(program: Program, shop: Simulator, body: Json, field: str) -> None:
    told = refusal_of(program.post("/order/email-create", **body), 422, "VALIDATION_ERROR")
    assert field in told["details"]["fields"]
    assert not Order.objects.exists()


def test_a_mail_is_text_with_its_code(program: Program, shop: Simulator) -> None:
    ref = rented(program)["ref"]
    deliver(shop, ref, text="<p>Your <b>code</b>: 004217</p><img src='https://tracker.example/x.gif'>")
    told = checked(program, ref)
    assert (told["status"], told["otp_code"], told["headline"]) == ("received", "004217", "004217")
    (mail,) = told["messages"]
    assert mail.keys() == {"from", "subject", "text", "otp", "link", "received_at"}
    assert (mail["from"], mail["subject"], mail["otp"]) == ("no-reply@openai.com", "Sign in", "004217")
    assert "<" not in mail["text"]
    assert "tracker" not in mail["text"]
    assert told["preview"] == mail["text"][:160]


def test_one_more_mail_is_awaited_for_nothing(program: Program, ayu: Customer, shop: Simulator) -> None:
    ref = rented(program)["ref"]
    refusal_of(program.post("/order/email-reorder", ref=ref), 409, "CONFLICT")
    deliver(shop, ref)
    paid = wallet(ayu)
    told = data_of(program.post("/order/email-reorder", ref=ref, key="again"))
    assert (told["status"], len(told["messages"])) == ("pending", 1)
    assert told == data_of(program.post("/order/email-reorder", ref=ref, key="again"))
    assert fresh(order_of(ref)).state == State.OTP_RECEIVED
    refusal_of(program.post("/order/email-cancel", ref=ref), 409, "ORDER_NOT_PENDING")
    deliver(shop, ref, "990011")
    told = checked(program, ref)
    assert (told["status"], told["otp_code"]) == ("received", "990011")
    assert [one["otp"] for one in told["messages"]] == ["004217", "990011"]
    assert wallet(ayu) == paid


def test_cancelling_keeps_the_fee(program: Program, ayu: Customer, shop: Simulator) -> None:
    domain = domains(program)[0]
    assert domain["cancel_fee"] > 0
    ref = rented(program, domain=domain["domain"])["ref"]
    told = data_of(program.post("/order/email-cancel", ref=ref))
    fee = domain["cancel_fee"]
    assert told == {
        "ref": ref,
        "status": "cancelled",
        "refund_amount": domain["price"] - fee,
        "cancel_fee": fee,
        "balance": 100_000 - fee,
    }
    assert wallet(ayu) == (Decimal(100_000 - fee), Decimal(0))
    refusal_of(program.post("/order/email-cancel", ref=ref), 409, "ORDER_NOT_PENDING")


def test_an_empty_inbox_expires_and_is_paid_back(program: Program, ayu: Customer, shop: Simulator) -> None:
    ref = rented(program)["ref"]
    order = order_of(ref)
    shop.control("mail/expire", ref=order.provider_order_id)
    age(order, expires_at=timedelta(minutes=30))
    due_now(order)
    look(order)
    told = checked(program, ref)
    assert (told["status"], told["refunded"], told["refund_amount"]) == ("expired", True, told["price"])
    assert wallet(ayu) == (Decimal(100_000), Decimal(0))


def test_finishing_needs_a_mail_and_may_be_repeated(program: Program, shop: Simulator) -> None:
    ref = rented(program)["ref"]
    refusal_of(program.post("/order/email-finish", ref=ref), 409, "CONFLICT")
    deliver(shop, ref)
    for _time in range(2):
        assert data_of(program.post("/order/email-finish", ref=ref)) == {"ref": ref, "status": "success"}


def test_a_number_is_no_inbox_nor_the_reverse(program: Program, shop: Simulator) -> None:
    ref = rented(program)["ref"]
    refusal_of(program.get("/order/check", order_id=order_of(ref).pk), 404, "NOT_FOUND")
    number = Order.objects.get(pk=data_of(program.post("/order/create", product_id=1071))["order_id"])
    refusal_of(program.get("/order/email-check", ref=wire.ref_of(number)), 404, "NOT_FOUND")


@pytest.mark.parametrize("ref", ["", "x", "APIE-", "APIE-3-xxx", "APIE-" + "0" * 32, "apie-" + "0" * 32])
def test_what_is_no_ref_is_not_found(program: Program, ref: str) -> None:
    refusal_of(program.get("/order/email-check", ref=ref), 404, "NOT_FOUND")
    for path in ("/order/email-cancel", "/order/email-finish", "/order/email-reorder"):
        refusal_of(program.post(path, ref=ref), 404, "NOT_FOUND")


def test_somebody_elses_inbox_is_not_there(program: Program, stranger: Program, shop: Simulator) -> None:
    ref = rented(program)["ref"]
    refusal_of(stranger.get("/order/email-check", ref=ref), 404, "NOT_FOUND")
    for path in ("/order/email-cancel", "/order/email-finish", "/order/email-reorder"):
        refusal_of(stranger.post(path, ref=ref), 404, "NOT_FOUND")
    assert fresh(order_of(ref)).state == State.PENDING


@pytest.mark.parametrize("domain", ["Mail.com", "nowhere.example"])
def test_the_price_that_is_told_is_the_price_that_was_paid(ayu: Customer, domain: str) -> None:
    """The supplier writes the domain in its own way, or gives one that nobody asked for."""
    terms = [("mail.com", "500", "400"), ("outlook.com", "900", "800")]
    rows = [{"domain": name, "price": price, "cost": cost, "cancel_fee": "0"} for name, price, cost in terms]
    paid = Decimal(500)
    known = {"server": 3, "domains": rows, "domain": domain, "price": Decimal(900)}
    order = make_order(ayu, state=State.OTP_RECEIVED, charged=paid, **known)
    assert money.obtained(order)[1] == paid
    assert wire.mail_object(order)["price"] == int(paid)
