"""The desk's home: how much of what is asked for arrives, and how soon."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.db.models import Count, F
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import policy
from accounts.access.actors import Actor
from config.lib import times
from otp import overviews as orders
from payments.methods import METHODS, SANDBOX, VA_STATIC
from payouts.models.states import IN_FLIGHT, UNPAID_ENDS, State
from payouts.routing import Routes
from payouts.selectors import transfers
from payouts.selectors.search import IN_VAIN
from reports import charts
from reports.overviews import companies
from reports.overviews.keeping import Figure, kept, rate

RANGES, USUAL = (1, 7, 30), 7
_MOST_SERVICES, _MOST_COUNTRIES, _FEWEST = 8, 6, 5

# Orders that got their number or inbox and are over, or brought a code; none of the sandbox.
_ORDERS = """
    WITH tried AS (
      SELECT (o.activated_at AT TIME ZONE %(zone)s)::date AS day, o.service_name, o.country_name,
             o.captured_at IS NOT NULL AS came,
             extract(epoch FROM o.captured_at - o.activated_at) AS waited
        FROM otp_order o JOIN accounts_customer c ON c.id = o.customer_id AND NOT c.is_sandbox
       WHERE o.activated_at >= %(start)s AND (o.captured_at IS NOT NULL OR o.finished_at IS NOT NULL)
    )
    SELECT grouping(day), grouping(service_name), day, service_name, country_name,
           count(*), count(*) FILTER (WHERE came),
           percentile_disc(0.5) WITHIN GROUP (ORDER BY waited)::int,
           percentile_disc(0.9) WITHIN GROUP (ORDER BY waited)::int
      FROM tried GROUP BY GROUPING SETS ((day), (service_name, country_name), ())
"""
_WAITS = """
    SELECT width_bucket(extract(epoch FROM o.captured_at - o.activated_at), %(waits)s) AS place, count(*)
      FROM otp_order o JOIN accounts_customer c ON c.id = o.customer_id AND NOT c.is_sandbox
     WHERE o.activated_at >= %(start)s AND o.captured_at IS NOT NULL GROUP BY 1
"""
# Of real ones, by method: asked for, told how to pay, credited, credited after the end; and the usual time it took.
_DEPOSITS = """
    SELECT d.method, count(*),
           count(*) FILTER (WHERE d.state = 'success' OR EXISTS (
             SELECT FROM payments_paymentattempt a WHERE a.deposit_id = d.id AND a.opened_at IS NOT NULL)),
           count(*) FILTER (WHERE d.state = 'success'), count(*) FILTER (WHERE d.outcome = 'paid_late'),
           percentile_disc(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM d.paid_at - d.created_at))::int
      FROM payments_deposit d LEFT JOIN accounts_customer c ON c.id = d.customer_id
     WHERE d.created_at >= %(start)s AND d.method <> ALL(%(without)s) AND NOT coalesce(c.is_sandbox, false)
     GROUP BY d.method
