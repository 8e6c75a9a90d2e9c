"""Checkouts of a client before you came: paid, declined and still open, called off, waiting for their payers.

A story that cannot be told is left out; a demo without it is better than a portal that does not start.
"""

import logging
import uuid
from collections.abc import Callable, Iterator
from decimal import Decimal

from accounts.access.actors import Actor
from accounts.models import Client
from cards.services import payments
from checkout.models import Session
from checkout.services import paying, sessions
from sandbox.demo_cards import NO_MONEY, VISA
from sandbox.demo_people import PORTAL_ADMIN, acting

_A_WEEK = 7 * 24 * 60

logger = logging.getLogger(__name__)


def tell() -> Iterator[str]:
    """One story after the other; nothing when they were told already, or nobody charges cards here."""
    boss = acting(PORTAL_ADMIN.email)
    client = Client.objects.get(email=PORTAL_ADMIN.email)
    is_told = Session.objects.filter(client=client).exists()
    if is_told or not payments.is_open(is_sandbox=False, currency="SLE"):
        return
    for name, story in _STORIES.items():
        try:
            story(boss, client)
        except Exception:
            logger.exception("the story %s cannot be told", name)
            yield f"checkout: {name} left out"
        else:
            yield f"checkout: {name}"


def _paid(boss: Actor, client: Client) -> None:
    _card(_session(boss, client, "620.00", "SLE", "School fees, second term"), VISA)


def _declined(boss: Actor, client: Client) -> None:
    _card(_session(boss, client, "95.00", "SLE", "Membership card"), NO_MONEY)


def _called_off(boss: Actor, client: Client) -> None:
    sessions.cancel(session=_session(boss, client, "40.00", "SLE", "Certificate"), actor=boss)


def _waiting(boss: Actor, client: Client) -> None:
    _session(boss, client, "180.00", "SLE", "Contribution for June")
    _session(boss, client, "150000", "IDR", "Workshop in Jakarta")


def _session(boss: Actor, client: Client, amount: str, currency: str, words: str) -> Session:
    return sessions.create(
        client=client,
        is_sandbox=False,
        amount=Decimal(amount),
        currency=currency,
        description=words,
        minutes=_A_WEEK,
        created_by=boss.user,
        actor=boss,
    )


def _card(session: Session, number: str) -> None:
    typed = paying.TypedCard(number=number, expiry_month=11, expiry_year=2031, code="123")
    paying.pay_by_card(session=session, press=uuid.uuid4(), card=typed)


_STORIES: dict[str, Callable[[Actor, Client], None]] = {
    "a paid checkout": _paid,
    "one whose card was declined": _declined,
    "one that was called off": _called_off,
    "two that wait for their payers": _waiting,
}
