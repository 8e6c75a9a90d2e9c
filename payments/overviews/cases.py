"""Payment cases as staff work them off, and the money that waits in suspense."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import AuditEntry, User
from config.lib import clock
from payments.models import PaymentCase, Receipt
from payments.overviews.deposits import Event
from wallets.models import Account

State = PaymentCase.State
UNSETTLED, MINE_TO_APPROVE, MINE = "unsettled", "to_approve", "mine"
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
# (at least, less than): how long a case has been there.
AGES: dict[str, tuple[str | Promise, timedelta, timedelta]] = {
    "1h": (_("under 1 hour"), timedelta(0), _HOUR),
    "1d": (_("1 to 24 hours"), _HOUR, _DAY),
    "3d": (_("1 to 3 days"), _DAY, 3 * _DAY),
    "7d": (_("3 to 7 days"), 3 * _DAY, 7 * _DAY),
    "over": (_("over 7 days"), 7 * _DAY, timedelta(days=36500)),
}


@dataclass(frozen=True)
class Wanted:
    """What the reader looks for. ``state`` is "unsettled", a state, or empty for all."""

    text: str = ""
    kind: str = ""
    state: str = UNSETTLED
    whose: str = ""
    # A key of `AGES`.
    age: str = ""

    @property
    def is_set(self) -> bool:
        return bool(self.text or self.kind or self.whose or self.age or self.state != UNSETTLED)

    @property
    def age_words(self) -> str:
        return str(AGES[self.age][0]) if self.age in AGES else ""


@dataclass(frozen=True)
class Waiting:
    """What stands in one suspense account: by the receipts, and by the ledger; ``count`` payments."""

    account: str
    currency: str
    count: int
    receipts: Decimal
    ledger: Decimal

    @property
    def agrees(self) -> bool:
        return self.receipts == self.ledger


def listed(wanted: Wanted, reader: User) -> QuerySet[PaymentCase]:
    """Cases as `Wanted`, unordered; cases about the sandbox do not exist."""
    found = PaymentCase.objects.select_related("customer__user", "receipt", "deposit__client", "proposed_by")
    if wanted.kind:
        found = found.filter(kind=wanted.kind)
    if wanted.state == UNSETTLED:
        found = found.exclude(state=State.SETTLED)
    elif wanted.state in State.values:
        found = found.filter(state=wanted.state)
    if wanted.age in AGES:
        now, (_label, least, most) = clock.now(), AGES[wanted.age]
        found = found.filter(created_at__lte=now - least, created_at__gt=now - most)
    if wanted.whose == MINE_TO_APPROVE:
        found = found.filter(state=State.PROPOSED).exclude(proposed_by=reader)
    elif wanted.whose == MINE:
        found = found.filter(proposed_by=reader)
    return found.filter(_matches(wanted.text)) if wanted.text else found


def order_of(wanted: Wanted) -> str:
    """What waits longest comes first; of what is settled the newest."""
    return "-id" if wanted.state in {"", State.SETTLED} else "id"


def _matches(text: str) -> Q:
    found = Q(reference=text) | Q(receipt__key=text) | Q(customer__user__email__icontains=text)
    found |= Q(deposit__client__name__icontains=text)
    with suppress(ValueError):
        found |= Q(public_id=UUID(text)) | Q(deposit__public_id=UUID(text))
    return found


def one(public_id: UUID) -> PaymentCase | None:
    """A case with everything its page shows."""
    rows = PaymentCase.objects.select_related(
        "customer__user",
        "deposit__customer__user",
        "deposit__client",
        "attempt",
        "receipt__customer__user",
        "message",
        "action_customer__user",
        "proposed_by",
        "decided_by",
    )
    return rows.filter(public_id=public_id).first()


_LOOKS = {
    "payment_case.opened": (_("Opened by hand"), "warning", "exclamation-triangle"),
    "payment_case.proposed": (_("Proposed"), "info", "hand-raised"),
    "payment_case.withdrawn": (_("Proposal taken back"), "neutral", "arrow-uturn-left"),
    "payment_case.rejected": (_("Rejected"), "danger", "x-mark"),
    "payment_case.approved": (_("Approved and done"), "success", "check-badge"),
    "payment_case.matched": (_("Solved by itself"), "success", "check-badge"),
}


def events_of(case: PaymentCase) -> list[Event]:
    """What happened to a case, in order, with every proposal and what became of it."""
    opened = Event(case.created_at, _("Case opened"), case.note, tone="warning", icon="exclamation-triangle")
    said = AuditEntry.objects.filter(object_type="paymentcase", object_id=str(case.public_id)).order_by("pk")
    return [opened, *(_event(entry) for entry in said)]


def _event(entry: AuditEntry) -> Event:
    title, tone, icon = _LOOKS.get(entry.action, (entry.action, "neutral", "check"))
    action = entry.after.get("action") or ""
    name = str(PaymentCase.Action(action).label) if action in PaymentCase.Action.values else ""
    return Event(
        entry.at,
        f"{title}: {name}" if name else title,
        entry.after.get("reason", ""),
        entry.actor_label,
        tone,
        icon,
        reference=entry.after.get("ledger_reference", ""),
    )


def in_suspense() -> list[Waiting]:
    """What waits for a decision, by channel and currency: our receipts, and the ledger's number beside them."""
    rows = Receipt.objects.filter(place=Receipt.Place.SUSPENSE).values("channel", "currency")
    told = {
        (f"suspense:{row['channel']}", row["currency"]): (row["count"], row["total"])
        for row in rows.annotate(count=Count("pk"), total=Sum("amount")).order_by()
    }
    accounts = Account.objects.filter(customer__isnull=True, code__startswith="suspense:")
    booked = {(account.code, account.currency): account.balance for account in accounts}
    nothing = (0, Decimal(0))
    return [
        Waiting(*name, *told.get(name, nothing), booked.get(name, Decimal(0)))
        for name in sorted({*told, *booked})
        if told.get(name, nothing)[0] or booked.get(name, Decimal(0))
    ]


def counts() -> dict[str, int]:
    """How many cases wait for a proposal, and how many for an approval."""
    rows = PaymentCase.objects.exclude(state=State.SETTLED).values_list("state").annotate(Count("pk")).order_by()
    found = dict(rows)
    return {"open": found.get(State.OPEN, 0), "proposed": found.get(State.PROPOSED, 0)}
