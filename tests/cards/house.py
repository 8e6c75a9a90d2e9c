"""A client that charges cards: cards with a story, payments, hours that pass, and what the books say."""

from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.db import connection

from accounts.access.actors import Actor, Origin
from accounts.models import Client, Role
from cards import checks
from cards.models import Card, CardAct, CardPayment
from cards.models.states import ACT_OPEN, State
from cards.processing import asking, expiring, keeping
from cards.services import payments, tokens
from config.lib.ids import new_dated_reference
from tests.accounts import cast
from tests.simulators import Simulator
from wallets.selectors import client_balances
from wallets.services import Purse, credit_client

GOOD, OTHER_GOOD = "4242424242424242", "5555555555554444"
ASKS = "4000000000003220"
SILENT, SILENT_CAPTURE, NO_REFUND = "4000000000000341", "4000000000005126", "4000000000007726"
DECLINES = {
    "4000000000000002": "declined",
    "4000000000009995": "insufficient_funds",
    "4000000000000069": "expired_card",
    "4000000000000127": "wrong_code",
    "4000000000009987": "lost_or_stolen",
    "4000000000000119": "processing",
}
CODE = "417"
UNKNOWN = (State.SENDING, State.IN_DOUBT)


def card(client: Client, number: str = GOOD, *, is_sandbox: bool = False) -> Card:
    return tokens.tokenize(
        client=client, is_sandbox=is_sandbox, number=number, expiry_month=12, expiry_year=2030, code=CODE
    )


def charge(client: Client, number: str = GOOD, amount: str = "100", **given: Any) -> CardPayment:
    is_sandbox = bool(given.pop("is_sandbox", False))
    return payments.authorize(
        client=client,
        is_sandbox=is_sandbox,
        card=given.pop("card", None) or card(client, number, is_sandbox=is_sandbox),
        amount=Decimal(amount),
        currency=given.pop("currency", "SLE"),
        **given,
    )


def answer_of(cards: Simulator, payment: CardPayment, status: str = "Y") -> str:
    """What the holder's bank gives back."""
    return str(cards.control("challenge", reference=payment.reference, status=status)["paRes"])


def fund(client: Client, amount: str, *, is_sandbox: bool = False, currency: str = "SLE") -> None:
    credit_client(
        purse=Purse(client, currency, is_sandbox),
        source="clearing:client-funding" + ("-test" if is_sandbox else ""),
        amount=Decimal(amount),
        kind="funding",
        reference=new_dated_reference("TF"),
        subject="",
        memo="for a test",
    )


def balance(client: Client, currency: str = "SLE", *, is_sandbox: bool = False) -> Decimal:
    found = [one.available for one in client_balances(client, is_sandbox=is_sandbox) if one.currency == currency]
    return found[0] if found else Decimal(0)


def time_passes(seconds: float) -> None:
    """As if everything had happened so much earlier: leases run out, doubt grows old, challenges end."""
    gone = "make_interval(secs => %(gone)s)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE cards_cardpayment SET due_at = due_at - {gone}, lease_until = lease_until - {gone},"
            f" in_doubt_since = in_doubt_since - {gone}, challenge_until = challenge_until - {gone},"
            f" expires_at = expires_at - {gone} WHERE due_at IS NOT NULL",
            {"gone": seconds},
        )
        cursor.execute(
            f"UPDATE cards_cardact SET due_at = due_at - {gone}, lease_until = lease_until - {gone},"
            f" in_doubt_since = in_doubt_since - {gone} WHERE due_at IS NOT NULL",
            {"gone": seconds},
        )


def people() -> tuple[Actor, Actor]:
    """Two who run the gateway."""
    found = []
    for name in ("dewi", "eko"):
        portal = cast.person(name, Role.COMPANY_ADMIN)
        rights, origin = frozenset({"Cards.Propose", "Cards.Settle"}), Origin(via="page", request_id=name)
        found.append(Actor(kind="session", origin=origin, user=portal.user, portal=portal, permissions=rights))
    return found[0], found[1]


def work() -> None:
    """One turn of the workers."""
    cache.delete("cards:asking")
    asking.ask_due()
    keeping.forget_due()
    expiring.expire_due()


def work_off(turns: int = 12) -> None:
    """Until nothing is open that the processor can answer, as if minutes passed between the turns."""
    for _turn in range(turns):
        work()
        if not is_unknown():
            return
        time_passes(70)
    raise AssertionError(list(CardPayment.objects.filter(state__in=UNKNOWN).values_list("reference", "state")))


def is_unknown() -> bool:
    return CardPayment.objects.filter(state__in=UNKNOWN).exists() or CardAct.objects.filter(state__in=ACT_OPEN).exists()


def problems() -> list[str]:
    """Everything that cards cannot explain."""
    return list(checks.ledger_problems())


def at_processor(cards: Simulator, payment: CardPayment) -> dict[str, Any]:
    """The payment by the processor's own books; empty when it has never seen it."""
    found = cards.look(f"payments?reference={payment.reference}")["payments"]
    return dict(found[0]) if found else {}
