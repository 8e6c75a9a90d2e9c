"""The rules against fraud: each a small function with a limit of its own in settings (TeraPay contract 8).

``review`` is recorded and the payment goes on, ``block`` rejects it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple, cast

from django.conf import settings
from django.db import connection
from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import ApiUser, Client, User
from config.lib.clock import now
from config.lib.money import format_money
from payouts.models import Attempt, BlockedReceiver, Payout
from payouts.models.states import UNPAID_ENDS, State

REVIEW, BLOCK = "review", "block"
DAY = timedelta(hours=24)

# What pages call a rule; ``detail`` of a flag has the figures.
RULE_WORDS = {
    "SingleLimit": gettext_lazy("Above the limit for one payment"),
    "LargeAmount": gettext_lazy("Large amount"),
    "DailyLimit": gettext_lazy("Above the limit for a day"),
    "Velocity": gettext_lazy("Too many payments in a short time"),
    "Duplicate": gettext_lazy("Same receiver and amount a moment ago"),
    "NewReceiverLarge": gettext_lazy("Large amount to somebody never paid before"),
    "Blocklist": gettext_lazy("Blocked receiver"),
}


@dataclass(frozen=True, slots=True)
class Flag:
    rule: str
    severity: str
    detail: str

    def as_json(self) -> dict[str, str]:
        return {"rule": self.rule, "severity": self.severity, "detail": self.detail}


class Candidate(NamedTuple):
    """A payment that is asked for. ``receiver`` normalised."""

    receiver: str
    amount: Decimal


@dataclass(frozen=True)
class Asker:
    """Who asks: limits count by client, and by API user or person."""

    client: Client
    is_sandbox: bool
    api_user: ApiUser | None = None
    # Payments of one call or batch: repetition inside it is meant.
    is_bulk: bool = False
    currency: str = "SLE"
    # Of a batch: it has a limit of its own, and is left out of the counts when it is judged again.
    batch_id: int | None = field(default=None)
    person: User | None = None
    # Of the same call, in a piece that was judged before: what of it was not blocked.
    spent_before: Decimal = Decimal(0)


@dataclass
class Counted:
    """What the rules look at; grows as the candidates of a call are judged."""

    asker: Asker
    spent: Decimal
    calls: int
    recent: set[tuple[str, Decimal]]
    paid: set[str]
    blocked: set[str]
    # settings.PAYOUT_RULES, and the limit of a day: read once for all candidates.
    limits: Mapping[str, int]
    of_day: int

    def add(self, candidate: Candidate, *, is_blocked: bool) -> None:
        if not is_blocked:
            self.spent += candidate.amount
        # A call with many payments is one call, and repeats receivers on purpose.
        if not self.asker.is_bulk:
            self.calls += 1
            self.recent.add((candidate.receiver, candidate.amount))

    def money(self, figure: int | Decimal) -> str:
        return format_money(Decimal(figure), self.asker.currency)


def judge(asker: Asker, candidates: Sequence[Candidate]) -> list[list[Flag]]:
    """The flags of each candidate, in order; earlier ones of the same call count for later ones.

    A constant number of queries, whatever their number. Limits are of ``settings.PAYOUT_RULES`` in ``currency``.
    Limits hold exactly if the caller took `take_turn` first, in the transaction that also stores the payments.
    """
    counted = _count(asker, candidates)
    verdicts = []
    for candidate in candidates:
        flags = [flag for rule in RULES if (flag := rule(counted, candidate))]
        counted.add(candidate, is_blocked=is_blocked(flags))
        verdicts.append(flags)
    return verdicts


def is_blocked(flags: Sequence[Flag]) -> bool:
    return any(flag.severity == BLOCK for flag in flags)


def is_on_blocklist(client: Client, receiver: str) -> bool:
    """Whether nothing may be paid to ``receiver`` now; asked again when a payment is let go."""
    rows = BlockedReceiver.objects.filter(Q(client=client) | Q(client=None), receiver=receiver)
    return rows.exists()


def take_turn(client: Client, *, is_sandbox: bool) -> None:
    """Until the end of the transaction nobody else judges payments of this client: two that each fit under a limit
    may not go past it together. Before any lock on money."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"payouts:{client.pk}:{int(is_sandbox)}"]
        )


# --- the rules ------------------------------------------------------------------------------------------------


def single_limit(counted: Counted, candidate: Candidate) -> Flag | None:
    limit = counted.limits["single_limit"]
    if candidate.amount <= limit:
        return None
    words = _("One payment is at most %(limit)s.") % {"limit": counted.money(limit)}
    return Flag("SingleLimit", BLOCK, words)


def large_amount(counted: Counted, candidate: Candidate) -> Flag | None:
    limit = counted.limits["large_amount"]
    if candidate.amount <= limit:
        return None
    return Flag("LargeAmount", REVIEW, _("More than %(limit)s.") % {"limit": counted.money(limit)})


def daily_limit(counted: Counted, candidate: Candidate) -> Flag | None:
    limit = counted.of_day
    if counted.spent + candidate.amount <= limit:
        return None
    words = _("At most %(limit)s in 24 hours; %(spent)s are used.") % {
        "limit": counted.money(limit),
        "spent": counted.money(counted.spent),
    }
    return Flag("DailyLimit", BLOCK, words)


def velocity(counted: Counted, candidate: Candidate) -> Flag | None:
    limit, minutes = counted.limits["velocity"], counted.limits["velocity_minutes"]
    if counted.calls < limit:
        return None
    words = _("At most %(limit)s payments in %(minutes)s minutes.") % {"limit": limit, "minutes": minutes}
    return Flag("Velocity", BLOCK, words)


