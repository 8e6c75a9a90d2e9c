"""How those outside do: each provider's calls of the last 24 hours, from what the database knows of them already.

Providers of payments leave a row for each call. Of OTPZap, the rails and the card processor the orders, tries and
payments themselves say when something was asked, when it was answered, and when no clear answer came.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import policy
from accounts.access.actors import Actor
from cards.models.states import Reason as CardReason
from config.lib import clock, times
from config.lib.navigation import url_or_none
from otp.models import Reason as OrderReason
from payments import health
from payments.methods import METHODS, PROVIDER_NAMES
from payouts.models.states import Reason as PayoutReason
from reports.overviews.keeping import kept

HOURS = 24
# More orders, tries or payments than this in a day are counted in part.
MOST_ROWS = 200_000
OTPZAP, RAIL, CARDS = "otpzap", "rail:", "card:"
_DOUBT = "in_doubt"
# Reasons that say that the other side did not do its part; all others are answers.
_LOST_ORDERS = [OrderReason.UNREACHABLE, OrderReason.REPLACEMENT_LOST, OrderReason.SETTLED_BY_STAFF]
_LOST_PAYOUTS = [PayoutReason.UNREACHABLE, PayoutReason.SETTLED_BY_STAFF]
_LOST_CARDS = [CardReason.PROCESSING, CardReason.NEVER_ARRIVED, CardReason.SETTLED_BY_STAFF]


def _newest(table: str) -> str:
    """Only the newest rows are looked at, by their numbers: no index on times is needed, and no day costs more."""
    return f"(SELECT coalesce(max(id), 0) - {MOST_ROWS} FROM {table})"  # noqa: S608 - our own names


_CALLS = f"""
    SELECT provider AS name, sent_at AS at, elapsed_ms::float AS ms, {health.FAILED} AS failed,
           {health.MISTAKE} AS mistake
      FROM payments_providerexchange WHERE provider = ANY(%(providers)s) AND sent_at >= %(start)s
    UNION ALL
    SELECT 'otpzap', o.sent_at, extract(epoch FROM o.activated_at - o.sent_at) * 1000,
           o.doubted_at IS NOT NULL OR o.reason = ANY(%(lost_orders)s), coalesce(nullif(o.reason, ''), 'in_doubt')
      FROM otp_order o JOIN accounts_customer c ON c.id = o.customer_id AND NOT c.is_sandbox
     WHERE o.id > {_newest("otp_order")} AND o.sent_at >= %(start)s
       AND (o.activated_at IS NOT NULL OR o.finished_at IS NOT NULL OR o.doubted_at IS NOT NULL)
    UNION ALL
    SELECT 'rail:' || p.rail, a.started_at, extract(epoch FROM a.ended_at - a.started_at) * 1000,
           coalesce(p.in_doubt_since >= a.started_at, false) OR a.reason = ANY(%(lost_payouts)s),
           coalesce(nullif(a.reason, ''), 'in_doubt')
      FROM payouts_attempt a JOIN payouts_payout p ON p.id = a.payout_id AND NOT p.is_sandbox
     WHERE a.id > {_newest("payouts_attempt")} AND a.started_at >= %(start)s
       AND (a.ended_at IS NOT NULL OR p.in_doubt_since IS NOT NULL)
    UNION ALL
    SELECT 'card:' || p.processor, p.created_at,
           CASE WHEN p.challenge_until IS NULL THEN
             extract(epoch FROM coalesce(p.authorized_at, p.closed_at) - p.created_at) * 1000 END,
           (p.in_doubt_since IS NOT NULL AND p.challenge_used_at IS NULL) OR p.reason = ANY(%(lost_cards)s),
           coalesce(nullif(p.reason, ''), 'in_doubt')
      FROM cards_cardpayment p
     WHERE p.id > {_newest("cards_cardpayment")} AND p.created_at >= %(start)s AND NOT p.is_sandbox
       AND p.state <> 'sending'
    UNION ALL
    SELECT 'card:' || p.processor, a.created_at, extract(epoch FROM a.done_at - a.created_at) * 1000,
           a.in_doubt_since IS NOT NULL OR a.reason = ANY(%(lost_cards)s), coalesce(nullif(a.reason, ''), 'in_doubt')
      FROM cards_cardact a JOIN cards_cardpayment p ON p.id = a.payment_id AND NOT p.is_sandbox
     WHERE a.id > {_newest("cards_cardact")} AND a.created_at >= %(start)s
       AND (a.done_at IS NOT NULL OR a.in_doubt_since IS NOT NULL)
