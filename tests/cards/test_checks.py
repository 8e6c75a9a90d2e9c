"""What the ledger check says of cards when somebody has changed what nobody may change."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pgtrigger
import pytest
from django.conf import settings
from django.db import connection

from accounts.models import Client
from cards.errors import OutcomeUnknown
from cards.services import acts
from tests.cards.house import balance, charge, fund, problems, time_passes
from tests.simulators import Simulator
from wallets.services import Purse, credit_client

pytestmark = pytest.mark.django_db


@contextmanager
def nobody_watches() -> Iterator[Any]:
    """The database without its triggers, as after a repair by hand."""
    with pgtrigger.ignore(), connection.cursor() as cursor:
        yield cursor


def said(word: str) -> bool:
    return any(word in one for one in problems())


def test_the_check_is_asked() -> None:
    assert "cards.checks.ledger_problems" in settings.LEDGER_CHECKS


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE cards_cardpayment SET captured = 41", "what was done with it makes"),
        ("UPDATE cards_cardpayment SET fee = fee + 1", "by cards, the payments make"),
        ("UPDATE cards_cardpayment SET refunded = 1", "what was done with it makes"),
        ("UPDATE cards_cardact SET state = 'failed' WHERE kind = 'capture'", "what was done with it makes"),
    ],
    ids=["captured", "fee", "refunded", "act"],
)
def test_a_payment_that_was_changed_by_hand(shop: Client, change: str, words: str) -> None:
    acts.capture(payment=charge(shop), amount=Decimal(40))
    assert problems() == []
    with nobody_watches() as cursor:
        cursor.execute(change)
    assert said(words)


def test_money_that_no_payment_explains(shop: Client) -> None:
    credit_client(
        purse=Purse(shop, "SLE"),
        source="clearing:cards-simulator",
        amount=Decimal(5),
        kind="card",
        reference="card:nothing",
        subject="",
        memo="",
    )
    assert said("clearing:cards-simulator SLE is -5")


def test_a_refund_on_its_way_is_explained_until_it_is_forgotten(shop: Client, cards: Simulator) -> None:
    payment = charge(shop)
    acts.capture(payment=payment, amount=Decimal(100))
    fund(shop, "10")
    cards.control("misbehave", operation="refunds", mode="502", times=1)
    with pytest.raises(OutcomeUnknown):
        acts.refund(payment=payment, amount=Decimal(50), note="half")
    assert (problems(), balance(shop)) == ([], Decimal("56.50"))
    with nobody_watches() as cursor:
        cursor.execute(
            "UPDATE cards_cardact SET state = 'failed', due_at = NULL, done_at = now() WHERE kind = 'refund'"
        )
    assert said("refunds on their way come to 0")


def test_what_nobody_looks_at_and_what_stays_in_doubt(shop: Client, cards: Simulator) -> None:
    cards.control("misbehave", operation="authorizations", mode="502", times=1)
    with pytest.raises(OutcomeUnknown):
        charge(shop)
    assert problems() == []
    time_passes(2 * 3600)
    assert said("nobody did")
    time_passes(24 * 3600)
    assert said("is in_doubt since")
