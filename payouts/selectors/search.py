"""Payouts as people look for them: a client its own, staff everybody's; the same rows on the page and in its export."""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access.actors import Actor
from config.lib.clock import now
from config.lib.money import amounts_in
from payouts.models import Payout
from payouts.models.states import IN_FLIGHT, UNPAID_ENDS, Kind, Reason, Source, State
from payouts.routing import Routes
from payouts.selectors import transfers

# Sent, and never paid or sent back.
IN_VAIN = (State.FAILED, State.REJECTED, State.RETURNED)
# What a reader thinks of as one state; the last two are asked for by overviews.
GROUPS: dict[str, tuple[str, ...]] = {
    "code": (State.PENDING,),
    "way": IN_FLIGHT,
    "paid": (State.COMPLETED,),
    "unpaid": (*UNPAID_ENDS, State.RETURNED),
    # What was given up before it was sent says nothing about whether sending works.
    "sent": (State.COMPLETED, *IN_VAIN),
    "vain": IN_VAIN,
}
# Rows of batches have pages of their own; by default they would hide everything else.
ROWS, EVERYTHING = "rows", "all"
DOUBT, STUCK, FLAGGED = "doubt", "stuck", "flagged"
NO_REASON = "-"
# How long after it was sent a rail may leave us in doubt, or what it has accepted without an end, before a person may
# close a payout (docs/payouts.md).
PATIENCE, LONG_PATIENCE = timedelta(hours=12), timedelta(days=3)
MOST_ROWS = 50_000
_GAPS = str.maketrans("", "", " -.\u00a0\u202f")


@dataclass(frozen=True)
class Wanted:
    """What the reader looks for; empty means everything but rows of batches. Days in the reader's zone, inclusive."""

    text: str = ""
    group: str = ""
    state: str = ""
    kind: str = ""
    rows: str = ""
    needs: str = ""
    # Why nothing was paid; NO_REASON for those without any.
    reason: str = ""
    # The bank or operator, as `Payout.receiver_code`.
    place: str = ""
    first: date | None = None
    last: date | None = None

    @property
    def is_set(self) -> bool:
        return self != replace(Wanted(), rows=self.rows)

    @property
    def reason_words(self) -> str:
        return str(dict(Reason.choices).get(self.reason) or (_("No reason given") if self.reason else ""))

    @property
    def words(self) -> str:
        """What it is narrowed to besides its chips, as one reads it."""
        groups = {"sent": _("Sent, and ended"), "vain": _("Sent in vain")}
        place = Routes().name_of(self.place) if self.place else ""
        return " · ".join(one for one in (groups.get(self.group, ""), self.reason_words, place) if one)


def listed(actor: Actor, wanted: Wanted) -> QuerySet[Payout]:
    """What ``actor`` may see of what is wanted, newest first."""
    found = transfers.seen(actor).select_related("created_by", "api_user", "batch", "client")
    if wanted.group in GROUPS:
        found = found.filter(state__in=GROUPS[wanted.group])
    if wanted.state:
        found = found.filter(state=wanted.state)
    if wanted.kind:
        found = found.filter(kind=wanted.kind)
    if wanted.place:
        found = found.filter(receiver_code=wanted.place)
    if wanted.reason:
        found = found.filter(reason="" if wanted.reason == NO_REASON else wanted.reason, state__in=GROUPS["unpaid"])
    found = _of_days(_needing(found, wanted.needs), wanted)
    if wanted.text:
        # By name or number it is meant wherever it comes from.
        return found.filter(_matches(wanted.text, by_client=actor.is_gateway_staff))
    if wanted.rows == EVERYTHING:
        return found
    return found.filter(batch__isnull=wanted.rows != ROWS)


def for_a_person() -> Q:
    """Payouts that staff may close by hand now."""
    moment = now()
    doubtful = Q(state=State.IN_DOUBT, sent_at__lte=moment - PATIENCE)
    return doubtful | Q(state=State.SENDING, lease_token=None, sent_at__lte=moment - LONG_PATIENCE)


def settle_from(payout: Payout) -> datetime | None:
    """From when on staff may close ``payout`` if it stays as it is; None for what needs nobody."""
    if payout.sent_at is None or payout.state not in (State.IN_DOUBT, State.SENDING):
        return None
    return payout.sent_at + (PATIENCE if payout.state == State.IN_DOUBT else LONG_PATIENCE)


