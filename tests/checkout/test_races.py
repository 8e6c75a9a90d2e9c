"""Two tabs, two presses, an end and a payment at the same moment: real threads on real connections."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client as Browser

from accounts.access.actors import system
from accounts.models import Client
from cards.models import CardPayment
from cards.models import State as CardState
from checkout.errors import TryUnderWay
from checkout.models import Session, State, Try
from checkout.processing import following
from checkout.services import paying, sessions
from tests.cards.house import ASKS, OTHER_GOOD
from tests.cards.house import work_off as cards_work_off
from tests.checkout.house import answer_of, ask_for, balance, fresh, pay, problems, sweep, time_passes, url
from tests.payments.test_races import at_once
from tests.simulators import Simulator

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else works on these rows: what tasks would do is done here."""
    monkeypatch.setattr("celery.app.task.Task.apply_async", lambda *args, **kwargs: None)


def charged(session: Session) -> list[Decimal]:
    found = CardPayment.objects.filter(origin=session.subject, state=CardState.CAPTURED)
    return list(found.values_list("captured", flat=True))


def test_without_the_lock_two_tabs_begin_two_tries(shop: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The race is real: both look before either has written."""
    monkeypatch.setattr("checkout.processing.closing.hold", lambda session: Session.objects.get(pk=session.pk))
    session = ask_for(shop)
    found = at_once(*[lambda: _look_and_begin(session) for _tab in range(4)])
    assert sum(found) > 1


@transaction.atomic
def _look_and_begin(session: Session) -> bool:
    held = paying.closing.hold(session)
    is_free = not held.tries.filter(is_over=False).exists()
    if is_free:
        Try.objects.create(session=held, method="card", press=uuid4())
    # As long as a card takes to be kept.
    with transaction.get_connection().cursor() as cursor:
        cursor.execute("SELECT pg_sleep(0.2)")
    return is_free


def test_two_tabs_charge_once(shop: Client) -> None:
    session = ask_for(shop)
    answers = at_once(lambda: pay(session), lambda: pay(session, OTHER_GOOD), lambda: pay(session))
    assert sorted(answer.status_code for answer in answers) == [303, 409, 409]
    assert charged(session) == [Decimal(250)]
    assert fresh(session).state == State.COMPLETED
    assert problems() == []


def test_two_presses_charge_once(shop: Client) -> None:
    session, press = ask_for(shop), str(uuid4())
    answers = at_once(*[lambda: pay(session, press=press) for _press in range(4)])
    assert {answer.status_code for answer in answers} == {303}
    assert charged(session) == [Decimal(250)]
    assert Try.objects.count() == 1


def test_the_bank_answers_in_two_tabs(shop: Client, cards: Simulator) -> None:
    session = ask_for(shop)
    pay(session, ASKS)
    given = answer_of(cards, session)
    at_once(*[lambda: Browser().post(url(session, "bank"), given) for _tab in range(3)])
    cards_work_off()
    time_passes(timedelta(seconds=5))
    sweep()
    assert charged(session) == [Decimal(250)]
    assert fresh(session).state == State.COMPLETED


def test_the_answer_of_the_bank_and_another_card(shop: Client, cards: Simulator) -> None:
    session = ask_for(shop)
    pay(session, ASKS)
    given = answer_of(cards, session)
    at_once(lambda: Browser().post(url(session, "bank"), given), lambda: pay(session))
    for _turn in range(3):
        time_passes(timedelta(seconds=5))
        sweep()
    assert charged(session) == [Decimal(250)]
    assert not CardPayment.objects.filter(state=CardState.AUTHORIZED).exists()
    assert problems() == []


def test_the_request_and_the_sweep_collect_once(shop: Client) -> None:
    session = ask_for(shop)

    def sweeps() -> None:
        for _turn in range(20):
            for try_id in Try.objects.values_list("pk", flat=True):
                following.carry_on(try_id)

    at_once(lambda: pay(session), sweeps, sweeps)
    sweep()
    assert charged(session) == [Decimal(250)]
    assert balance(shop) == 250 - CardPayment.objects.get().fee


def test_the_end_of_its_time_and_a_payment(shop: Client) -> None:
    session = ask_for(shop)
    time_passes(timedelta(minutes=28, seconds=30))

    def ends() -> Any:
        time_passes(timedelta(minutes=2))
        return following.expire()

    at_once(lambda: pay(session), ends)
    for _turn in range(3):
        time_passes(timedelta(seconds=5))
        sweep()
    assert fresh(session).state == (State.COMPLETED if charged(session) else State.EXPIRED)
    assert problems() == []


def test_calling_off_and_a_payment(shop: Client) -> None:
    session = ask_for(shop)

    def calls_off() -> Any:
        try:
            return sessions.cancel(session=session, actor=system("test")).state
        except (TryUnderWay, sessions.SessionOver):
            return None

    _answer, state = at_once(lambda: pay(session), calls_off)
    assert fresh(session).state == (State.CANCELLED if state else State.COMPLETED)
    assert bool(charged(session)) == (state is None)