"""


@dataclass(frozen=True)
class Tried:
    """Orders of some days: (tried, came) by day and by service and country, all of them, and the usual waits."""

    days: dict[date, tuple[int, int]]
    places: dict[tuple[str, str], tuple[int, int]]
    tried: int
    came: int
    median_seconds: int | None
    p90_seconds: int | None
    waits: dict[int, int]


def days_of(text: str) -> int:
    """A range that is offered; nonsense counts as the usual one."""
    return next((days for days in RANGES if text == str(days)), USUAL)


def ranges() -> list[tuple[str, str]]:
    """To choose from; the usual one stands without a parameter."""
    words = {1: _("Today")} | {days: _("%(days)s days") % {"days": days} for days in RANGES[1:]}
    return [("" if days == USUAL else str(days), words[days]) for days in RANGES]


def home(actor: Actor, days: int) -> dict[str, Any]:
    """As far as ``actor`` may see it. Counted once a minute for everybody."""
    window = charts.days_back(days)
    parts: tuple[tuple[str, Callable[[Actor, charts.Window], dict[str, Any]]], ...] = (
        ("Deposits.Read", _deposits),
        ("Orders.Read", _orders),
        ("Payouts.Read", _payouts),
    )
    found: dict[str, Any] = {"overview_days": days, "chosen_days": "" if days == USUAL else str(days)}
    for permission, part in parts:
        if policy.allows(actor, permission):
            found |= part(actor, window)
    found["figures"] = [
        *found.get("deposit_figures", []),
        *found.get("order_figures", []),
        *found.get("payout_figures", []),
    ]
    return found


def _link(name: str, **more: str) -> str:
    return f"{reverse(name)}?{urlencode(more)}" if more else reverse(name)


def _between(window: charts.Window) -> dict[str, str]:
    return {"first": window.first, "last": window.last}


# --- money in -------------------------------------------------------------------------------------------------


def _deposits(actor: Actor, window: charts.Window) -> dict[str, Any]:
    found = kept(f"desk:deposits:{window.first}:{window.last}", lambda: _count_deposits(window.start))
    rows, days = found.value, _between(window)
    there = _link("staff:deposits", step="asked", **days)
    asked, told, paid, late = (sum(row[place] for row in rows) for place in (1, 2, 3, 4))
    steps = [
        charts.Point(_("Asked for"), (asked,), (there,)),
        charts.Point(_("Told how to pay"), (told,), (_link("staff:deposits", step="told", **days),)),
        charts.Point(_("Paid and in the wallet"), (paid,), (f"{there}&state=success",)),
        charts.Point(_("Of these after the end"), (late,), (f"{there}&outcome=paid_late",)),
    ]
    methods = [
        charts.Point(_way(method, median), (rate(credited, begun),), (f"{there}&method={method}",))
        for method, begun, _told, credited, _late, median in sorted(rows, key=lambda row: -row[1])
    ]
    step, percent = charts.Series(_("Deposits")), charts.Series(_("Paid"), "success")
    return {
        "funnel": charts.ranked(steps if asked else [], series=step, heading=_("Step"), as_of=found.as_of),
        "funnel_methods": charts.ranked(
            methods, series=percent, heading=_("Method"), unit="percent", as_of=found.as_of
        ),
        "deposit_figures": [
            Figure(
                _("Deposits paid"),
                charts.value_text(rate(paid, asked), "percent"),
                f"{there}&state=success",
                _("%(paid)s of %(asked)s asked for") % {"paid": paid, "asked": asked},
                there,
            )
        ],
    }


def _way(method: str, median: int | None) -> str:
    name = str(METHODS[method].name) if method in METHODS else method
    return name if median is None else _("%(method)s, usually %(time)s") % {"method": name, "time": times.span(median)}


def _count_deposits(start: datetime) -> list[tuple[Any, ...]]:
    return _rows(_DEPOSITS, start, without=[VA_STATIC, SANDBOX])


def _rows(statement: str, start: datetime, **more: Any) -> list[tuple[Any, ...]]:
    asked = {"start": start, "zone": timezone.get_current_timezone_name(), **more}
    with connection.cursor() as cursor:
        cursor.execute(statement, asked)
        return list(cursor.fetchall())


# --- numbers --------------------------------------------------------------------------------------------------


def _orders(actor: Actor, window: charts.Window) -> dict[str, Any]:
    found = kept(f"desk:orders:{window.first}:{window.last}", lambda: _count_orders(window.start))
    tried, days = found.value, _between(window)
    came = _link("staff:orders", tried=orders.CAME, **days)
    wait = "–" if tried.median_seconds is None else times.span(tried.median_seconds)
    slow = (
        "" if tried.p90_seconds is None else _("nine of ten within %(time)s") % {"time": times.span(tried.p90_seconds)}
    )
    return {
        "order_figures": [
            Figure(
                _("Orders with code"),
                charts.value_text(rate(tried.came, tried.tried), "percent"),
                came,
                _("%(came)s of %(tried)s that ended") % {"came": tried.came, "tried": tried.tried},
                _link("staff:orders", tried=orders.TRIED, **days),
            ),
            Figure(_("Time to code"), wait, came, slow, came),
        ],
        "waits": _waits(tried, came, found.as_of),
        "order_days": _order_days(tried, window, found.as_of),
        "places": _places(tried, days, found.as_of),
    }


def _count_orders(start: datetime) -> Tried:
    days: dict[date, tuple[int, int]] = {}
    places: dict[tuple[str, str], tuple[int, int]] = {}
    whole: tuple[Any, ...] = (0, 0, None, None)
    for no_day, no_place, day, service, country, number, came, median, slow in _rows(_ORDERS, start):
        if not no_day:
            days[day] = (number, came)
        elif not no_place:
            places[service, country] = (number, came)
        else:
            whole = (number, came, median, slow)
    waits = dict(_rows(_WAITS, start, waits=list(orders.WAITS)))
    tried, came, median, slow = whole
    return Tried(days, places, tried, came, median, slow, waits)


def _waits(tried: Tried, url: str, as_of: datetime) -> charts.Chart:
    names = [orders.wait_words(place) for place in range(len(orders.WAITS) + 1)]
    short = [times.span(seconds) for seconds in orders.WAITS] + [_("longer")]
    points = [
        charts.Point(name, (number,), (f"{url}&wait={place}" if number else "",), short[place])
        for place, name in enumerate(names)
        for number in (tried.waits.get(place, 0),)
    ]
    series = [charts.Series(_("Codes"), "one", url)]
    return charts.bars(points, series=series, heading=_("Time from number to code"), as_of=as_of)


def _order_days(tried: Tried, window: charts.Window, as_of: datetime) -> charts.Chart:
    days = {day: (came, number - came) for day, (number, came) in tried.days.items()}
    days_url = f"{reverse('staff:orders')}?first={{day}}&last={{day}}"
    between = _between(window)
    return charts.stacked(
        window.points(days, nothing=(0, 0), url=days_url, each=("tried=came", "tried=missed")),
        series=[
            charts.Series(_("With code"), "success", _link("staff:orders", tried=orders.CAME, **between)),
            charts.Series(_("Without code"), "neutral", _link("staff:orders", tried=orders.MISSED, **between)),
        ],
        heading=charts.day_heading(),
        as_of=as_of,
    )


def _places(tried: Tried, days: dict[str, str], as_of: datetime) -> charts.Chart:
    """Success by service and country where there are most orders; too few orders say nothing."""
    services, countries = Counter[str](), Counter[str]()
    for (service, country), (number, _came) in tried.places.items():
        services[service] += number
        countries[country or _("Mail")] += number
    columns = [name for name, _number in countries.most_common(_MOST_COUNTRIES)]
    there = {"tried": orders.TRIED, **days}
    points = [
        charts.Point(
            service,
            rates,
            [
                _link("staff:orders", service=service, **_where(country), **there) if share is not None else ""
                for country, share in zip(columns, rates, strict=True)
            ],
            url=_link("staff:orders", service=service, **there),
        )
        for service, _number in services.most_common(_MOST_SERVICES)
        for rates in (list(_of_service(tried, service, columns)),)
    ]
    return charts.heat(points, columns=columns, heading=_("Service"), as_of=as_of)


def _where(country: str) -> dict[str, str]:
    """Inboxes have no country."""
    return {"kind": "mail"} if country == _("Mail") else {"country": country}


def _of_service(tried: Tried, service: str, countries: list[str]) -> Iterator[int | None]:
    for country in countries:
        number, came = tried.places.get((service, "" if country == _("Mail") else country), (0, 0))
        yield rate(came, number) if number >= _FEWEST else None


# --- money out ------------------------------------------------------------------------------------------------


def _payouts(actor: Actor, window: charts.Window) -> dict[str, Any]:
    rows = transfers.seen(actor)
    found = kept(
        f"desk:payouts:{window.first}:{window.last}",
        lambda: (companies.lines(rows, window.start, "amount"), _by_place(rows, window.start)),
    )
    lines, places = found.value
    paid = companies.count_of(lines, [State.COMPLETED])
    failed = companies.count_of(lines, IN_VAIN)
    return {
        "payout_figures": [
            Figure(
                _("Payouts that arrived"),
                charts.value_text(rate(paid, paid + failed), "percent"),
                companies.transfers_url(window, "staff:payouts", state=State.COMPLETED.value),
                _("%(paid)s of %(total)s that were sent and ended") % {"paid": paid, "total": paid + failed},
                companies.transfers_url(window, "staff:payouts", group="sent"),
            )
        ],
        "payout_days": _payout_days(lines, window, found.as_of),
        "payout_failures": companies.failures(lines, window, found.as_of, "staff:payouts"),
        "payout_places": _failing_places(places, window, found.as_of),
    }


def _by_place(rows: Any, start: datetime) -> list[tuple[str, str, int, int]]:
    """(code and name of the bank or operator, sent and ended, failed), the busiest first."""
    routes = Routes()
    ended = rows.filter(created_at__gte=start, state__in=[State.COMPLETED, *IN_VAIN]).order_by()
    found = Counter[str]()
    failed = Counter[str]()
    for code, state, number in ended.values_list(F("receiver_code"), "state").annotate(Count("pk")):
        found[code] += number
        failed[code] += number if state != State.COMPLETED else 0
    return [(code, routes.name_of(code), number, failed[code]) for code, number in found.most_common(_MOST_SERVICES)]


def _payout_days(found: list[companies.Line], window: charts.Window, as_of: datetime) -> charts.Chart:
    groups = ([State.COMPLETED], IN_FLIGHT, [*UNPAID_ENDS, State.RETURNED])
    days: dict[date, tuple[charts.Number | None, ...]] = {}
    for day in {line.day for line in found}:
        of_day = [line for line in found if line.day == day]
        days[day] = tuple(companies.count_of(of_day, states) for states in groups)
    there = f"{reverse('staff:payouts')}?first={{day}}&last={{day}}"
    return charts.stacked(
        window.points(days, nothing=(0, 0, 0), url=there, each=("group=paid", "group=way", "group=unpaid")),
        series=[
            charts.Series(_("Paid"), "success", companies.transfers_url(window, "staff:payouts", group="paid")),
            charts.Series(_("On the way"), "one", companies.transfers_url(window, "staff:payouts", group="way")),
            charts.Series(_("Not paid"), "danger", companies.transfers_url(window, "staff:payouts", group="unpaid")),
        ],
        heading=charts.day_heading(),
        as_of=as_of,
    )


def _failing_places(places: list[tuple[str, str, int, int]], window: charts.Window, as_of: datetime) -> charts.Chart:
    points = [
        charts.Point(
            _("%(place)s, %(number)s sent") % {"place": name, "number": number},
            (rate(failed, number),),
            (companies.transfers_url(window, "staff:payouts", group="sent", place=code),),
        )
        for code, name, number, failed in places
    ]
    series = charts.Series(_("Failed"), "danger")
    return charts.ranked(points, series=series, heading=_("Bank or operator"), unit="percent", as_of=as_of)
