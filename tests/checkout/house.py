"""A shop whose customers pay on our page: checkouts, payers without scripts, and what the workers do meanwhile."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

from django.core.cache import cache
from django.db import connection
from django.test import Client as Browser

from accounts.models import Client
from cards.models import CardPayment
from checkout import checks
from checkout.models import Session
from checkout.processing import following
from checkout.services import sessions
from tests.cards.house import CODE, GOOD, work
from tests.simulators import Simulator
from wallets.selectors import client_balances

BACK = "https://shop.example/thanks?order=7"


def ask_for(client: Client, amount: str = "250", currency: str = "SLE", **given: Any) -> Session:
    return sessions.create(
        client=client,
        is_sandbox=bool(given.pop("is_sandbox", False)),
        amount=Decimal(amount),
        currency=currency,
        return_url=given.pop("return_url", BACK),
        description=given.pop("description", "Order 7"),
        **given,
    )


def url(session: Session, part: str = "") -> str:
    return f"/pay/{session.public_id}{f'/{part}' if part else ''}"


def press_on(page: Any) -> str:
    """The key that the button of a page carries."""
    found = re.search(r'name="press" value="([0-9a-f-]{36})"', page.content.decode())
    assert found is not None
    return found[1]


def pay(session: Session, number: str = GOOD, *, payer: Browser | None = None, **typed: str) -> Any:
    """A payer types a card and presses the button once."""
    given = {"number": number, "expiry": "12/30", "code": CODE, "press": str(uuid4()), **typed}
    return (payer or Browser()).post(url(session, "card"), given)


def look(session: Session, payer: Browser | None = None) -> str:
    """The page as it is now."""
    answer = (payer or Browser()).get(url(session))
    assert answer.status_code == 200
    return str(answer.content.decode())


def stage(session: Session) -> str:
    found = re.search(r'data-stage="(\w+)"', look(session))
    assert found is not None
    return found[1]


def fresh(session: Session) -> Session:
    return Session.objects.get(pk=session.pk)


def payment_of(session: Session) -> CardPayment:
    return CardPayment.objects.filter(origin=session.subject).latest("id")


def sweep() -> None:
    """One turn of the workers of cards and checkouts."""
    work()
    following.expire()
    for try_id in following.due():
        following.carry_on(try_id)


def time_passes(span: timedelta) -> None:
    """As if everything of checkouts had begun so much earlier."""
    cache.clear()
    gone, seconds = "make_interval(secs => %s)", [span.total_seconds()]
    with connection.cursor() as cursor:
        for change in (
            f"checkout_session SET expires_at = expires_at - {gone}",
            f"checkout_try SET created_at = created_at - {gone}",
            f"cards_card SET keep_until = keep_until - {gone} WHERE keep_until IS NOT NULL",
            f"cards_cardpayment SET authorized_at = authorized_at - {gone}",
            f"cards_cardact SET done_at = done_at - {gone} WHERE done_at IS NOT NULL",
            f"payments_deposit SET expires_at = expires_at - {gone} WHERE state = 'pending'",
        ):
            cursor.execute(f"UPDATE {change}", seconds)


def balance(client: Client, currency: str = "SLE", *, is_sandbox: bool = False) -> Decimal:
    found = [one.available for one in client_balances(client, is_sandbox=is_sandbox) if one.currency == currency]
    return found[0] if found else Decimal(0)


def problems() -> list[str]:
    """Everything that checkouts cannot explain."""
    return list(checks.ledger_problems())


def answer_of(cards: Simulator, session: Session, status: str = "Y") -> dict[str, str]:
    """What the bank's page posts back with the holder."""
    payment = payment_of(session)
    pa_res = str(cards.control("challenge", reference=payment.reference, status=status)["paRes"])
    return {"PaRes": pa_res, "MD": payment.reference}
