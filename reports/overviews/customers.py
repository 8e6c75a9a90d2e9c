"""A customer's home: what was spent on what, how often a code came and how soon, and how the balance went."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Customer
from config.lib import times
from config.lib.money import format_money
from otp.models import UNDELIVERED_ENDS
from reports import charts
from reports.overviews.keeping import Figure, kept, rate

DAYS = 30
_MOST_SERVICES = 6

# The rows of each day and service, and one line over all of them (no day) with the usual wait.
_ORDERS = """
    SELECT (created_at AT TIME ZONE %(zone)s)::date AS day, service_name,
           count(*) FILTER (WHERE captured_at IS NOT NULL),
           count(*) FILTER (WHERE captured_at IS NULL AND state = ANY(%(without)s)),
           coalesce(sum(charged), 0),
           percentile_disc(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM captured_at - activated_at))::int
      FROM otp_order
     WHERE customer_id = %(customer)s AND created_at >= %(start)s
     GROUP BY GROUPING SETS ((1, 2), ())
"""
# What stood in the wallet at the end of each day with movements, and before the first of them.
_BALANCE = """
    WITH wallet AS (
      SELECT id, balance FROM wallets_account WHERE customer_id = %(customer)s AND currency = %(currency)s
    ), moved AS (
      SELECT (p.created_at AT TIME ZONE %(zone)s)::date AS day, p.version, p.amount, p.balance_after
        FROM wallets_posting p JOIN wallet w ON w.id = p.account_id WHERE p.created_at >= %(start)s
    )
    (SELECT DISTINCT ON (day) day, balance_after FROM moved ORDER BY day, version DESC)
    UNION ALL
    (SELECT NULL, coalesce((SELECT balance_after - amount FROM moved ORDER BY version LIMIT 1),
                           (SELECT balance FROM wallet), 0))
"""


@dataclass(frozen=True)
class Numbers:
    """Of the last days: per day (with code, without), per service (count with code, spent), the usual wait."""

    days: dict[date, tuple[int, int]]
    services: list[tuple[str, Decimal]]
    spent: Decimal
    with_code: int
    without: int
    median_seconds: int | None
    balances: list[tuple[date | None, Decimal]]


def home(customer: Customer) -> dict[str, Any]:
    """For the home page of ``customer``; two queries, once a minute."""
    window = charts.days_back(DAYS)
    found = kept(f"customer:{customer.pk}:{window.last}", lambda: _count(customer, window.start))
    return {
        "figures": _figures(found.value, window),
        "spending": _spending(found.value, window, found.as_of),
        "codes": _codes(found.value, window, found.as_of),
        "balance_line": _balance_line(found.value, window, found.as_of),
        "overview_days": DAYS,
    }


def _count(customer: Customer, start: datetime) -> Numbers:
    asked = {
        "customer": customer.pk,
        "start": start,
        "zone": timezone.get_current_timezone_name(),
        "currency": settings.CUSTOMER_WALLET_CURRENCY,
        "without": [str(state) for state in UNDELIVERED_ENDS],
    }
    with connection.cursor() as cursor:
        cursor.execute(_ORDERS, asked)
        orders = cursor.fetchall()
        cursor.execute(_BALANCE, asked)
        return _sorted_out(orders, cursor.fetchall())


def _sorted_out(orders: list[Any], balances: list[Any]) -> Numbers:
    days: dict[date, tuple[int, int]] = {}
    services: dict[str, Decimal] = {}
    spent, came, missed, median = Decimal(0), 0, 0, None
    for day, service, with_code, without, charged, middle in orders:
        if day is None:
            spent, came, missed, median = charged, with_code, without, middle
            continue
        before = days.get(day, (0, 0))
        days[day] = (before[0] + with_code, before[1] + without)
        services[service] = services.get(service, Decimal(0)) + charged
    dearest = sorted(((name, sum_) for name, sum_ in services.items() if sum_), key=lambda one: (-one[1], one[0]))
    return Numbers(days, dearest, spent, came, missed, median, balances)


def _orders_url(window: charts.Window, **more: str) -> str:
    query = {"first": window.first, "last": window.last, **more}
    return f"{reverse('otp:orders')}?{urlencode(query)}"


def _figures(found: Numbers, window: charts.Window) -> list[Figure]:
    success = rate(found.with_code, found.with_code + found.without)
    ended = {"total": found.with_code + found.without}
    wait = "–" if found.median_seconds is None else times.span(found.median_seconds)
    return [
        Figure(_("Spent on numbers"), _money(found.spent), _orders_url(window)),
        Figure(_("With code"), str(found.with_code), _orders_url(window, state="code")),
        Figure(
            _("Success"),
            charts.value_text(success, "percent"),
            _orders_url(window, state="nocode"),
            _("of %(total)s that ended") % ended,
            _orders_url(window, state="ended"),
        ),
        Figure(_("Usual wait for a code"), wait, _orders_url(window, state="code"), _("median")),
    ]


def _money(amount: Decimal) -> str:
    return format_money(amount, settings.CUSTOMER_WALLET_CURRENCY)


def _spending(found: Numbers, window: charts.Window, as_of: datetime) -> charts.Chart:
    """The dearest services, and the rest as one."""
    shown, rest = found.services[:_MOST_SERVICES], found.services[_MOST_SERVICES:]
    points = [charts.Point(name, (spent,), (_orders_url(window, q=name),)) for name, spent in shown]
    if rest:
        points.append(charts.Point(_("Other services"), (sum(spent for _name, spent in rest),), (_orders_url(window),)))
    series = charts.Series(_("Spent"))
    return charts.ranked(
        points, series=series, heading=_("Service"), unit=settings.CUSTOMER_WALLET_CURRENCY, as_of=as_of
    )


def _codes(found: Numbers, window: charts.Window, as_of: datetime) -> charts.Chart:
    there = f"{reverse('otp:orders')}?first={{day}}&last={{day}}"
    points = window.points(found.days, nothing=(0, 0), url=there, each=("state=code", "state=nocode"))
    return charts.stacked(
        points,
        series=[
            charts.Series(_("With code"), "success", _orders_url(window, state="code")),
            charts.Series(_("Without code"), "neutral", _orders_url(window, state="nocode")),
        ],
        heading=charts.day_heading(),
        as_of=as_of,
    )


def _balance_line(found: Numbers, window: charts.Window, as_of: datetime) -> charts.Chart:
    """A day without movements ends as the day before it did."""
    stood = next((balance for day, balance in found.balances if day is None), Decimal(0))
    by_day = dict(found.balances)
    ends: dict[date, tuple[charts.Number | None, ...]] = {}
    for day in window.days:
        stood = by_day.get(day, stood)
        ends[day] = (stood,)
    return charts.line(
        window.points(ends, nothing=(0,), url=f"{reverse('wallets:statement')}?first={{day}}&last={{day}}"),
        series=[charts.Series(_("Balance at the end of the day"))],
        heading=charts.day_heading(),
        unit=settings.CUSTOMER_WALLET_CURRENCY,
        as_of=as_of,
    )
