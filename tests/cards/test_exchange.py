"""Another company charges the cards from now on: what the one before has stays there, or nothing is done with it."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.db import ProgrammingError, transaction

from accounts.models import Client
from cards import processors
from cards.errors import CardsClosed, OutcomeUnknown, ProcessorGone
from cards.models import ActState, CardAct, CardPayment, State
from cards.services import acts, payments
from config.system_checks import open_card_payments_have_a_processor, settings_make_sense
from tests.cards.house import ASKS, at_processor, balance, charge, problems, time_passes, work
from tests.simulators import Simulator
from wallets.models import Account

pytestmark = pytest.mark.django_db


def exchange(settings: Any, *, is_before_kept: bool) -> None:
    """A new company with a name of its own, at another address."""
    before = (settings.CARD_PROCESSOR_NAME, settings.CARD_PROCESSOR_URL, settings.CARD_PROCESSOR_KEY)
    settings.CARD_PROCESSOR_NAME, settings.CARD_PROCESSOR_URL = "newpay", "http://127.0.0.1:9/cards/v1"
    kept = before if is_before_kept else ("", "", "")
    settings.CARD_PROCESSOR_BEFORE_NAME, settings.CARD_PROCESSOR_BEFORE_URL, settings.CARD_PROCESSOR_BEFORE_KEY = kept


def said() -> list[str]:
    return [str(one.id) for one in open_card_payments_have_a_processor(None)]


def test_what_the_one_before_has_is_ended_there(shop: Client, cards: Simulator, settings: Any) -> None:
    paid, held, asked = charge(shop), charge(shop), charge(shop, ASKS)
    acts.capture(payment=paid, amount=Decimal(100))
    cards.control("misbehave", operation="authorizations", mode="html", times=1)
    with pytest.raises(OutcomeUnknown):
        charge(shop)
    exchange(settings, is_before_kept=True)
    assert said() == []
    assert charge(shop).processor == "newpay"
    acts.refund(payment=paid, amount=Decimal(10))
    acts.void(payment=held)
    answer = str(cards.control("challenge", reference=asked.reference, status="Y")["paRes"])
    assert payments.verify(payment=asked, pa_res=answer).state == State.AUTHORIZED
    time_passes(2)
    work()
    doubtful = CardPayment.objects.exclude(pk__in=[paid.pk, held.pk, asked.pk]).get(processor="simulator")
    assert doubtful.state == State.AUTHORIZED
    assert (at_processor(cards, paid)["refunded"], at_processor(cards, held)["is_void"]) == (1000, True)
    assert problems() == []


def test_without_it_nothing_is_done_and_nothing_is_asked_elsewhere(
    shop: Client, cards: Simulator, settings: Any
) -> None:
    paid, held = charge(shop), charge(shop)
    acts.capture(payment=paid, amount=Decimal(100))
    exchange(settings, is_before_kept=False)
    for act in (
        lambda: acts.refund(payment=paid, amount=Decimal(10)),
        lambda: acts.capture(payment=held, amount=Decimal(10)),
        lambda: acts.void(payment=held),
    ):
        with pytest.raises(ProcessorGone) as raised:
            act()
        assert (raised.value.status, "simulator" in str(raised.value.message)) == (503, True)
    assert (CardAct.objects.count(), balance(shop)) == (1, Decimal("96.50"))
    assert said() == ["gerbang.E056"]
    exchange(settings, is_before_kept=False)
    settings.CARD_PROCESSOR_NAME = "simulator"
    assert said() == []


def test_doubt_waits_for_whoever_has_it(shop: Client, cards: Simulator, settings: Any) -> None:
    held = charge(shop)
    cards.control("misbehave", operation="captures", mode="502", times=1)
    with pytest.raises(OutcomeUnknown):
        acts.capture(payment=held, amount=Decimal(100))
    exchange(settings, is_before_kept=False)
    settings.CARD_PROCESSOR_URL = f"{cards.url}/cards/v1"
    time_passes(400)
    work()
    assert CardAct.objects.get().state in (ActState.SENDING, ActState.IN_DOUBT), "the new one is not told to capture"
    assert said() == ["gerbang.E056"]
    with pytest.raises(OutcomeUnknown):
        acts.look(CardAct.objects.get())
    settings.CARD_PROCESSOR_NAME = "simulator"
    cache.clear()
    time_passes(400)
    work()
    assert CardAct.objects.get().state == ActState.DONE


def test_nothing_moves_a_payment_to_another_company(shop: Client) -> None:
    payment = charge(shop)
    with pytest.raises(ProgrammingError), transaction.atomic():
        CardPayment.objects.filter(pk=payment.pk).update(processor="newpay")


def test_play_money_has_a_world_of_its_own(shop: Client, cards: Simulator, settings: Any) -> None:
    play = charge(shop, is_sandbox=True)
    exchange(settings, is_before_kept=False)
    assert acts.capture(payment=play, amount=Decimal(100)).state == ActState.DONE
    assert said() == []
    settings.SANDBOX_CARDS_URL = ""
    with pytest.raises(CardsClosed):
        processors.processor_of(play)


def test_each_company_has_a_clearing_account_of_its_own(shop: Client, cards: Simulator, settings: Any) -> None:
    settings.CARD_PROCESSOR_NAME = "newpay"
    acts.capture(payment=charge(shop), amount=Decimal(100))
    assert Account.objects.get(code="clearing:cards-newpay", currency="SLE").balance == Decimal(-100)
    assert problems() == []


@pytest.mark.parametrize(
    ("name", "before", "wrong"),
    [
        ("newpay", "", []),
        ("newpay", "simulator", []),
        ("", "", ["gerbang.E054", "gerbang.E055"]),
        ("New Pay", "", ["gerbang.E054"]),
        ("x" * 17, "", ["gerbang.E054"]),
        ("simulator-test", "", ["gerbang.E054"]),
        ("newpay", "Old:Pay", ["gerbang.E054"]),
        ("newpay", "newpay", ["gerbang.E055"]),
    ],
)
def test_names_that_the_books_can_bear(settings: Any, name: str, before: str, wrong: list[str]) -> None:
    settings.CARD_PROCESSOR_NAME, settings.CARD_PROCESSOR_BEFORE_NAME = name, before
    found = {str(one.id) for one in settings_make_sense(None)}
    assert sorted(found & {"gerbang.E054", "gerbang.E055"}) == wrong
