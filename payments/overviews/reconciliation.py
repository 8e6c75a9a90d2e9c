"""The comparison of providers' books with ours, as staff look at it: days, breaks, files. All figures are of now."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Case, Count, DateField, F, Prefetch, Q, QuerySet, Sum, When
from django.db.models.functions import Coalesce, TruncDate
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.lib.clock import JAKARTA, now
from payments.banking_days import bounds
from payments.methods import METHODS, PROVIDER_NAMES, PROVIDERS, channels_of
from payments.models import PaymentCase, Receipt, ReconciliationRun, SettlementFile, SettlementLine

Kind, Verdict, Action = PaymentCase.Kind, SettlementLine.Verdict, PaymentCase.Action
KINDS = (
    Kind.MISSING_HERE,
    Kind.MISSING_THERE,
    Kind.AMOUNT_DIFFERS,
    Kind.FEE_DIFFERS,
    Kind.SETTLED_TWICE,
    Kind.REFUNDED,
)
DAYS = 14
# Upper ends in days; what is older stands in the last one.
AGES = ((1, _("up to a day")), (3, _("1 to 3 days")), (7, _("3 to 7 days")), (None, _("over a week")))
_PROVIDER_OF = {channel: provider for provider in PROVIDERS for channel in channels_of(provider)}


@dataclass
class Sums:
    """Both sides of a day in one channel and currency. ``is_whole``: they told of everything, so a difference means
    something."""

    channel: str
    currency: str
    theirs: Decimal = Decimal(0)
    ours: Decimal = Decimal(0)
    lines: int = 0
    receipts: int = 0
    is_whole: bool = False

    @property
    def channel_name(self) -> str:
        return channel_name(self.channel)

    @property
    def difference(self) -> Decimal:
        return self.theirs - self.ours


@dataclass
class Day:
    """One provider's day. ``breaks`` are those that nobody has settled yet."""

    provider: str
    day: date
    sums: list[Sums] = field(default_factory=list)
    matched: int = 0
    breaks: int = 0
    oldest: timedelta | None = None
    run: ReconciliationRun | None = None

    @property
    def provider_name(self) -> str:
        return PROVIDER_NAMES.get(self.provider, self.provider)

    @property
    def is_running(self) -> bool:
        return self.run is not None and self.run.state in {"waiting", "running"}


def days(*, last: date, provider: str = "", count: int = DAYS) -> list[Day]:
    """The days up to ``last`` on which something was paid, told or compared, newest first."""
    first = last - timedelta(days=count - 1)
    wanted = [provider] if provider else list(PROVIDERS)
    found: dict[tuple[str, date], Day] = {}

    def at(key: tuple[str, date]) -> Day:
        return found.setdefault(key, Day(*key))

    for key, sums in _sums(wanted, first, last).items():
        at(key).sums = sums
    for key, matched in _matched(wanted, first, last).items():
        at(key).matched = matched
    for key, opened in _open_breaks(wanted, first, last).items():
        at(key).breaks, at(key).oldest = len(opened), now() - min(opened)
    for run in _last_runs(wanted, first, last):
        at((run.provider, run.day)).run = run
    return sorted(found.values(), key=lambda one: (-one.day.toordinal(), one.provider))


def day(provider: str, day: date) -> Day:
    """One day, also one on which nothing happened."""
    found = days(last=day, provider=provider, count=1)
    return found[0] if found else Day(provider, day)


def _sums(providers: Sequence[str], first: date, last: date) -> dict[tuple[str, date], list[Sums]]:
    told = _told(providers, first, last)
    whole = _whole(providers, first, last)
    both: dict[tuple[str, date, str, str], Sums] = {}
    for (provider, day, channel, currency), (amount, count) in told.items():
        row = both.setdefault((provider, day, channel, currency), Sums(channel, currency))
        row.theirs, row.lines = amount, count
    for channel, day, currency, amount, count in _arrived(providers, first, last):
        row = both.setdefault((_PROVIDER_OF[channel], day, channel, currency), Sums(channel, currency))
        row.ours, row.receipts = amount, count
    found: dict[tuple[str, date], list[Sums]] = defaultdict(list)
    for (provider, day, channel, _currency), row in sorted(both.items(), reverse=True):
        row.is_whole = (day, channel) in whole
        found[provider, day].append(row)
    return found


def _told(providers: Sequence[str], first: date, last: date) -> dict[tuple[str, date, str, str], tuple[Decimal, int]]:
    """What they say, by channel: in a file where there is one, else in answers."""
    lines = SettlementLine.objects.filter(provider__in=providers, day__gte=first, day__lte=last, status="paid")
    rows = (
        lines.exclude(verdict=Verdict.REPEATED)
        .order_by()
        .values_list("provider", "day", "channel", "currency", "source")
        .annotate(Sum("amount"), Count("pk"))
    )
    found: dict[tuple[str, date, str, str], tuple[Decimal, int]] = {}
    for provider, day, channel, currency, source, amount, count in rows:
        key = (provider, day, channel, currency)
        if source == "file" or key not in found:
            found[key] = (amount, count)
    return found