"""  # noqa: S608 - no part of it comes from outside
# Of each its day, then its last minutes as `health.Figures` wants them.
_QUERY = f"""
    WITH calls AS MATERIALIZED ({_CALLS}), recent AS (
      SELECT *, max(at) FILTER (WHERE NOT failed) OVER same AS answered_at,
             max(at) FILTER (WHERE failed) OVER same AS failed_at
        FROM calls WHERE at >= %(lately)s WINDOW same AS (PARTITION BY name)
    ), now AS (
      SELECT name, count(*) AS calls, count(*) FILTER (WHERE failed) AS failures,
             percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS median,
             min(at) FILTER (WHERE failed AND at > coalesce(answered_at, '-infinity')) AS since,
             count(*) FILTER (WHERE failed AND at > coalesce(answered_at, '-infinity')) AS failed_row,
             count(*) FILTER (WHERE NOT failed AND at > coalesce(failed_at, '-infinity')) AS answered_row
        FROM recent GROUP BY name
    )
    SELECT c.name, count(*), count(*) FILTER (WHERE c.failed),
           percentile_cont(0.5) WITHIN GROUP (ORDER BY c.ms), percentile_cont(0.9) WITHIN GROUP (ORDER BY c.ms),
           (array_agg(c.mistake ORDER BY c.at DESC) FILTER (WHERE c.failed))[1], max(c.at) FILTER (WHERE c.failed),
           max(n.calls), max(n.failures), max(n.median), max(n.since), max(n.failed_row), max(n.answered_row)
      FROM calls c LEFT JOIN now n USING (name) GROUP BY c.name
