"""Another number in one step: no second number, no second charge, whatever gets lost on the way."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command

from accounts.access.actors import command
from accounts.models import Customer
from config.lib import clock
from otp import checks, delivery, services
from otp.delivery import Answer
from otp.errors import CodeArrived, NotInDoubt, NotNow, OrderOver, TooEarly
from otp.models import Order, Reason, Refusal, State
from otp.providers.types import Snapshot
from otp.services import settling
from tests.otp.helpers import (
    WHATSAPP_INDONESIA,
    activations,
    age,
    break_next,
    buy,
    deliver,
    fresh,
    fund,
    hold_of,
    look,
    lose_lease,
    place,
    wallet,
)
from tests.simulators import Simulator
from wallets.models import Account

LOST = ["502_after_accept", "reset_after_accept", "timeout_after_accept", "html", "truncated", "empty"]


def _replace(order: Order) -> Order:
    return services.request_replace(order=order)


def _new(order: Order) -> Order:
    return Order.objects.get(replaces=order)


def _again(order: Order) -> Order:
    age(order, replace_next_at=timedelta(minutes=2))
    return look(order)


def _live(shop: Simulator) -> list[dict[str, Any]]:
    return [row for row in activations(shop) if row["live"]]


def test_a_fresh_number_takes_the_place_of_the_old_one(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    held = wallet(ayu)
    _replace(order)
    order = look(order)
    new = _new(order)
    assert (order.state, order.reason) == (State.CANCELLED, Reason.REPLACED)
    assert (new.state, new.price, new.cost, new.key_name) == (State.PENDING, order.price, order.cost, order.key_name)
    assert new.phone_number not in ("", order.phone_number)
    assert new.reference == order.replace_reference
    assert (hold_of(order).state, hold_of(new).state) == ("released", "open")
    assert wallet(ayu) == held
    [there] = _live(shop)
    assert (there["phone_number"], there["idempotency_key"]) == (new.phone_number, new.reference)
    deliver(shop, new)
    assert look(new).state == State.OTP_RECEIVED
    assert wallet(ayu) == (Decimal(94_600), Decimal(0))


def test_it_works_with_an_empty_balance_and_an_empty_float(shop: Simulator, customer: Customer) -> None:
    fund(customer, 5400)
    order = buy(customer)
    shop.control("settings", balance=0)
    _replace(order)
    look(order)
    assert _new(order).state == State.PENDING
    assert wallet(customer) == (Decimal(5400), Decimal(5400))


def test_a_replaced_number_can_be_replaced_again(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    for _round in range(3):
        _replace(order)
        look(order)
        order = _new(order)
    assert Order.objects.count() == 4
    assert len(_live(shop)) == 1
    assert wallet(ayu)[1] == Decimal(5400)


def test_the_old_price_is_kept(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    shop.control("product", product_id=int(WHATSAPP_INDONESIA), price=9000)
    _replace(order)
    look(order)
    assert _new(order).price == Decimal(5400)


def test_what_cannot_be_replaced_says_why(shop: Simulator, ayu: Customer) -> None:
    with pytest.raises(NotNow):
        _replace(place(ayu))
    delivered = buy(ayu)
    deliver(shop, delivered)
    look(delivered)
    with pytest.raises(CodeArrived):
        _replace(delivered)
    cancelling = buy(ayu)
    services.request_cancel(order=cancelling)
    with pytest.raises(NotNow):
        _replace(cancelling)
    look(cancelling)
    with pytest.raises(OrderOver):
        _replace(cancelling)
    shop.control("settings", cancel_cooldown_seconds=120)
    early = buy(ayu)
    with pytest.raises(TooEarly) as refused:
        _replace(early)
    assert 100 < refused.value.retry_after <= 120


def test_asking_twice_is_asking_once_and_nothing_else_may_be_asked(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    first = _replace(order)
    again = _replace(order)
    assert (again.replace_reference, again.version) == (first.replace_reference, first.version)
    with pytest.raises(NotNow):
        services.request_cancel(order=order)
    with pytest.raises(NotNow):
        services.request_resend(order=order)
    look(order)
    assert Order.objects.count() == 2


def test_a_code_that_came_first_wins(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    deliver(shop, order, "0815")
    _replace(order)
    order = look(order)
    assert (order.state, order.is_replacing, order.replace_refusal) == (State.OTP_RECEIVED, False, "")
    assert Order.objects.count() == 1
    assert wallet(ayu) == (Decimal(94_600), Decimal(0))


def test_no_other_number_leaves_the_old_one(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    shop.control("product", product_id=int(WHATSAPP_INDONESIA), stock=0)
    first = _replace(order)
    order = look(order)
    assert (order.state, order.is_replacing) == (State.PENDING, False)
    assert order.replace_refusal == Refusal.OUT_OF_STOCK
    assert hold_of(order).state == "open"
    shop.control("product", product_id=int(WHATSAPP_INDONESIA), stock=5)
    second = _replace(order)
    assert second.replace_reference != first.replace_reference  # the old key may be remembered with its refusal
    look(order)
    assert _new(order).state == State.PENDING


def test_the_suppliers_cooldown_is_waited_for(shop: Simulator, ayu: Customer) -> None:
    shop.control("settings", cancel_cooldown_seconds=120)
    order = buy(ayu)
    age(order, cancel_allowed_at=timedelta(minutes=2))
    _replace(order)
    order = look(order)
    assert (order.state, order.is_replacing) == (State.PENDING, True)
    assert order.replace_next_at
    assert order.replace_next_at > clock.now() + timedelta(seconds=100)
    shop.control("settings", cancel_cooldown_seconds=0)
    _again(order)
    assert _new(order).state == State.PENDING


# --- lost answers --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("mode", LOST)
def test_a_lost_answer_is_found_by_looking(shop: Simulator, ayu: Customer, mode: str) -> None:
    order = buy(ayu)
    _replace(order)
    break_next(shop, "order/replace", mode)
    order = look(order)
    new = _new(order)
    assert (order.state, order.reason, new.state) == (State.CANCELLED, Reason.REPLACED, State.PENDING)
    assert [row["phone_number"] for row in _live(shop)] == [new.phone_number]
    assert wallet(ayu)[1] == Decimal(5400)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("mode", LOST)
def test_a_lost_answer_and_a_lost_look_are_found_by_the_same_key(shop: Simulator, ayu: Customer, mode: str) -> None:
    order = buy(ayu)
    _replace(order)
    break_next(shop, "order/replace", mode)
    break_next(shop, "order/check", "502")
    order = look(order)
    assert (order.state, hold_of(order).state, order.is_replacing) == (State.PENDING, "open", True)
    order = _again(order)
    assert [row["phone_number"] for row in _live(shop)] == [_new(order).phone_number]
    assert wallet(ayu)[1] == Decimal(5400)


@pytest.mark.parametrize("mode", ["502", "503", "reset_before_accept"])
def test_what_never_arrived_is_done_once(shop: Simulator, ayu: Customer, mode: str) -> None:
    order = buy(ayu)
    _replace(order)
    break_next(shop, "order/replace", mode, times=2)
    for _attempt in range(2):
        order = look(order) if order.replace_tries == 0 else _again(order)
        assert (order.state, order.is_replacing) == (State.PENDING, True)
    _again(order)
    assert len(activations(shop)) == 2
    assert _new(order).state == State.PENDING


def test_a_worker_that_died_while_replacing(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    _replace(order)
    leased = Order.objects.claim(order.pk)
    assert leased
    _api_replace(shop, order)  # it was done, and nobody was left to write it down
    lose_lease(order)
    order = look(order)
    assert order.reason == Reason.REPLACED
    assert [row["phone_number"] for row in _live(shop)] == [_new(order).phone_number]
    late = Answer("check", Snapshot(order.provider_order_id, "cancelled"))
    assert not delivery.record(order_id=order.pk, lease=leased.lease_token, answer=late)


def _api_replace(shop: Simulator, order: Order, key: str = "") -> None:
    import requests

    headers = {"Authorization": f"Bearer {shop.secrets['api_key']}", "Idempotency-Key": key or order.replace_reference}
    headers["Idempotency-Key"] = key or fresh(order).replace_reference
    body = {"order_id": int(order.provider_order_id)}
    assert requests.post(f"{shop.url}/api/v1/order/replace", json=body, headers=headers, timeout=5).ok


def test_a_supplier_that_never_answers_leaves_the_number(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    _replace(order)
    break_next(shop, "order/replace", "502", times=delivery.REPLACE_TRIES)
    order = look(order)
    while order.is_replacing:
        order = _again(order)
    assert (order.state, order.replace_refusal) == (State.PENDING, Refusal.UNREACHABLE)
    assert order.replace_doubted_at
    services.request_cancel(order=order)
    assert look(order).state == State.CANCELLED
    assert wallet(ayu) == (Decimal(100_000), Decimal(0))


def test_a_swap_that_comes_to_light_late_is_found(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    _replace(order)
    break_next(shop, "order/replace", "502", times=delivery.REPLACE_TRIES)
    order = look(order)
    while order.is_replacing:
        order = _again(order)
    _api_replace(shop, order)  # the last of our requests was only slow
    order = look(order)
    assert (order.state, order.reason) == (State.CANCELLED, Reason.REPLACED)
    assert [row["phone_number"] for row in _live(shop)] == [_new(order).phone_number]


def test_without_a_word_of_the_new_number_the_key_is_asked_before_money_goes_back(
    shop: Simulator, ayu: Customer
) -> None:
    order = buy(ayu)
    _replace(order)
    break_next(shop, "order/replace", "502")
    order = look(order)
    # The supplier says it is over and not what stands in its place.
    _record(order, Answer("check", Snapshot(order.provider_order_id, "cancelled")))
    assert (fresh(order).state, hold_of(order).state) == (State.PENDING, "open")
    order = _again(order)
    assert order.reason == Reason.REPLACED


def _record(order: Order, answer: Answer) -> bool:
    leased = Order.objects.claim(order.pk)
    return bool(leased) and delivery.record(
        order_id=order.pk, lease=leased.lease_token if leased else None, answer=answer
    )


def test_a_lost_replacement_pays_back_and_tells_staff(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    _replace(order)
    break_next(shop, "order/replace", "502")
    order = look(order)
    [there] = activations(shop)
    shop.control("fail", order_id=there["order_id"])
    # The second try is plainly refused, and the old order is over without a word of another one.
    refused = _refusal(409, "ORDER_NOT_PENDING")
    seen = Snapshot(order.provider_order_id, "cancelled")
    _record(order, Answer("replace", seen, refused))
    order = fresh(order)
    assert (order.state, order.reason) == (State.CANCELLED, Reason.REPLACEMENT_LOST)
    assert wallet(ayu) == (Decimal(100_000), Decimal(0))
    assert [problem for problem in checks.ledger_problems() if order.reference in problem]
    Order.objects.filter(pk=order.pk).update(finished_at=clock.now() - timedelta(days=8))


def _refusal(status: int, code: str) -> Any:
    from config.lib.errors import ProviderError

    return ProviderError("no", retryable=False, outcome_unknown=False, code=code, status=status)


def test_an_order_of_somebody_else_is_not_adopted(shop: Simulator, ayu: Customer) -> None:
    order, other = buy(ayu), buy(ayu)
    _replace(order)
    _record(order, Answer("replace", successor=Snapshot(other.provider_order_id, "pending")))
    order = fresh(order)
    assert order.reason == Reason.REPLACEMENT_LOST
    assert wallet(ayu) == (Decimal(100_000), Decimal(5400))
    Order.objects.filter(pk=order.pk).update(finished_at=clock.now() - timedelta(days=8))


def test_a_wallet_that_was_blocked_meanwhile_gets_its_money_back(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    _replace(order)
    account = Account.objects.get(customer=ayu)
    Account.objects.filter(pk=account.pk).update(status="frozen")
    order = look(order)
    assert order.reason == Reason.REPLACEMENT_LOST
    assert wallet(ayu) == (Decimal(100_000), Decimal(0))
    Account.objects.filter(pk=account.pk).update(status="open")
    Order.objects.filter(pk=order.pk).update(finished_at=clock.now() - timedelta(days=8))


def test_a_code_can_come_with_the_answer(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    _replace(order)
    break_next(shop, "order/replace", "reset_after_accept")
    break_next(shop, "order/check", "502")
    look(order)
    [there] = _live(shop)
    shop.control("deliver", order_id=there["order_id"], code="42")
    order = _again(order)
    new = _new(order)
    if new.state == State.PENDING:  # the key's stored answer is older than the code
        new = look(new)
    assert new.state == State.OTP_RECEIVED
    assert wallet(ayu) == (Decimal(94_600), Decimal(0))


def test_replacing_explains_itself_in_the_books(shop: Simulator, ayu: Customer) -> None:
    order = buy(ayu)
    _replace(order)
    look(order)
    deliver(shop, _new(order))
    look(_new(order))
    call_command("check_ledger")


def test_an_order_with_its_code_is_not_given_up_for_another_number(shop: Simulator, ayu: Customer) -> None:
    """The supplier refused to replace it, delivered to it, and then names another order for it after all."""
    order = buy(ayu)
    break_next(shop, "order/replace", "out_of_stock")
    _replace(order)
    look(order)
    deliver(shop, order)
    order = look(order)
    leased = Order.objects.claim(order.pk)
    assert leased
    odd = Answer("check", Snapshot(order.provider_order_id, "cancelled"), successor=Snapshot("777777", "pending"))
    assert delivery.record(order_id=order.pk, lease=leased.lease_token, answer=odd)
    order = fresh(order)
    assert (order.state, order.charged) == (State.SUCCESS, order.price)
    assert not Order.objects.filter(replaces=order).exists()
    assert wallet(ayu) == (Decimal(94_600), Decimal(0))


# --- closed by hand ------------------------------------------------------------------------------------------------


def test_staff_close_only_what_is_in_doubt_for_long(shop: Simulator, ayu: Customer) -> None:
    order = place(ayu)
    break_next(shop, "order/create", "502")
    look(order)
    with pytest.raises(NotInDoubt):
        _settle(order)
    age(order, sent_at=timedelta(hours=13), doubted_at=timedelta(hours=13))
    leased = Order.objects.claim(order.pk)
    assert leased
    closed = _settle(order)
    assert (closed.state, closed.reason) == (State.FAILED, Reason.SETTLED_BY_STAFF)
    assert wallet(ayu) == (Decimal(100_000), Decimal(0))
    late = Answer("create", Snapshot("77", "pending"))
    assert not delivery.record(order_id=order.pk, lease=leased.lease_token, answer=late)
    with pytest.raises(NotInDoubt):
        _settle(order)


def test_staff_close_what_the_supplier_never_ends(shop: Simulator, ayu: Customer) -> None:
    """Its window was over long ago and the supplier says pending for ever: nothing else frees the money."""
    order = buy(ayu)
    age(order, expires_at=timedelta(hours=11))
    with pytest.raises(NotInDoubt):
        _settle(order)
    age(order, expires_at=timedelta(hours=2))
    assert _settle(order).reason == Reason.SETTLED_BY_STAFF
    assert wallet(ayu) == (Decimal(100_000), Decimal(0))


def test_a_doubt_that_was_settled_lets_nobody_close_the_order(shop: Simulator, ayu: Customer) -> None:
    order = place(ayu)
    break_next(shop, "order/create", "502_after_accept")
    look(order)
    order = look(order)
    assert (order.state, order.doubted_at is None) == (State.PENDING, False)
    age(order, sent_at=timedelta(hours=13), doubted_at=timedelta(hours=13))
    with pytest.raises(NotInDoubt):
        _settle(order)


def _settle(order: Order) -> Order:
    return settling.give_money_back(actor=command("tests"), order=order, why="never answered")