def _arrived(providers: Sequence[str], first: date, last: date) -> Iterable[tuple[str, date, str, Decimal, int]]:
    channels = [channel for provider in providers for channel in channels_of(provider)]
    rows = Receipt.objects.filter(channel__in=channels).annotate(moment=Coalesce("paid_at", "received_at"))
    start, end = bounds(first, last)
    return (
        rows.filter(moment__gte=start, moment__lt=end)
        .annotate(day=TruncDate("moment", tzinfo=JAKARTA))
        .order_by()
        .values_list("channel", "day", "currency")
        .annotate(Sum("amount"), Count("pk"))
    )


def _whole(providers: Sequence[str], first: date, last: date) -> set[tuple[date, str]]:
    """(day, channel) of which a file that was taken in is whole."""
    files = SettlementFile.objects.filter(
        provider__in=providers, state="taken", covers_from__lte=last, covers_to__gte=first
    )
    found: set[tuple[date, str]] = set()
    for covers_from, covers_to, channels in files.values_list("covers_from", "covers_to", "channels"):
        begin, end = max(covers_from or first, first), min(covers_to or last, last)
        span = [begin + timedelta(days=step) for step in range((end - begin).days + 1)]
        found |= {(day, channel) for day in span for channel in channels}
    return found


def _matched(providers: Sequence[str], first: date, last: date) -> dict[tuple[str, date], int]:
    lines = SettlementLine.objects.filter(
        provider__in=providers, day__gte=first, day__lte=last, verdict=Verdict.MATCHED
    )
    rows = lines.order_by().values_list("provider", "day").annotate(Count("receipt", distinct=True))
    return {(provider, day): count for provider, day, count in rows}


def open_cases() -> QuerySet[PaymentCase]:
    """Every break that nobody has settled."""
    return PaymentCase.objects.filter(kind__in=KINDS).exclude(state=PaymentCase.State.SETTLED).exclude(provider="")


def with_day(cases: QuerySet[PaymentCase]) -> QuerySet[Any]:
    """``day`` of a break: the one its line belongs to, or its receipt."""
    of_receipt = TruncDate(Coalesce("receipt__paid_at", "receipt__received_at"), tzinfo=JAKARTA)
    there = When(kind=Kind.MISSING_THERE, then=of_receipt)
    day = Case(there, default=F("settlement_lines__day"), output_field=DateField())
    return cases.annotate(day=day)


def _open_breaks(providers: Sequence[str], first: date, last: date) -> dict[tuple[str, date], list[datetime]]:
    rows = with_day(open_cases().filter(provider__in=providers)).filter(day__gte=first, day__lte=last)
    found: dict[tuple[str, date], dict[int, datetime]] = defaultdict(dict)
    for pk, provider, day, created_at in rows.values_list("pk", "provider", "day", "created_at"):
        found[provider, day][pk] = created_at
    return {key: list(of.values()) for key, of in found.items()}


def _last_runs(providers: Sequence[str], first: date, last: date) -> QuerySet[ReconciliationRun]:
    runs = ReconciliationRun.objects.filter(provider__in=providers, day__gte=first, day__lte=last)
    return runs.select_related("requested_by").order_by("provider", "day", "-pk").distinct("provider", "day")


@dataclass(frozen=True)
class Age:
    words: str | Promise
    count: int
    is_old: bool


def ages() -> list[Age]:
    """How many open breaks there are by how long they have been open."""
    moments = list(open_cases().values_list("created_at", flat=True)[:20_000])
    moment, found, left = now(), [], 0
    for most, words in AGES:
        edge = moment - timedelta(days=most) if most else None
        upto = sum(1 for one in moments if edge is None or one > edge)
        found.append(Age(words, upto - left, most is None or most > 1))
        left = upto
    return found


# --- one day ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Suggestion:
    """What could be proposed about a break; ``query`` fills the form of the case. A person looks at it first."""

    words: str | Promise
    action: str = ""
    amount: Decimal | None = None
    customer: str = ""
    note: str = ""

    @property
    def query(self) -> str:
        given = {"action": self.action, "customer": self.customer, "note": self.note}
        given["amount"] = f"{self.amount:f}" if self.amount is not None else ""
        return urlencode({name: text for name, text in given.items() if text})


@dataclass(frozen=True)
class Break:
    case: PaymentCase
    line: SettlementLine | None
    suggestion: Suggestion


def breaks_of(provider: str, day: date) -> QuerySet[PaymentCase]:
    """The breaks of a day, settled ones as well."""
    cases = PaymentCase.objects.filter(provider=provider, kind__in=KINDS)
    ids = with_day(cases).filter(day=day).values("pk")
    related = ("receipt", "customer__user", "deposit", "attempt", "decided_by")
    lines = SettlementLine.objects.defer("raw", "file__content", "file__findings").select_related("file")
    found = PaymentCase.objects.filter(pk__in=ids).select_related(*related)
    return found.prefetch_related(Prefetch("settlement_lines", queryset=lines))


