"""How much one customer may order, and what nobody may order: one reckoning for the refusal and for the meter.

All windows are rolling. The figures by level stand in ``settings.ORDER_LIMITS``, amounts are whole rupiah.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from django.conf import settings
from django.db.models import Case, Count, F, Max, Q, QuerySet, Sum, When
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.levels import Level, level_of
from accounts.models import Customer
from config.lib import clock
from config.lib.money import format_money
from otp.errors import OverDailyOrders, OverDailySpending, Paused, ServiceBlocked, Stopped, TooManyLive
from otp.models import ENDS, LIVE, BlockedService, Order, Pardon, Reason, State
from otp.providers.types import Message

DAY = timedelta(hours=24)
STRIKES_COUNT_FOR = timedelta(days=30)
# From this share of a limit on the meter warns.
NEAR = 0.8

# The reasons we ship: rows keep them in English.
REASONS = (gettext_noop("a bank"), gettext_noop("a payment service"))


@dataclass(frozen=True, kw_only=True)
class Caps:
    """Upper bounds of a level: orders alive at one time, orders in 24 hours, whole rupiah in 24 hours."""

    live: int
    orders: int
    spending: Decimal


@dataclass(frozen=True)
class Usage:
    """What of it a customer has used. ``cancelled`` of ``judged`` numbers were given back unused."""

    live: int
    orders: int
    spending: Decimal
    judged: int
    cancelled: int
    strikes: int

    @property
    def cancelled_percent(self) -> int:
        return self.cancelled * 100 // self.judged if self.judged else 0

    @property
    def is_paused(self) -> bool:
        return _too_many_cancelled(self.judged, self.cancelled)

    @property
    def is_stopped(self) -> bool:
        return self.strikes >= int(settings.ORDER_STRIKES)


@dataclass(frozen=True)
class Meter:
    """One limit as a customer sees it: ``used`` of ``most``; ``shown`` says both in words."""

    name: str
    title: str
    used: int
    most: int
    shown: str
    hint: str = ""

    @property
    def level(self) -> str:
        """ok, near or full."""
        if self.used >= self.most:
            return "full"
        return "near" if self.used >= self.most * NEAR else "ok"


@dataclass(frozen=True)
class Standing:
    """Everything the meter shows. ``paused_until`` while too many numbers were cancelled; then ``restarts_left`` says
    how often the customer may start afresh by themself. ``is_stopped`` is for staff to lift."""

    meters: Sequence[Meter]
    level: Level
    paused_until: datetime | None
    restarts_left: int
    is_stopped: bool

    @property
    def tightest(self) -> Meter:
        """The meter nearest to its end."""
        return max(self.meters, key=lambda meter: meter.used / meter.most)

    @property
    def calls_for_attention(self) -> bool:
        return any(meter.level != "ok" for meter in self.meters)


def caps_at(level: Level) -> Caps:
    live, orders, spending = settings.ORDER_LIMITS[level.value]
    return Caps(live=live, orders=orders, spending=Decimal(spending))


def check(customer: Customer, quantity: int, amount: Decimal) -> None:
    """Refuse ``quantity`` more orders worth ``amount`` rupiah together when they would pass a limit.

    Only under the customer's row lock does the answer hold until the orders are written. Raises `Stopped`, `Paused`,
    `TooManyLive`, `OverDailyOrders`, `OverDailySpending`. At most six queries.
    """
    used, caps = usage(customer), caps_at(level_of(customer))
    if used.is_stopped:
        raise Stopped
    if used.is_paused:
        raise Paused(_paused_until(customer), percent=settings.ORDER_CANCEL_PERCENT)
    if used.live + quantity > caps.live:
        raise TooManyLive(caps.live)
    if used.orders + quantity > caps.orders:
        raise OverDailyOrders(caps.orders, _room_at(customer, used.orders + quantity - caps.orders))
    if used.spending + amount > caps.spending:
        raise OverDailySpending(most=caps.spending, left=max(caps.spending - used.spending, Decimal(0)))


def usage(customer: Customer) -> Usage:
    """What ``customer`` has used by now. Four queries."""
    now = clock.now()
    pardons = Pardon.objects.filter(customer=customer).aggregate(
        any=Max("created_at"), strikes=Max("created_at", filter=Q(clears_strikes=True))
    )
    ended = _judged(max(now - DAY, pardons["any"] or now - DAY))
    live = Order.objects.live().filter(customer=customer).count()
    figures = _of_a_day(customer, now).aggregate(
        orders=Count("pk", filter=_counted()),
        spending=Sum(_worth()),
        judged=Count("pk", filter=ended),
        cancelled=Count("pk", filter=ended & _given_back()),
    )
    strikes = _strikes(customer, max(now - STRIKES_COUNT_FOR, pardons["strikes"] or now - STRIKES_COUNT_FOR))
    return Usage(live=live, strikes=strikes, **{**figures, "spending": figures["spending"] or Decimal(0)})


def meters(customer: Customer) -> Standing:
    """How near ``customer`` is to each limit, for the page where they buy. At most seven queries."""
    used, level = usage(customer), level_of(customer)
    return Standing(
        meters=_meters(used, caps_at(level)),
        level=level,
        paused_until=_paused_until(customer) if used.is_paused else None,
        restarts_left=restarts_left(customer) if used.is_paused else 0,
        is_stopped=used.is_stopped,
    )


def restarts_left(customer: Customer) -> int:
    """How many fresh starts a customer may still take by themself this month."""
    taken = Pardon.objects.filter(
        customer=customer, given_by=None, created_at__gt=clock.now() - STRIKES_COUNT_FOR
    ).count()
    return max(int(settings.ORDER_FRESH_STARTS) - taken, 0)


def pardons(customer: Customer) -> QuerySet[Pardon]:
    """The newest fresh starts of ``customer``, for staff."""
    return Pardon.objects.filter(customer=customer).select_related("given_by").order_by("-created_at")[:5]


def _of_a_day(customer: Customer, now: datetime) -> QuerySet[Order]:
    return Order.objects.filter(customer=customer, created_at__gt=now - DAY)


def _counted() -> Q:
    # What failed before there was a number is nobody's use of anything.
    return Q(state__in=LIVE) | Q(activated_at__isnull=False)


def _worth() -> Case:
    held = When(state__in=LIVE, captured_at__isnull=True, then=F("price"))
    return Case(held, default=F("charged"))


def _judged(since: datetime) -> Q:
    # A number swapped for another one is judged by what becomes of that one.
    return Q(state__in=ENDS, activated_at__isnull=False, created_at__gt=since) & ~Q(reason=Reason.REPLACED)


def _given_back() -> Q:
    # A fee pays for a cancelled inbox; only what cost nothing counts.
    return Q(state=State.CANCELLED, reason=Reason.CANCELLED_BY_CUSTOMER, charged=0)


def _strikes(customer: Customer, since: datetime) -> int:
    return Order.objects.filter(customer=customer, withheld_count__gt=0, created_at__gt=since).count()


def _too_many_cancelled(judged: int, cancelled: int) -> bool:
    most, free = int(settings.ORDER_CANCEL_PERCENT), int(settings.ORDER_CANCEL_FREE)
    return judged >= free and cancelled * 100 > judged * most


def _paused_until(customer: Customer) -> datetime:
    """When enough of the cancelled numbers will be older than a day."""
    now = clock.now()
    newest = Pardon.objects.filter(customer=customer).aggregate(at=Max("created_at"))["at"]
    rows = _of_a_day(customer, now).filter(_judged(max(now - DAY, newest or now - DAY))).order_by("created_at")
    marked = rows.annotate(bad=Case(When(_given_back(), then=True), default=False))
    left = list(marked.values_list("created_at", "bad"))
    judged, cancelled = len(left), sum(bad for _at, bad in left)
    for at, bad in left:
        judged, cancelled = judged - 1, cancelled - bad
        if not _too_many_cancelled(judged, cancelled):
            return at + DAY
    return now


def _room_at(customer: Customer, needed: int) -> datetime:
    """When ``needed`` of the day's orders will be older than a day."""
    now = clock.now()
    ages = _of_a_day(customer, now).filter(_counted()).order_by("created_at").values_list("created_at", flat=True)
    first = list(ages[:needed])
    return (first[-1] if len(first) == needed else now) + DAY


