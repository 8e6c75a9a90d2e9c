"""Calls that pay many at once, without a code (TeraPay contract 9): many numbers, or many entries to one client.

One transaction for a call: what is wrong with its form rejects all of it, a rule against fraud only the entry it
speaks of, and the money of all others is set aside together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.errors import BadField
from accounts.models import Client
from accounts.services import audit
from config.lib.errors import Conflict, Invalid, Text
from config.lib.ids import new_dated_reference
from payouts import rails, sending
from payouts.errors import NotFound
from payouts.models import Payout
from payouts.models.states import Source, State
from payouts.routing import Route, Routes
from payouts.services import making
from payouts.services.making import Call, Wish

MOST_NUMBERS, MOST_ENTRIES = 500, 1000


class ClientAsleep(Conflict):
    """The client that is to be paid is not active."""

    code = "destination_inactive"

    def __init__(self) -> None:
        super().__init__(_("The client you want to pay is not active."))


@dataclass(frozen=True, slots=True)
class Entry:
    """One payment of a call, as given. ``phone`` where each has its own."""

    amount: Decimal
    narration: str = ""
    phone: str = ""


def bulk_mobile(*, actor: Actor, entries: Sequence[Entry]) -> list[Payout]:
    """Pay to many mobile-money numbers, in order; those that a rule blocks come back rejected.

    Raises `NoClient`, `Invalid` with every wrong entry as ``payments[3].phone_number``, `NoRail`, `NotEnoughMoney`.
    """
    call = Call(actor, policy.own_client(actor), Source.BULK_MOBILE, new_dated_reference("TB"))
    routes = Routes()

    def route_of(entry: Entry, place: str) -> Route:
        return making.phone_of(routes, entry.phone, f"{place}.phone_number")

    wishes = _wishes("payments", entries, MOST_NUMBERS, route_of, "Mobile payout to {}")
    return _pay(call, wishes)


def bulk_client_bank(
    *, actor: Actor, destination_client: UUID, account_number: str, entries: Sequence[Entry]
) -> list[Payout]:
    """Pay many entries to one account of another client. Raises as `bulk_mobile`, `NotFound`, `ClientAsleep`."""
    call = _to_client(actor, destination_client, Source.CLIENT_BANK)
    route = making.account_of(Routes(), account_number, "account_number")
    return _pay(call, _wishes("entries", entries, MOST_ENTRIES, lambda *_place: route, "Transfer to {}"))


def bulk_client_mobile(*, actor: Actor, destination_client: UUID, phone: str, entries: Sequence[Entry]) -> list[Payout]:
    """Pay many entries to one number of another client. Raises as `bulk_mobile`, `NotFound`, `ClientAsleep`."""
    call = _to_client(actor, destination_client, Source.CLIENT_MOBILE)
    route = making.phone_of(Routes(), phone, "phone_number")
    return _pay(call, _wishes("entries", entries, MOST_ENTRIES, lambda *_place: route, "Transfer to {}"))


def _to_client(actor: Actor, wanted: UUID, source: Source) -> Call:
    own = policy.own_client(actor)
    if wanted == own.public_id:
        raise BadField("destination_client_id", _("This is your own client."))
    other = Client.objects.filter(public_id=wanted).first()
    if other is None:
        raise NotFound
    if not other.is_active:
        raise ClientAsleep
    return Call(actor, own, source, new_dated_reference("TB"), other)


def _wishes(
    name: str, entries: Sequence[Entry], most: int, route_of: Callable[[Entry, str], Route], default: str
) -> list[Wish]:
    """All entries clean, or `Invalid` with everything that is wrong with any."""
    if not 0 < len(entries) <= most:
        raise BadField(name, _("From 1 to %(most)d entries.") % {"most": most})
    wishes: list[Wish] = []
    problems: dict[str, Sequence[Text]] = {}
    for index, entry in enumerate(entries):
        place = f"{name}[{index}]"
        try:
            wishes.append(_wish(entry, place, route_of, default))
        except Invalid as error:
            problems.update(error.fields)
    if problems:
        raise Invalid(_("Some entries are not right."), code="invalid", fields=problems)
    return wishes


def _wish(entry: Entry, place: str, route_of: Callable[[Entry, str], Route], default: str) -> Wish:
    route = route_of(entry, place)
    amount = making.check(entry.amount, f"{place}.amount")
    try:
        narration, _name = making.texts({"narration": entry.narration})
    except Invalid as error:
        raise BadField(f"{place}.narration", error.fields["narration"][0]) from None
    return Wish(route, amount, narration or default.format(route.receiver))


@transaction.atomic
def _pay(call: Call, wishes: Sequence[Wish]) -> list[Payout]:
    rails.rail_for(wishes[0].route.kind, call.actor.is_sandbox)
    payouts = making.store(call, wishes)
    passed = [payout for payout in payouts if payout.state != State.REJECTED]
    if passed:
        sending.reserve(passed, memo=call.batch_reference, caused_by=call.actor.user)
    facts = {"rows": len(payouts), "rejected": len(payouts) - len(passed), "amount": str(sum(p.amount for p in passed))}
    audit.record(call.actor, "payout.many_asked", target=call.client, after=facts)
    return payouts