def duplicate(counted: Counted, candidate: Candidate) -> Flag | None:
    if (candidate.receiver, candidate.amount) not in counted.recent:
        return None
    minutes = settings.PAYOUT_RULES["duplicate_minutes"]
    words = _("The same amount went to the same receiver within %(minutes)s minutes.") % {"minutes": minutes}
    return Flag("Duplicate", REVIEW, words)


def new_receiver_large(counted: Counted, candidate: Candidate) -> Flag | None:
    limit = counted.limits["new_receiver_large"]
    if candidate.amount <= limit or candidate.receiver in counted.paid:
        return None
    words = _("The first payment to this receiver, and more than %(limit)s.") % {"limit": counted.money(limit)}
    return Flag("NewReceiverLarge", REVIEW, words)


def blocklist(counted: Counted, candidate: Candidate) -> Flag | None:
    if candidate.receiver not in counted.blocked:
        return None
    return Flag("Blocklist", BLOCK, _("Nothing may be paid to this receiver."))


RULES: tuple[Callable[[Counted, Candidate], Flag | None], ...] = (
    single_limit,
    large_amount,
    daily_limit,
    velocity,
    duplicate,
    new_receiver_large,
    blocklist,
)


# --- what they count ------------------------------------------------------------------------------------------


def limit_of_day(asker: Asker) -> int:
    """What one client may pay in 24 hours: batches, which two people agreed on, have a limit of their own."""
    limit = settings.PAYOUT_BATCH_DAILY_LIMIT if asker.batch_id else settings.PAYOUT_RULES["daily_limit"]
    return cast(int, limit)


def spent_lately(asker: Asker, *, with_own: bool = False) -> Decimal:
    """What counts against that limit now: amounts without fees that were asked for, or tried again, and were not
    stopped. Of a batch ``with_own``: what of itself has gone too."""
    since = now() - DAY
    asked = _asked(asker).filter(batch__isnull=asker.batch_id is None)
    if asker.batch_id and not with_own:
        asked = asked.exclude(batch_id=asker.batch_id)
    again = Attempt.objects.filter(number__gt=1, started_at__gt=since).values("payout")
    late = asked.filter(created_at__lte=since, pk__in=again) if asker.batch_id else asked.none()
    return _sum(asked.filter(created_at__gt=since)) + _sum(late)


def _sum(payouts: QuerySet[Payout]) -> Decimal:
    return payouts.aggregate(sum=Sum("amount"))["sum"] or Decimal(0)


def _count(asker: Asker, candidates: Sequence[Candidate]) -> Counted:
    large = settings.PAYOUT_RULES["new_receiver_large"]
    receivers = {candidate.receiver for candidate in candidates}
    return Counted(
        asker=asker,
        spent=spent_lately(asker) + asker.spent_before,
        calls=_calls(asker),
        recent=_recent(asker, receivers),
        paid=_paid(asker, {candidate.receiver for candidate in candidates if candidate.amount > large}),
        blocked=_blocked(asker, receivers),
        limits=settings.PAYOUT_RULES,
        of_day=limit_of_day(asker),
    )


def _asked(asker: Asker) -> QuerySet[Payout]:
    """Payments of the client that were or may yet be made."""
    return Payout.objects.filter(client=asker.client, is_sandbox=asker.is_sandbox, currency=asker.currency).exclude(
        state__in=UNPAID_ENDS
    )


def _calls(asker: Asker) -> int:
    """How often the API user or the person asked for payments lately, those that were stopped included."""
    if asker.batch_id or (asker.api_user is None and asker.person is None):
        return 0
    since = now() - timedelta(minutes=settings.PAYOUT_RULES["velocity_minutes"])
    asked = Payout.objects.filter(
        client=asker.client,
        is_sandbox=asker.is_sandbox,
        api_user=asker.api_user,
        created_at__gt=since,
        batch__isnull=True,
    )
    if asker.api_user is None:
        asked = asked.filter(created_by=asker.person)
    counts = asked.aggregate(
        single=Count("pk", filter=Q(batch_reference="")),
        bulk=Count("batch_reference", filter=~Q(batch_reference=""), distinct=True),
    )
    return cast(int, counts["single"] + counts["bulk"])


def _recent(asker: Asker, receivers: Iterable[str]) -> set[tuple[str, Decimal]]:
    since = now() - timedelta(minutes=settings.PAYOUT_RULES["duplicate_minutes"])
    asked = _asked(asker).filter(created_at__gt=since, receiver__in=_among(receivers))
    if asker.batch_id:
        asked = asked.exclude(batch_id=asker.batch_id)
    return set(asked.values_list("receiver", "amount"))


def _paid(asker: Asker, receivers: Iterable[str]) -> set[str]:
    paid = Payout.objects.filter(
        client=asker.client, is_sandbox=asker.is_sandbox, state=State.COMPLETED, receiver__in=_among(receivers)
    )
    return set(paid.values_list("receiver", flat=True).distinct())


def _blocked(asker: Asker, receivers: Iterable[str]) -> set[str]:
    rows = BlockedReceiver.objects.filter(Q(client=asker.client) | Q(client=None), receiver__in=_among(receivers))
    return set(rows.values_list("receiver", flat=True))


def _among(receivers: Iterable[str]) -> RawSQL:
    """One parameter however many there are: a batch has a hundred thousand. They are digits, and one text is quicker
    than an array."""
    return RawSQL("SELECT unnest(string_to_array(%s, ','))", [",".join(receivers)])