def _meters(used: Usage, caps: Caps) -> list[Meter]:
    meters = [_live_meter(used, caps), _orders_meter(used, caps), _spending_meter(used, caps), _cancel_meter(used)]
    return [*meters, _strike_meter(used)] if used.strikes else meters


def _of(used: object, most: object) -> str:
    return _("%(used)s of %(most)s") % {"used": used, "most": most}


def _live_meter(used: Usage, caps: Caps) -> Meter:
    hint = _("Finish or cancel one to buy the next.") if used.live >= caps.live else ""
    return Meter("live", _("Waiting at one time"), used.live, caps.live, _of(used.live, caps.live), hint)


def _orders_meter(used: Usage, caps: Caps) -> Meter:
    return Meter("orders", _("Orders in 24 hours"), used.orders, caps.orders, _of(used.orders, caps.orders))


def _spending_meter(used: Usage, caps: Caps) -> Meter:
    shown = _of(format_money(used.spending, "IDR"), format_money(caps.spending, "IDR"))
    return Meter("spending", _("Spent in 24 hours"), int(used.spending), int(caps.spending), shown)


def _cancel_meter(used: Usage) -> Meter:
    most, free = settings.ORDER_CANCEL_PERCENT, settings.ORDER_CANCEL_FREE
    title = _("Given back unused")
    if used.judged < free:
        shown = _("%(cancelled)s of your last %(judged)s") % {"cancelled": used.cancelled, "judged": used.judged}
        return Meter("cancelled", title, 0, most, shown)
    shown = _("%(percent)s %% of %(judged)s, at most %(most)s %%")
    words = shown % {"percent": used.cancelled_percent, "judged": used.judged, "most": most}
    percent = max(used.cancelled_percent, most) if used.is_paused else min(used.cancelled_percent, most - 1)
    hint = _("Above this, buying pauses until older cancellations are a day old.") if percent >= most * NEAR else ""
    return Meter("cancelled", title, percent, most, words, hint)


