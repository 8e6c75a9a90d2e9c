"""Server 2, its special services, and inboxes: bought, paid once, ended."""

from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.models import Customer
from otp import services
from otp.errors import CodeArrived, DuplicateWithOtherContent, NotPossible, PriceChanged, ShortOfBalance
from otp.models import Order, State
from otp.wanted import Wanted
from tests.otp.helpers import (
    INBOX,
    OPERATOR,
    SPECIAL,
    activations,
    age,
    break_next,
    buy,
    deliver,
    deliver_mail,
    fresh,
    fund,
    hold_of,
    inboxes,
    look,
    place,
    shown_price,
    wallet,
)
from tests.simulators import Simulator

# --- Server 2 ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", [OPERATOR, SPECIAL], ids=["operator", "special"])
def test_a_number_of_server_2_lives_on_after_its_first_code(
    shop: Simulator, ayu: Customer, wanted: dict[str, object]
) -> None:
    order = buy(ayu, **wanted)
    [there] = activations(shop, order)
    assert (there["server"], there["operator_id"]) == (2, wanted.get("operator_id"))
    assert order.phone_number == there["phone_number"]
    deliver(shop, order, "111111")
    order = look(order)
    assert activations(shop, order)[0]["status"] == "success"
    assert order.state == State.OTP_RECEIVED
    deliver(shop, order, "222222")
    order = look(order)
    assert [code.code for code in order.codes.all()] == ["111111", "222222"]
    assert wallet(ayu) == (Decimal(100_000) - order.price, Decimal(0))
    services.finish_order(order=order)
    assert look(order).state == State.SUCCESS


def test_the_window_ends_a_delivered_number_of_server_2(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu, **OPERATOR)
    deliver(shop, order)
    look(order)
    shop.control("expire", order_id=int(order.provider_order_id))
    assert look(order).state == State.OTP_RECEIVED  # it says success as before: only the clock knows
    age(order, expires_at=timedelta(minutes=30))
    assert look(order).state == State.SUCCESS


def test_a_number_of_server_2_is_cancelled_and_lost_as_any_other(shop: Simulator, ayu: Customer) -> None:
    cancelled, failed = buy(ayu, **OPERATOR), buy(ayu, **OPERATOR)
    services.request_cancel(order=cancelled)
    shop.control("fail", order_id=int(failed.provider_order_id))
    assert (look(cancelled).state, look(failed).state) == (State.CANCELLED, State.FAILED)
    assert wallet(ayu) == (Decimal(100_000), Decimal(0))


def test_server_2_replaces_nothing(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu, **OPERATOR)
    with pytest.raises(NotPossible):
        services.request_replace(order=order)


# --- inboxes -------------------------------------------------------------------------------------------------------


def test_an_inbox_is_bought_with_its_address_and_times(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu, **INBOX)
    [there] = inboxes(shop, order)
    assert (order.provider_order_id, order.mail_address, order.domain) == (there["ref"], there["email"], "outlook.com")
    assert (order.state, order.phone_number) == (State.PENDING, "")
    assert order.expires_at
    assert timedelta(minutes=19) < order.expires_at - order.created_at < timedelta(minutes=21)
    assert order.cancel_allowed_at
    assert order.cancel_allowed_at <= order.created_at + timedelta(seconds=5)  # no cooldown is known
    assert wallet(ayu)[1] == order.price


def test_the_first_mail_is_paid_and_read(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu, **INBOX)
    html = "<p>Your code is <b>0815</b></p><script>x()</script><a href='https://openai.com/v'>Verify</a>"
    deliver_mail(shop, order, "0815", html=html, subject="Your code", sender="noreply@openai.com")
    order = look(order)
    [mail] = order.codes.all()
    assert (order.state, mail.code, mail.link) == (State.OTP_RECEIVED, "0815", "https://openai.com/v")
    assert (mail.sender, mail.subject) == ("noreply@openai.com", "Your code")
    assert "<" not in mail.message.replace("<https://openai.com/v>", "")
    assert (order.charged, order.charged_cost) == (order.price, order.cost)
    assert wallet(ayu) == (Decimal(100_000) - order.price, Decimal(0))