def as_break(case: PaymentCase) -> Break:
    """A case with what they say, and what could be done."""
    line = next(iter(case.settlement_lines.all()), None)
    return Break(case, line, suggestion(case, line))


def suggestion(case: PaymentCase, line: SettlementLine | None = None) -> Suggestion:
    """The entry that would put a break right, by what is known of it."""
    theirs, receipt = case.amount or Decimal(0), case.receipt
    if case.kind == Kind.MISSING_HERE:
        return _credit_missing(case, theirs)
    if case.kind == Kind.AMOUNT_DIFFERS and receipt is not None:
        return _even_out(case, theirs - receipt.amount)
    if case.kind == Kind.REFUNDED and receipt is not None and receipt.place == Receipt.Place.WALLET:
        return Suggestion(
            _("Take it out of the wallet."), Action.TAKE_BACK, min(theirs, receipt.amount), note=case.note
        )
    if case.kind == Kind.MISSING_THERE:
        return _missing_there(case)
    if case.kind == Kind.FEE_DIFFERS:
        words = _("Nothing moves here. Ask them about the fee, and explain it.")
        return Suggestion(words, Action.EXPLAIN, note=case.note)
    words = _("Nothing moves here: it was credited once. Ask them which of the two is right.")
    return Suggestion(words, Action.EXPLAIN, note=case.note)


def _credit_missing(case: PaymentCase, theirs: Decimal) -> Suggestion:
    if case.customer is None and case.deposit is not None:
        return Suggestion(_("Put it into the balance of its client."), Action.CREDIT, theirs, note=case.note)
    if case.customer is None:
        return Suggestion(
            _("Find out whose it is, and put it into that wallet."), Action.CREDIT, theirs, note=case.note
        )
    email = case.customer.user.email
    return Suggestion(_("Put it into the wallet of its customer."), Action.CREDIT, theirs, email, case.note)


def _even_out(case: PaymentCase, more: Decimal) -> Suggestion:
    if more > 0:
        email = case.customer.user.email if case.customer else ""
        return Suggestion(_("Put what is missing into the wallet."), Action.CREDIT, more, email, case.note)
    return Suggestion(_("Take what was too much out of the wallet."), Action.TAKE_BACK, -more, note=case.note)


def _missing_there(case: PaymentCase) -> Suggestion:
    if now() - case.created_at < timedelta(days=3):
        return Suggestion(_("Wait for their next report: late lines solve this by themselves. Else ask them."))
    amount = case.receipt.amount if case.receipt else case.amount
    return Suggestion(
        _("Ask them; if it never came, take it out of the wallet."), Action.TAKE_BACK, amount, note=case.note
    )


def lines_of(provider: str, day: date, verdict: str = "") -> QuerySet[SettlementLine]:
    """What they say of a day, with what answers it here."""
    lines = SettlementLine.objects.filter(provider=provider, day=day).defer("raw", "file__content", "file__findings")
    if verdict:
        lines = lines.filter(verdict=verdict)
    return lines.select_related("receipt__deposit", "case", "file")


def verdicts_of(provider: str, day: date) -> dict[str, int]:
    lines = SettlementLine.objects.filter(provider=provider, day=day).order_by()
    return dict(lines.values_list("verdict").annotate(Count("pk")))


# --- files ------------------------------------------------------------------------------------------------


def all_files() -> QuerySet[SettlementFile]:
    """Every file, without what is in it."""
    return SettlementFile.objects.defer("content", "findings").select_related("uploaded_by", "taken_by")


def file(public_id: UUID) -> SettlementFile | None:
    """One file with what reading it found."""
    related = ("uploaded_by", "taken_by")
    return SettlementFile.objects.defer("content").select_related(*related).filter(public_id=public_id).first()


@dataclass(frozen=True)
class Outcome:
    """What became of a file: lines by verdict, by day, and open breaks."""

    verdicts: Sequence[tuple[str, int]]
    days: Sequence[tuple[date, int]]
    breaks: int


def outcome_of(taken: SettlementFile) -> Outcome:
    lines = taken.lines.order_by()
    words = dict(Verdict.choices)
    verdicts = sorted(lines.values_list("verdict").annotate(Count("pk")), key=lambda row: -row[1])
    by_day = lines.values_list("day").annotate(Count("pk")).order_by("day")
    open_ones = ~Q(case__state=PaymentCase.State.SETTLED) & Q(case__isnull=False)
    return Outcome(
        [(str(words.get(name, name)), count) for name, count in verdicts],
        list(by_day),
        lines.filter(open_ones).values("case").distinct().count(),
    )


def channel_name(channel: str) -> str:
    """The first method whose money comes through a channel; permanent numbers share that of virtual accounts."""
    return next((str(method.name) for method in METHODS.values() if method.channel == channel), channel)


def channel_choices(provider: str) -> list[tuple[str, str]]:
    """The channels of a provider, in words."""
    return [(channel, channel_name(channel)) for channel in channels_of(provider)]