def _strike_meter(used: Usage) -> Meter:
    most = settings.ORDER_STRIKES
    hint = _("Messages of banks and payment services are kept back. Please do not use numbers for them.")
    return Meter("strikes", _("Messages kept back"), used.strikes, most, _of(used.strikes, most), hint)


# --- what nobody may order -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Blocklist:
    """The blocked words for one purpose, read once: ask it as often as you like."""

    rows: tuple[BlockedService, ...]

    def match(self, *texts: str) -> BlockedService | None:
        """The row whose words stand in one of ``texts``."""
        if not self.rows:
            return None
        pattern = _pattern(tuple(row.words for row in self.rows))
        found = next(filter(None, (pattern.search(_plain(text)) for text in texts if text)), None)
        return self.rows[_place_of(found)] if found else None


def blocklist() -> Blocklist:
    """What is refused when ordered. One query."""
    return Blocklist(tuple(BlockedService.objects.filter(at_order=True).order_by("pk")))


def blocked(*names: str) -> BlockedService | None:
    """What forbids to order something of these names (service, site, offer), if anything does. One query."""
    return blocklist().match(*names)


def check_names(*names: str) -> None:
    """Raises `ServiceBlocked` when something of these names must not be ordered. One query."""
    row = blocked(*names)
    if row:
        raise ServiceBlocked(row.words, why_blocked(row))


def why_blocked(row: BlockedService) -> str:
    """The reason in the reader's language, if it is one of ours; else as staff wrote it."""
    return _(row.why)


def withheld(message: Message) -> BlockedService | None:
    """What forbids to show ``message``, if anything does. One query.

    A mail is known by its sender and subject: its body may name a bank in passing. An SMS has nothing but its text.
    """
    rows = Blocklist(tuple(BlockedService.objects.filter(on_arrival=True).order_by("pk")))
    return rows.match(message.sender, message.subject) if message.sender else rows.match(message.text)


def _plain(text: str) -> str:
    """In one form and case, without accents and invisible characters."""
    split = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in split if unicodedata.category(letter) not in ("Mn", "Cf")).casefold()


@lru_cache(maxsize=8)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    # Alternatives of fixed words with no repetition inside: the time to search grows with the text only.
    parts = "|".join(f"(?P<w{place}>{_loosely(phrase)})" for place, phrase in enumerate(words))
    return re.compile(rf"(?<![^\W_])(?:{parts})(?![^\W_])")


def _loosely(phrase: str) -> str:
    """``bank mandiri`` stands also in ``bank-mandiri`` and ``BankMandiri``."""
    return r"[\W_]{0,3}".join(re.escape(word) for word in _words(phrase))


def _words(phrase: str) -> Iterable[str]:
    return re.findall(r"[^\W_]+", _plain(phrase)) or [_plain(phrase)]


def _place_of(found: re.Match[str]) -> int:
    return int((found.lastgroup or "w0")[1:])
