"""Several at once, on connections of their own: whoever comes second finds what the first has done."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, connections, transaction

from accounts.models import Client
from cards.errors import NotEnoughMoney, NotInState, OrderTaken, OutcomeUnknown, TooMuch
from cards.models import CardAct, CardPayment
from cards.models.states import ActState, State
from cards.processing import asking, claiming, expiring, judging, moving
from cards.services import acts, keys, payments, settling
from config.lib.clock import now
from tests.cards.house import (
    ASKS,
    answer_of,
    at_processor,
    balance,
    card,
    charge,
    fund,
    people,
    problems,
    time_passes,
    work_off,
)
from tests.cards.test_vault import new_key
from tests.simulators import Simulator
from wallets import proof

pytestmark = pytest.mark.django_db(transaction=True)
REFUSALS = (NotInState, OrderTaken, TooMuch, NotEnoughMoney, OutcomeUnknown)


def together(*calls: Callable[[], Any]) -> list[Any]:
    """What each call answered, or the refusal that it met; all begin at the same moment."""
    gate, found = threading.Barrier(len(calls)), [None] * len(calls)

    def run(place: int, call: Callable[[], Any]) -> None:
        gate.wait()
        try:
            found[place] = call()
        except REFUSALS as error:
            found[place] = error  # type: ignore[call-overload]
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    return found


def kinds(found: list[Any]) -> Counter[str]:
    return Counter(type(one).__name__ for one in found)


def test_acts_and_answers_that_meet(shop: Client, cards: Simulator) -> None:
    """One database for all of them: emptying it takes longer than any of them."""
    _captures_meet(shop, cards)
    _a_capture_meets_a_release(shop, cards)
    _a_capture_meets_the_end_of_seven_days(shop, cards)
    _answers_to_one_challenge_meet(shop, cards)
    _an_answer_meets_the_end_of_its_time(shop, cards)
    _one_order_in_two_windows(shop)
    _refunds_meet(shop, cards)
    _workers_ask_about_the_same(shop, cards)
    _staff_close_what_a_slow_worker_writes_down(shop, cards)
    _keys_change_while_cards_are_charged(shop)
    work_off()
    assert [*problems(), *proof.run().problems] == []


def _captures_meet(shop: Client, cards: Simulator) -> None:
    payment, before = charge(shop), balance(shop)
    found = together(*[lambda: acts.capture(payment=payment, amount=Decimal(40))] * 4)
    assert kinds(found) == {"CardAct": 1, "NotInState": 3}
    assert len(at_processor(cards, payment)["acts"]) == 1
    assert balance(shop) - before == Decimal(38)


def _a_capture_meets_a_release(shop: Client, cards: Simulator) -> None:
    payment = charge(shop)
    found = together(lambda: acts.capture(payment=payment, amount=Decimal(40)), lambda: acts.void(payment=payment))
    assert kinds(found) == {"CardAct": 1, "NotInState": 1}
    payment.refresh_from_db()
    seen = at_processor(cards, payment)
    assert (payment.state == State.CAPTURED, payment.state == State.VOIDED) == (bool(seen["captured"]), seen["is_void"])


def _a_capture_meets_the_end_of_seven_days(shop: Client, cards: Simulator) -> None:
    payment = charge(shop)
    CardPayment.objects.filter(pk=payment.pk).update(expires_at=payment.created_at, due_at=payment.created_at)
    found = together(
        lambda: acts.capture(payment=payment, amount=Decimal(40)), expiring.expire_due, expiring.expire_due
    )
    assert isinstance(found[0], NotInState)
    payment.refresh_from_db()
    assert payment.state == State.EXPIRED
    assert at_processor(cards, payment)["captured"] == ""


def _answers_to_one_challenge_meet(shop: Client, cards: Simulator) -> None:
    payment = charge(shop, ASKS)
    yes, no = answer_of(cards, payment), answer_of(cards, payment, "N")
    found = together(*[lambda said=said: payments.verify(payment=payment, pa_res=said) for said in (yes, no, yes, no)])
    assert kinds(found) == {"CardPayment": 1, "NotInState": 3}
    payment.refresh_from_db()
    log = cards.look(f"payments?reference={payment.reference}")["log"]
    assert [one["what"] for one in log] == ["verify", "authorize"]
    assert (payment.state == State.AUTHORIZED) == (at_processor(cards, payment)["status"] == "approved")


def _an_answer_meets_the_end_of_its_time(shop: Client, cards: Simulator) -> None:
    payment = charge(shop, ASKS)
    answer = answer_of(cards, payment)
    time_passes(16 * 60)
    found = together(lambda: payments.verify(payment=payment, pa_res=answer), expiring.expire_due)
    assert found[0].state == State.DECLINED
    assert at_processor(cards, payment)["status"] == "challenge"


def _one_order_in_two_windows(shop: Client) -> None:
    kept = card(shop)
    found = together(*[lambda: charge(shop, card=kept, order_id="order-1")] * 3)
    assert kinds(found) == {"CardPayment": 1, "OrderTaken": 2}


def _refunds_meet(shop: Client, cards: Simulator) -> None:
    payment = charge(shop)
    acts.capture(payment=payment, amount=Decimal(100))
    fund(shop, "500")
    found = together(*[lambda: acts.refund(payment=payment, amount=Decimal(60), note="twice pressed")] * 3)
    assert kinds(found) == {"CardAct": 1, "TooMuch": 2}
    assert at_processor(cards, payment)["refunded"] == 6000


def _workers_ask_about_the_same(shop: Client, cards: Simulator) -> None:
    payment = charge(shop)
    cards.control("misbehave", operation="captures", mode="502", times=1)
    with pytest.raises(OutcomeUnknown):
        acts.capture(payment=payment, amount=Decimal(100))
    act, before = CardAct.objects.get(payment=payment), balance(shop)
    time_passes(100)
    together(*[lambda: asking.ask_act(act.pk)] * 4)
    act.refresh_from_db()
    assert (act.state, balance(shop) - before) == (ActState.DONE, Decimal("96.50"))
    log = cards.look(f"payments?reference={payment.reference}")["log"]
    assert [one["what"] for one in log] == ["capture", "authorize"]


def _staff_close_what_a_slow_worker_writes_down(shop: Client, cards: Simulator) -> None:
    """A worker whose lease has run out holds the payment and comes for its act, just when staff close that act."""
    payment = charge(shop)
    cards.control("misbehave", operation="captures", mode="502", times=1)
    with pytest.raises(OutcomeUnknown):
        acts.capture(payment=payment, amount=Decimal(100))
    act, before = CardAct.objects.get(payment=payment), balance(shop)
    time_passes(100)
    slow = claiming.take_act(act.pk)
    assert slow is not None
    CardAct.objects.filter(pk=act.pk).update(in_doubt_since=now() - timedelta(hours=13), lease_until=now())
    one, other = people()
    closing = settling.propose(actor=one, payment=payment, act=act, is_done=True, evidence="their mail", reason="asked")

    is_held = threading.Event()

    def write_down() -> Any:
        with transaction.atomic():
            moving.hold(payment.pk)
            is_held.set()
            _until_somebody_waits()
            return moving.settle_act(slow, judging.ActVerdict(ActState.IN_DOUBT, wait=60.0))

    def close() -> Any:
        is_held.wait(10)
        return settling.confirm(actor=other, closing=closing)

    found = together(write_down, close)
    assert kinds(found) == {"CardAct": 1, "Closing": 1}
    act.refresh_from_db()
    assert (act.state, balance(shop) - before) == (ActState.DONE, Decimal("96.50"))


def _until_somebody_waits() -> None:
    """Until another connection waits for a lock of this one."""
    asked = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
    for _turn in range(250):
        with connection.cursor() as cursor:
            cursor.execute(asked)
            if cursor.fetchone() != (0,):
                return
        time.sleep(0.02)
    raise AssertionError("nobody came")


def _keys_change_while_cards_are_charged(shop: Client) -> None:

    kept = [card(shop) for _each in range(12)]
    settings.CARD_ENCRYPTION_KEYS = [new_key(), *settings.CARD_ENCRYPTION_KEYS]

    def change() -> int:
        done = 0
        while not (turn := keys.rewrap_some(most=3)).is_over:
            done += turn.done
        return done

    def pay() -> set[str]:
        return {charge(shop, card=one).state for one in kept}

    found = together(change, change, pay)
    assert found[2] == {State.AUTHORIZED}
    while not keys.rewrap_some().is_over:
        pass
    assert set(keys.count_by_key()) == {keys.newest()}