def _needing(found: QuerySet[Payout], needs: str) -> QuerySet[Payout]:
    if needs == DOUBT:
        return found.filter(state=State.IN_DOUBT)
    if needs == STUCK:
        return found.filter(for_a_person())
    return found.filter(is_flagged=True) if needs == FLAGGED else found


def _of_days(found: QuerySet[Payout], wanted: Wanted) -> QuerySet[Payout]:
    zone = timezone.get_current_timezone()
    if wanted.first:
        found = found.filter(created_at__gte=datetime.combine(wanted.first, time.min, zone))
    if wanted.last:
        found = found.filter(created_at__lt=datetime.combine(wanted.last + timedelta(days=1), time.min, zone))
    return found


def _matches(text: str, *, by_client: bool) -> Q:
    """By our reference or a rail's id, an id, an account or a number (or its end), an amount, a name."""
    bare = text.translate(_GAPS)
    found = Q(reference=text.upper()) | Q(rail_id=text) | Q(batch_reference=text.upper())
    if bare.lstrip("+").isascii() and bare.lstrip("+").isdecimal() and len(bare) > 3:
        national = bare.lstrip("+").removeprefix("00").removeprefix("232")
        found |= Q(receiver__endswith=national if bare != national and len(national) == 8 else bare.lstrip("+"))
    if len(text) > 2 and not bare.isdecimal():
        found |= Q(receiver_name__icontains=text)
        if by_client:
            found |= Q(client__name__icontains=text)
    return found | _by_value(text)


def _by_value(text: str) -> Q:
    found = Q()
    with suppress(ValueError):
        found |= Q(public_id=UUID(text))
    return found | Q(amount__in=amounts_in(text, "SLE"))


def one(actor: Actor, public_id: UUID) -> Payout | None:
    """A payout that ``actor`` may see."""
    return (
        transfers.seen(actor)
        .select_related("created_by", "api_user", "batch", "client", "destination_client", "code")
        .filter(public_id=public_id)
        .first()
    )


@dataclass(frozen=True)
class Line:
    """A payout and whose account or number it goes to."""

    payout: Payout
    place: str


def lines_of(payouts: list[Payout]) -> list[Line]:
    """Two queries for however many."""
    routes = Routes()
    return [Line(payout, routes.name_of(payout.receiver_code)) for payout in payouts]


def recent_receivers(actor: Actor, most: int = 5) -> list[Line]:
    """The last receivers of single transfers that were paid, each once."""
    seen: dict[str, Payout] = {}
    rows = transfers.seen(actor).filter(client=actor.client, source=Source.TRANSFER, state=State.COMPLETED)
    for payout in rows[: most * 8]:
        seen.setdefault(payout.receiver, payout)
    return lines_of(list(seen.values())[:most])


# --- for a spreadsheet ----------------------------------------------------------------------------------------


def csv_head(*, with_client: bool = False) -> list[str]:
    return [
        _("Reference"),
        *([_("Client")] if with_client else []),
        _("Asked for"),
        _("Kind"),
        _("Receiver"),
        _("Name"),
        _("Amount"),
        _("Fee"),
        _("Currency"),
        _("State"),
        _("Reason"),
        _("Paid"),
        _("Narration"),
        _("Batch"),
        _("Id"),
    ]


def csv_row(payout: Payout, *, with_client: bool = False) -> list[str]:
    return [
        payout.reference,
        *([payout.client.name] if with_client else []),
        _stamp(payout.created_at),
        str(Kind(payout.kind).label),
        payout.receiver,
        payout.receiver_name,
        str(payout.amount),
        str(payout.fee.quantize(Decimal("0.01"))),
        payout.currency,
        str(payout.get_state_display()),
        str(payout.get_reason_display()),
        _stamp(payout.completed_at),
        payout.narration,
        payout.batch.name if payout.batch else payout.batch_reference,
        str(payout.public_id),
    ]


def _stamp(moment: datetime | None) -> str:
    return timezone.localtime(moment).isoformat(timespec="seconds") if moment else ""
