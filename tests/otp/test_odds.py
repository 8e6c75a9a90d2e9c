"""What is learnt from orders: what counts, what does not, and how it is told."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Customer
from config.lib.ids import new_reference
from otp import odds, tasks
from otp.models import Odds, Order, Reason, State
from otp.odds import Book, Chance

NOW = timezone.now()
HOUR = timedelta(hours=1)


def _order(customer: Customer, *, ago: timedelta = HOUR, wait: float | None = None, **fields: Any) -> Order:
    """An order as it stands in the table after it is over; ``wait`` seconds from number to code."""
    reference, started = new_reference("OTP"), timezone.now() - ago
    came = None if wait is None else started + timedelta(seconds=wait)
    ending = {"state": State.EXPIRED, "reason": Reason.NO_CODE} if came is None else {"state": State.SUCCESS}
    about = {
        "server": 1,
        "product_id": "1071",
        "service_id": "1",
        "service_name": "WhatsApp",
        "country_id": "7",
        "country_name": "Indonesia",
        "provider_order_id": reference[-20:],
    }
    row = {
        "reference": reference,
        "hold_reference": f"{reference}-hold",
        "customer": customer,
        "idempotency_key": reference,
        "cost": Decimal(4500),
        "price": Decimal(5400),
        "created_at": started,
        "sent_at": started,
        "activated_at": started,
        "captured_at": came,
        "code_count": 0 if came is None else 1,
        "charged": 0 if came is None else Decimal(5400),
        "finished_at": started + timedelta(minutes=20),
    }
    return Order.objects.create(**{**row, **about, **ending, **fields})


def _learnt(**where: Any) -> tuple[int, int] | None:
    odds.learn()
    row = Odds.objects.filter(**{"server": 1, "service_id": "1", "country_id": "", "operator_id": "", **where}).first()
    return (row.orders, row.delivered) if row else None


def test_every_group_has_its_count_and_waits(customer: Customer) -> None:
    for wait in (10, 20, 30, 40, 50, 60, 70, 80, 90, 600):
        _order(customer, wait=wait)
    _order(customer)
    _order(customer, product_id="1072", wait=5)
    _order(customer, country_id="12", product_id="1121")
    assert tasks.learn_odds() is None
    row = Odds.objects.get(operator_id="1071")
    assert (row.orders, row.delivered, row.median_seconds, row.p90_seconds) == (11, 10, 50, 90)
    assert [_learnt(country_id="7"), _learnt(country_id="12"), _learnt()] == [(12, 11), (1, 0), (13, 11)]
    assert Odds.objects.get(operator_id="1121").median_seconds is None


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({"reason": Reason.NUMBER_FAILED, "state": State.FAILED}, True),
        ({"reason": Reason.CANCELLED_BY_SUPPLIER, "state": State.CANCELLED}, True),
        ({"reason": Reason.WITHHELD, "state": State.EXPIRED}, False),
        ({"reason": Reason.SETTLED_BY_STAFF, "state": State.FAILED}, False),
        ({"reason": Reason.REPLACEMENT_LOST, "state": State.CANCELLED}, False),
        ({"ago": timedelta(minutes=29)}, False),
        ({"ago": timedelta(days=31)}, False),
        ({"ago": timedelta(days=29)}, True),
        ({"activated_at": None, "state": State.FAILED, "reason": Reason.OUT_OF_STOCK}, False),
    ],
    ids=["failed", "taken back", "withheld", "staff", "lost", "young", "old", "old enough", "never had a number"],
)
def test_what_counts_against_an_offer(customer: Customer, fields: dict[str, Any], counts: bool) -> None:
    _order(customer, **fields)
    assert _learnt() == ((1, 0) if counts else None)


@pytest.mark.parametrize(("seconds", "counts"), [(10, False), (29, False), (31, True), (600, True)])
@pytest.mark.parametrize("asked", ["cancel_requested_at", "replace_requested_at"])
def test_who_gives_up_at_once_has_not_tried(customer: Customer, asked: str, seconds: int, counts: bool) -> None:
    order = _order(customer, state=State.CANCELLED, reason=Reason.CANCELLED_BY_CUSTOMER)
    Order.objects.filter(pk=order.pk).update(**{asked: F("activated_at") + timedelta(seconds=seconds)})
    assert _learnt() == ((1, 0) if counts else None)


def test_who_wanted_to_cancel_and_got_the_code_had_success(customer: Customer) -> None:
    order = _order(customer, wait=20)
    Order.objects.filter(pk=order.pk).update(cancel_requested_at=F("activated_at"))
    assert _learnt() == (1, 1)


def test_the_sandbox_teaches_nothing(customer: Customer) -> None:
    play = Customer.objects.create(user=customer.user, is_sandbox=True)
    _order(play, wait=1)
    assert _learnt() is None


def test_operators_special_numbers_and_mail_domains_stand_apart(customer: Customer) -> None:
    second: dict[str, Any] = {"server": 2, "product_id": "", "service_id": "wa"}
    _order(customer, wait=1, **second, operator_id="telkomsel")
    _order(customer, **second)
    _order(customer, **second, operator_id="ANY")
    _order(customer, wait=1, **{**second, "is_special": True, "country_id": ""})
    mail: dict[str, Any] = {"server": 3, "product_id": "", "service_id": "openai.com", "country_id": ""}
    _order(customer, wait=9, **mail, domain="outlook.com", domains=[{"domain": "gmail.com"}, {"domain": "outlook.com"}])
    _order(customer, **mail, domains=[{"domain": "gmail.com"}])
    odds.learn()
    found = {(row.server, row.country_id, row.operator_id): (row.orders, row.delivered) for row in Odds.objects.all()}
    assert found == {
        (2, "7", "telkomsel"): (1, 1),
        (2, "7", "any"): (2, 0),
        (2, "", "special"): (1, 1),
        (2, "7", ""): (3, 1),
        (2, "", ""): (4, 2),
        (3, "", "outlook.com"): (1, 1),
        (3, "", "gmail.com"): (1, 0),
        (3, "", ""): (2, 1),
    }


def test_learning_again_forgets_what_is_over(customer: Customer) -> None:
    old = _order(customer, wait=3)
    assert _learnt(operator_id="1071", country_id="7") == (1, 1)
    Order.objects.filter(pk=old.pk).update(activated_at=F("activated_at") - timedelta(days=40))
    _order(customer, product_id="1072")
    assert _learnt(operator_id="1071", country_id="7") is None
    assert _learnt(operator_id="1072", country_id="7") == (1, 0)


# --- how it is told ----------------------------------------------------------------------------------------------


def _row(orders: int, delivered: int, **where: Any) -> Odds:
    about = {"server": 1, "service_id": "1", "country_id": "7", "operator_id": "1071", **where}
    return Odds(orders=orders, delivered=delivered, as_of=NOW, **about)


def test_an_offer_borrows_from_its_place_and_a_mail_domain_from_nobody() -> None:
    few, around = _row(2, 2), _row(40, 20, operator_id="")
    assert Book([few, around]).of(1, "1", "7", "1071") == Chance(40, 20, wider=True)
    assert Book([few]).of(1, "1", "7", "1071") == Chance(2, 2)
    assert Book([_row(5, 1), around]).of(1, "1", "7", "1071") == Chance(5, 1)
    assert Book([]).of(1, "1", "7", "1071") is None
    site = {"server": 3, "service_id": "openai.com", "country_id": ""}
    rows = [_row(2, 2, **site, operator_id="x.com"), _row(90, 9, **site, operator_id="")]
    assert Book(rows).of(3, "openai.com", "", "x.com") == Chance(2, 2)


def test_few_orders_do_not_beat_many() -> None:
    book = Book([])
    ranked = [Chance(200, 180), Chance(3, 3), None, Chance(20, 2)]
    rates = [book.expectation(chance) for chance in ranked]
    assert rates == sorted(rates, reverse=True)
    assert book.expectation(None, usual=Decimal(96)) == pytest.approx(0.96)
    assert book.expectation(Chance(100, 0), usual=Decimal(100)) < 0.1


def test_no_rate_under_five_and_no_tail_under_ten() -> None:
    assert not Chance(4, 4).enough
    assert Chance(5, 4).enough
    assert Chance(9, 9, 10, 99).slowest_seconds is None
    assert Chance(30, 10, 10, 99).slowest_seconds == 99
    assert Chance(200, 199).percent == 99


@given(st.integers(1, 5000), st.data())
def test_the_interval_holds_the_rate_and_narrows_with_orders(orders: int, data: Any) -> None:
    delivered = data.draw(st.integers(0, orders))
    low, high = Chance(orders, delivered).between
    assert 0 <= low <= 100 * delivered / orders <= high <= 100
    more = Chance(orders * 9, delivered * 9)
    assert more.between[1] - more.between[0] <= high - low
    assert more.width == more.between[1] - more.between[0]