"""  # noqa: S608 - no part of it comes from outside


@dataclass(frozen=True)
class Day:
    """Calls of 24 hours; times in milliseconds; ``state`` is of the last minutes."""

    state: health.State
    calls: int = 0
    failures: int = 0
    median_ms: int | None = None
    p90_ms: int | None = None
    last_mistake: str = ""
    last_at: datetime | None = None


@dataclass(frozen=True)
class Provider:
    """One way to the outside, for the page: ``url`` leads to it, ``calls_url`` to what it was asked."""

    name: str
    day: Day
    url: str
    calls_url: str
    mistake: str

    @property
    def state(self) -> str:
        return f"health:{self.day.state}"

    @property
    def percent(self) -> str:
        """Rounded down: 199 of 200 is not all."""
        return f"{100 * (self.day.calls - self.day.failures) // self.day.calls} %" if self.day.calls else "–"

    @property
    def usual(self) -> str:
        return _in_words(self.day.median_ms)

    @property
    def slow(self) -> str:
        return _in_words(self.day.p90_ms)


def _in_words(milliseconds: int | None) -> str:
    if milliseconds is None:
        return ""
    if milliseconds < 10_000:
        return _("%(time)s ms") % {"time": milliseconds}
    return times.span(milliseconds // 1000)


def home(actor: Actor) -> dict[str, Any]:
    """Those ``actor`` may look after; one query, once a minute for everybody. Nothing for who looks after none."""
    found = kept("desk:providers", _count)
    providers = [
        Provider(name, found.value.get(code, Day(health.State.UNKNOWN)), *_places(code), _mistake(code, found.value))
        for code, name in _names(found.value).items()
        if policy.allows(actor, _permission(code))
    ]
    if not providers:
        return {}
    minutes = int(settings.PROVIDER_HEALTH["window_minutes"])
    return {"providers": providers, "health_minutes": minutes, "providers_as_of": found.as_of}


def _names(found: Mapping[str, Day]) -> dict[str, str]:
    """What is open, and what was asked anything."""
    open_ones = {method.provider for method in METHODS.values() if method.provider and method.is_on}
    names = {code: name for code, name in PROVIDER_NAMES.items() if code in open_ones or code in found}
    names[OTPZAP] = "OTPZap"
    rails = {f"{RAIL}bank": _("Payout rail, banks"), f"{RAIL}mobile": _("Payout rail, mobile money")}
    names |= {code: name for code, name in rails.items() if settings.PAYOUT_RAIL_URL or code in found}
    for code in sorted(found):
        if code.startswith(CARDS):
            names[code] = _("Cards, %(processor)s") % {"processor": code.removeprefix(CARDS) or _("no processor")}
        elif code.startswith(RAIL) and code not in names:
            names[code] = _("Payout rail, %(name)s") % {"name": code.removeprefix(RAIL) or _("not chosen")}
    return names


def _permission(code: str) -> str:
    if code == OTPZAP:
        return "Orders.Read"
    if code.startswith(RAIL):
        return "Payouts.Read"
    return "Cards.Read" if code.startswith(CARDS) else "Exchanges.Read"


def _places(code: str) -> tuple[str, str]:
    """Its page, and the list of what it was asked: the days that the 24 hours lie in."""
    today = timezone.localdate()
    days = urlencode({"first": today - timedelta(days=1), "last": today})
    if code == OTPZAP:
        orders = reverse("staff:orders")
        return url_or_none("staff:supplier") or orders, f"{orders}?{days}"
    if code.startswith(RAIL):
        payouts = reverse("staff:payouts")
        kind = {f"{RAIL}bank": "BankTransfer", f"{RAIL}mobile": "MobileMoney"}.get(code, "")
        return payouts, f"{payouts}?{days}&kind={kind}"
    if code.startswith(CARDS):
        cards = reverse("staff:cards")
        return cards, f"{cards}?{days}"
    exchanges = f"{reverse('staff:exchanges')}?{urlencode({'provider': code})}"
    return exchanges, f"{exchanges}&direction=out"


def _mistake(code: str, found: Mapping[str, Day]) -> str:
    """The last failure in words; calls of payments are named by the provider's own code."""
    mistake = found[code].last_mistake if code in found else ""
    if not mistake or code in PROVIDER_NAMES:
        return mistake
    reasons = OrderReason if code == OTPZAP else PayoutReason if code.startswith(RAIL) else CardReason
    return _("No clear answer") if mistake == _DOUBT else str(dict(reasons.choices).get(mistake, mistake))


def _count() -> dict[str, Day]:
    now = clock.now()
    asked: dict[str, Any] = {
        "start": now - timedelta(hours=HOURS),
        "lately": now - timedelta(minutes=int(settings.PROVIDER_HEALTH["window_minutes"])),
        "providers": list(PROVIDER_NAMES),
        "lost_orders": [str(reason) for reason in _LOST_ORDERS],
        "lost_payouts": [str(reason) for reason in _LOST_PAYOUTS],
        "lost_cards": [str(reason) for reason in _LOST_CARDS],
    }
    with connection.cursor() as cursor:
        cursor.execute(_QUERY, asked)
        return {row[0]: _day(*row) for row in cursor.fetchall()}


def _day(
    name: str,
    calls: int,
    failures: int,
    median: float | None,
    p90: float | None,
    mistake: str | None,
    at: datetime | None,
    *lately: Any,
) -> Day:
    state = health.judge(_figures(name, *lately)).state if lately[0] else health.State.UNKNOWN
    usual, slow = (None if value is None else round(value) for value in (median, p90))
    return Day(state, calls, failures, usual, slow, mistake or "", at)


def _figures(
    name: str,
    calls: int,
    failures: int,
    median: float | None,
    since: datetime | None,
    failed_row: int,
    answered_row: int,
) -> health.Figures:
    """What is known of a call is judged by its time too; of the others only the time until it was done is."""
    time = median if name in PROVIDER_NAMES else None
    return health.Figures(calls, failures, time, None, None, None, since, failed_row, answered_row)
