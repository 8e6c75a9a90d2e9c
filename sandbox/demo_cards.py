"""Cards that were paid with at a client before you came: kept, part of it given back, declined, waiting to be captured.

The processor is asked through the same doors as everywhere else. A story that cannot be told is left out; a demo
without it is better than a portal that does not start.
"""

import logging
from collections.abc import Callable, Iterator
from decimal import Decimal

from accounts.access.actors import Actor
from accounts.models import Client
from cards.models import CardPayment
from cards.services import acts, payments, tokens
from sandbox import remote_cards
from sandbox.demo_people import PORTAL_ADMIN, acting

VISA, MASTERCARD, ASKS, NO_MONEY = "4242424242424242", "5555555555554444", "4000000000003220", "4000000000009995"
_EXPIRY = (11, 2031)

logger = logging.getLogger(__name__)


def tell() -> Iterator[str]:
    """One story after the other; nothing when they were told already, or nobody charges cards here."""
    boss = acting(PORTAL_ADMIN.email)
    client = Client.objects.get(email=PORTAL_ADMIN.email)
    is_told = CardPayment.objects.filter(client=client).exists()
    if is_told or not payments.is_open(is_sandbox=False, currency="SLE"):
        return
    for name, story in _STORIES.items():
        try:
            story(boss, client)
        except Exception:
            logger.exception("the story %s cannot be told", name)
            yield f"cards: {name} left out"
        else:
            yield f"cards: {name}"


def _captured(boss: Actor, client: Client) -> None:
    payment = _charge(client, VISA, "480.00", "INV-2031")
    acts.capture(payment=payment, amount=payment.amount, actor=boss)


def _partly_refunded(boss: Actor, client: Client) -> None:
    payment = _charge(client, MASTERCARD, "260.00", "INV-2032")
    acts.capture(payment=payment, amount=payment.amount, actor=boss)
    acts.refund(payment=payment, amount=Decimal("85.00"), note="One of three was damaged", actor=boss)


def _confirmed(boss: Actor, client: Client) -> None:
    """Large enough that the holder is asked; a part of it is captured."""
    payment = _charge(client, ASKS, "1450.00", "INV-2033")
    answer = remote_cards.answer(reference=payment.reference, way="Y")
    payment = payments.verify(payment=payment, pa_res=answer)
    acts.capture(payment=payment, amount=Decimal("1200.00"), actor=boss)


def _declined(boss: Actor, client: Client) -> None:
    _charge(client, NO_MONEY, "95.00", "INV-2034")


def _waiting(boss: Actor, client: Client) -> None:
    _charge(client, VISA, "320.00", "INV-2035")


def _charge(client: Client, number: str, amount: str, order: str) -> CardPayment:
    month, year = _EXPIRY
    card = tokens.tokenize(
        client=client, is_sandbox=False, number=number, expiry_month=month, expiry_year=year, code="123"
    )
    bot = client.api_users.order_by("id").first()
    return payments.authorize(
        client=client, is_sandbox=False, card=card, amount=Decimal(amount), currency="SLE", order_id=order, api_user=bot
    )


_STORIES: dict[str, Callable[[Actor, Client], None]] = {
    "a captured payment": _captured,
    "a partly refunded payment": _partly_refunded,
    "a payment that its holder confirmed": _confirmed,
    "a declined payment": _declined,
    "an authorised payment": _waiting,
}