def test_of_several_domains_the_one_obtained_is_paid(shop: Simulator, ayu: Customer) -> None:
    order = place(ayu, **{**INBOX, "domains": ("icloud.com", "mail.com")})
    shop.control("domain", domain="icloud.com", stock=0)
    dear, cheap = (Decimal(row["price"]) for row in order.domains)
    assert wallet(ayu)[1] == order.price == dear > cheap
    order = look(order)
    assert order.domain == "mail.com"
    deliver_mail(shop, order)
    order = look(order)
    assert (order.charged, order.charged_cost) == (cheap, Decimal(order.domains[1]["cost"]))
    assert wallet(ayu) == (Decimal(100_000) - cheap, Decimal(0))


def test_a_cancelled_inbox_costs_its_fee(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu, **INBOX)
    services.request_cancel(order=order)
    order = look(order)
    assert (order.state, order.reason, order.charged) == (State.CANCELLED, "cancelled_by_customer", Decimal(250))
    assert (hold_of(order).state, hold_of(order).captured) == ("captured", Decimal(250))
    assert wallet(ayu) == (Decimal(99_750), Decimal(0))


def test_the_fee_is_never_more_than_was_shown_nor_than_was_kept(shop: Simulator, ayu: Customer) -> None:
    shown = buy(ayu, **INBOX)
    shop.control("domain", domain="outlook.com", cancel_fee=0)
    kept = buy(ayu, **INBOX)
    shop.control("domain", domain="outlook.com", cancel_fee=900)
    services.request_cancel(order=shown)
    services.request_cancel(order=kept)
    assert (look(shown).charged, look(kept).charged) == (Decimal(250), Decimal(0))
    assert hold_of(kept).state == "released"


@pytest.mark.parametrize("mode", ["502_after_accept", "reset_after_accept", "html"])
def test_a_lost_cancel_of_an_inbox_costs_the_fee_once(shop: Simulator, ayu: Customer, mode: str) -> None:
    order = buy(ayu, **INBOX)
    services.request_cancel(order=order)
    break_next(shop, "order/email-cancel", mode)
    assert look(order).state == State.CANCELLED
    assert wallet(ayu) == (Decimal(99_750), Decimal(0))


def test_a_mail_that_came_first_wins_over_the_cancellation(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu, **INBOX)
    services.request_cancel(order=order)
    deliver_mail(shop, order)
    order = look(order)
    assert (order.state, order.charged) == (State.OTP_RECEIVED, order.price)
    with pytest.raises(CodeArrived):
        services.request_cancel(order=order)


def test_an_empty_inbox_costs_nothing(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu, **INBOX)
    shop.control("mail/expire", ref=order.provider_order_id)
    order = look(order)
    assert (order.state, order.reason) == (State.EXPIRED, "no_code")
    assert wallet(ayu) == (Decimal(100_000), Decimal(0))


def test_an_inbox_that_is_not_to_be_had_costs_nothing(shop: Simulator, ayu: Customer) -> None:
    order = place(ayu, **INBOX)
    shop.control("domain", domain="outlook.com", stock=0)
    order = look(order)
    assert (order.state, order.reason) == (State.FAILED, "out_of_stock")
    assert wallet(ayu) == (Decimal(100_000), Decimal(0))


@pytest.mark.parametrize("mode", ["reset_after_accept", "502_after_accept", "truncated"])
def test_a_lost_answer_buys_no_second_inbox(shop: Simulator, ayu: Customer, mode: str) -> None:
    order = place(ayu, **INBOX)
    break_next(shop, "order/email-create", mode)
    assert look(order).state == State.IN_DOUBT
    order = look(order)
    assert [row["email"] for row in inboxes(shop)] == [order.mail_address]


def test_finish_closes_an_inbox(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu, **INBOX)
    deliver_mail(shop, order, "1")
    look(order)
    services.finish_order(order=order)
    assert look(order).state == State.SUCCESS
    assert inboxes(shop, order)[0]["status"] == "success"


def test_mails_that_the_filters_leave_out_do_not_count(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu, **INBOX, subject="sign in")
    deliver_mail(shop, order, "1", subject="Our newsletter")
    order = look(order)
    assert (order.state, order.code_count) == (State.PENDING, 0)
    deliver_mail(shop, order, "2", subject="Sign in now")
    order = look(order)
    assert [code.code for code in order.codes.all()] == ["2"]


