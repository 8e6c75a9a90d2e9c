"""What a client has, what is on its way, and the top-ups it has announced."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db.models import F, Q, QuerySet, Sum

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.models import Client
from payouts.errors import NotFound
from payouts.models import Funding, Payout
from wallets.selectors import client_balances

MAIN = "SLE"


@dataclass(frozen=True)
class Standing:
    """``available`` can be paid out now; ``on_the_way`` has left it for payouts that have not ended yet."""

    currency: str
    available: Decimal
    on_the_way: Decimal


def standings(client: Client, *, is_sandbox: bool = False) -> list[Standing]:
    """One for each currency that was ever used, leones first, and leones at least. Two queries."""
    have = {one.currency: one.available for one in client_balances(client, is_sandbox=is_sandbox)}
    under_way = Payout.objects.filter(client=client, is_sandbox=is_sandbox, is_reserved=True).order_by()
    sums = dict(under_way.values_list("currency").annotate(together=Sum(F("amount") + F("fee"))))
    currencies = sorted({MAIN, *have, *sums}, key=lambda one: (one != MAIN, one))
    return [Standing(one, have.get(one, Decimal(0)), sums.get(one, Decimal(0))) for one in currencies]


def available(client: Client, *, currency: str = MAIN, is_sandbox: bool = False) -> Decimal:
    """What can be paid out now. One query."""
    found = {one.currency: one.available for one in client_balances(client, is_sandbox=is_sandbox)}
    return found.get(currency, Decimal(0))


def fundings_of(client: Client, *, is_sandbox: bool = False) -> QuerySet[Funding]:
    return Funding.objects.filter(client=client, is_sandbox=is_sandbox).order_by("-id")


def own_funding(actor: Actor, public_id: UUID) -> Funding:
    """A top-up of the actor's own client, in its own world. Raises `NotFound`."""
    found = fundings_of(policy.own_client(actor), is_sandbox=actor.is_sandbox).filter(public_id=public_id).first()
    if found is None:
        raise NotFound
    return found


def fundings(*, text: str = "", state: str = "") -> QuerySet[Funding]:
    """All live top-ups, for staff: by client, reference, or what the bank calls it."""
    rows = Funding.objects.filter(is_sandbox=False).select_related("client", "found_by", "confirmed_by")
    if state == "open":
        rows = rows.filter(state__in=[Funding.State.ANNOUNCED, Funding.State.FOUND])
    elif state:
        rows = rows.filter(state=state)
    if text:
        rows = rows.filter(
            Q(reference__iexact=text)
            | Q(bank_reference__iexact="".join(text.split()))
            | Q(client__name__icontains=text)
        )
    return rows.order_by("-id")


def bank_account(currency: str) -> str:
    """Where money in ``currency`` is to be sent, in words; nothing where we have no account."""
    return str(settings.CLIENT_FUNDING_ACCOUNTS.get(currency, ""))