def test_a_mail_the_supplier_counts_is_shown_and_paid(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu, **INBOX, pattern=r"PIN (\d+)")
    shop.control("mail/deliver", ref=order.provider_order_id, text="Welcome!", subject="Hello")
    order = look(order)
    assert (order.state, order.code_count) == (State.OTP_RECEIVED, 1)
    shop.control("mail/deliver", ref=order.provider_order_id, text="PIN 007", subject="Hello")
    assert [code.code for code in look(order).codes.all()][1] == "007"
    assert wallet(ayu)[0] == Decimal(100_000) - order.price


# --- several, and the price ------------------------------------------------------------------------------------------


def _buy(customer: Customer, quantity: int, key: str = "several-1") -> list[Order]:
    wanted = Wanted(product_id="1071", service_id="1", country_id="7")
    return services.buy(
        customer=customer, wanted=wanted, expected_price=shown_price(), idempotency_key=key, quantity=quantity
    )


def test_several_pieces_are_held_together_and_live_apart(shop: Simulator, ayu: Customer) -> None:
    orders = _buy(ayu, 3)
    assert len({order.batch for order in orders}) == 1
    assert wallet(ayu)[1] == 3 * Decimal(5400)
    for order in orders:
        look(order)
    assert len({row["phone_number"] for row in activations(shop)}) == 3
    services.request_cancel(order=orders[0])
    deliver(shop, orders[1])
    assert [look(order).state for order in orders] == [State.CANCELLED, State.OTP_RECEIVED, State.PENDING]
    assert wallet(ayu) == (Decimal(94_600), Decimal(5400))


def test_all_pieces_or_none(shop: Simulator, customer: Customer) -> None:
    fund(customer, 12_000)
    with pytest.raises(ShortOfBalance) as refused:
        _buy(customer, 3)
    assert refused.value.shortfall == Decimal(4200)
    assert not Order.objects.exists()
    assert wallet(customer) == (Decimal(12_000), Decimal(0))


def test_the_same_key_repeats_all_pieces_and_nothing_else(shop: Simulator, ayu: Customer) -> None:
    first = _buy(ayu, 3)
    assert [order.pk for order in _buy(ayu, 3)] == [order.pk for order in first]
    for other in (1, 2, 4):
        with pytest.raises(DuplicateWithOtherContent):
            _buy(ayu, other)
    assert Order.objects.count() == 3


@pytest.mark.parametrize("quantity", [0, -1, 11])
def test_pieces_have_bounds(shop: Simulator, ayu: Customer, quantity: int) -> None:
    with pytest.raises(NotPossible):
        _buy(ayu, quantity)


def test_a_lower_price_is_taken_and_a_higher_one_asked_about(shop: Simulator, ayu: Customer) -> None:
    shown = shown_price()
    shop.control("product", product_id=1071, price=3000)
    assert place(ayu, expected_price=shown, idempotency_key="cheaper-1").price == Decimal(3600)
    assert place(ayu, expected_price=shown, idempotency_key="cheaper-1").price == Decimal(3600)
    with pytest.raises(PriceChanged):
        place(ayu, expected_price=Decimal(3599))
    assert wallet(ayu)[1] == Decimal(3600)


def test_a_buyer_who_waits_gets_the_number_in_the_same_call(shop: Simulator, ayu: Customer) -> None:
    order = services.place_now(order=place(ayu), seconds=5)
    assert order.state == State.PENDING
    cancelled = services.place_now(order=services.request_cancel(order=order, queue=False), seconds=5)
    assert cancelled.state == State.CANCELLED


def test_waiting_is_given_up_in_time(shop: Simulator, ayu: Customer) -> None:
    break_next(shop, "order/create", "502", times=50)
    order = services.place_now(order=place(ayu), seconds=1)
    assert (order.state, hold_of(order).state) == (State.IN_DOUBT, "open")
    assert fresh(order).next_poll_at
    assert len([row for row in shop.look("requests")["requests"] if row["path"].endswith("create")]) <= 2
