"""A client's home: what it paid out and took in, how much of it worked, and why the rest did not."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, F, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import policy
from accounts.access.actors import Actor
from cards.models.states import Reason as CardReason
from cards.models.states import State as CardState
from cards.selectors import payments as cards
from checkout.models import State as SessionState
from checkout.selectors import sessions
from config.lib.money import format_money
from config.lib.navigation import url_or_none
from payouts.models.states import IN_FLIGHT, Reason, State
from payouts.selectors import transfers
from payouts.selectors.search import IN_VAIN
from reports import charts
from reports.overviews.keeping import Figure, kept, rate

RANGES, USUAL = (7, 30, 90), 30
MAIN = "SLE"
_MOST_REASONS = 6


@dataclass(frozen=True)
class Line:
    """How many of one day, state, currency and reason there were, and their sum."""

    day: date
    state: str
    currency: str
    reason: str
    number: int
    total: Decimal


def days_of(text: str) -> int:
    """A range that is offered; nonsense counts as the usual one."""
    return next((days for days in RANGES if text == str(days)), USUAL)


def ranges() -> list[tuple[str, str]]:
    """To choose from; the usual one stands without a parameter."""
    return [("" if days == USUAL else str(days), _("%(days)s days") % {"days": days}) for days in RANGES]


def home(actor: Actor, days: int) -> dict[str, Any]:
    """As far as ``actor`` may see it; at most three queries, once a minute for a client."""
    window = charts.days_back(days)
    found: dict[str, Any] = {"overview_days": days, "chosen_days": "" if days == USUAL else str(days)}
    if policy.allows(actor, "Payment.ReadRange"):
        found |= _payouts(actor, window)
    if policy.allows(actor, "Reports.ReadCardSummary"):
        found |= _cards(actor, window)
    if policy.allows(actor, "Reports.ReadCheckoutSummary"):
        found |= _checkouts(actor, window)
    return found


def lines(rows: QuerySet[Any], start: datetime, amount: Any) -> list[Line]:
    """What was made since ``start``, summed up; one query."""
    groups = rows.filter(created_at__gte=start).annotate(day=TruncDate("created_at")).order_by()
    sums = groups.values_list("day", "state", "currency", "reason").annotate(number=Count("pk"), total=Sum(amount))
    return [Line(*row) for row in sums]


def _kept_lines(actor: Actor, what: str, window: charts.Window, count: Callable[[], Any]) -> Any:
    client = policy.own_client(actor)
    return kept(f"client:{client.pk}:{actor.is_sandbox}:{what}:{window.first}:{window.last}", count)


# --- money out ------------------------------------------------------------------------------------------------


def transfers_url(window: charts.Window, base: str = "company:transfers", **more: str) -> str:
    """The list behind a figure: rows of batches too."""
    query = {"rows": "all", "first": window.first, "last": window.last, **more}
    return f"{reverse(base)}?{urlencode(query)}"


def _payouts(actor: Actor, window: charts.Window) -> dict[str, Any]:
    rows = transfers.seen(actor)
    found = _kept_lines(actor, "payouts", window, lambda: lines(rows, window.start, "amount"))
    currency = main_currency(found.value)
    return {
        "payout_figures": _payout_figures(found.value, window, currency),
        "volume": _volume(found.value, window, currency, found.as_of),
        "success": success_line(found.value, window, found.as_of),
        "failures": failures(found.value, window, found.as_of),
        "volume_currency": currency,
    }


def main_currency(found: Iterable[Line]) -> str:
    """The one most payments are in."""
    used = Counter[str]()
    for line in found:
        used[line.currency] += line.number
    return used.most_common(1)[0][0] if used else MAIN


def count_of(found: Iterable[Line], states: Iterable[str]) -> int:
    """How many are in one of ``states``."""
    wanted = set(states)
    return sum(line.number for line in found if line.state in wanted)


def sum_of(found: Iterable[Line], states: Iterable[str], currency: str) -> Decimal:
    """What those in ``states`` come to in one currency."""
    wanted = set(states)
    amounts = [line.total for line in found if line.state in wanted and line.currency == currency]
    return sum(amounts, Decimal(0))


def _payout_figures(found: list[Line], window: charts.Window, currency: str) -> list[Figure]:
    paid, failed = count_of(found, [State.COMPLETED]), count_of(found, IN_VAIN)
    success = charts.value_text(rate(paid, paid + failed), "percent")
    total = format_money(sum_of(found, [State.COMPLETED], currency), currency)
    return [
        Figure(_("Paid out"), total, transfers_url(window, group="paid")),
        Figure(_("Payments that arrived"), str(paid), transfers_url(window, group="paid")),
        Figure(
            _("Success"),
            success,
            transfers_url(window, group="vain"),
            _("of %(total)s that were sent and ended") % {"total": paid + failed},
            transfers_url(window, group="sent"),
        ),
        Figure(_("On the way"), str(count_of(found, IN_FLIGHT)), transfers_url(window, group="way")),
    ]


def _volume(found: list[Line], window: charts.Window, currency: str, as_of: datetime) -> charts.Chart:
    groups = ([State.COMPLETED], IN_FLIGHT, IN_VAIN)
    names = ("paid", "way", "vain")
    days: dict[date, tuple[charts.Number | None, ...]] = {}
    for day in {line.day for line in found}:
        of_day = [line for line in found if line.day == day]
        days[day] = tuple(sum_of(of_day, states, currency) for states in groups)
    url = f"{reverse('company:transfers')}?rows=all&first={{day}}&last={{day}}"
    return charts.stacked(
        window.points(days, nothing=(0, 0, 0), url=url, each=[f"group={name}" for name in names]),
        series=[
            charts.Series(_("Paid"), "success", transfers_url(window, group="paid")),
            charts.Series(_("On the way"), "one", transfers_url(window, group="way")),
            charts.Series(_("Not paid"), "danger", transfers_url(window, group="vain")),
        ],
        heading=charts.day_heading(),
        unit=currency,
        as_of=as_of,
    )


def success_line(
    found: list[Line], window: charts.Window, as_of: datetime, base: str = "company:transfers"
) -> charts.Chart:
    """Of what was sent and ended, per day; no point on a day without any."""
    days: dict[date, tuple[charts.Number | None, ...]] = {}
    for day in {line.day for line in found}:
        of_day = [line for line in found if line.day == day]
        paid = count_of(of_day, [State.COMPLETED])
        days[day] = (rate(paid, paid + count_of(of_day, IN_VAIN)),)
    there = f"{reverse(base)}?rows=all&group=sent&first={{day}}&last={{day}}"
    return charts.line(
        window.points(days, nothing=(None,), url=there),
        series=[charts.Series(_("Success"), "success")],
        heading=charts.day_heading(),
        unit="percent",
        as_of=as_of,
    )


def failures(
    found: list[Line], window: charts.Window, as_of: datetime, base: str = "company:transfers"
) -> charts.Chart:
    """What was sent in vain, by reason, the most frequent first."""
    reasons = Counter[str]()
    for line in found:
        if line.state in IN_VAIN:
            reasons[line.reason] += line.number
    words = dict(Reason.choices)
    points = [
        charts.Point(
            words.get(code) or _("No reason given"),
            (number,),
            (transfers_url(window, base, group="vain", reason=code or "-"),),
        )
        for code, number in reasons.most_common(_MOST_REASONS)
    ]
    return charts.ranked(points, series=charts.Series(_("Payments"), "danger"), heading=_("Reason"), as_of=as_of)


# --- money in by card and checkout ----------------------------------------------------------------------------

_TAKEN = (CardState.AUTHORIZED, CardState.CAPTURED, CardState.VOIDED, CardState.EXPIRED)


def _cards(actor: Actor, window: charts.Window) -> dict[str, Any]:
    rows = cards.seen(actor)
    kept_lines = _kept_lines(actor, "cards", window, lambda: lines(rows, window.start, F("captured") - F("refunded")))
    found, as_of = kept_lines.value, kept_lines.as_of
    if not found:
        return {}
    return {
        "card_figures": _card_figures(found, window),
        "card_days": card_days(found, window, as_of, "company:cards"),
        "declines": _declines(found, window, as_of),
    }


def cards_url(window: charts.Window, base: str = "company:cards", **more: str) -> str:
    """The list of card payments behind a figure; nothing where there is no such page."""
    there = url_or_none(base)
    return f"{there}?{urlencode({'first': window.first, 'last': window.last, **more})}" if there else ""


def _card_figures(found: list[Line], window: charts.Window) -> list[Figure]:
    taken, declined = count_of(found, _TAKEN), count_of(found, [CardState.DECLINED])
    currency = main_currency(found)
    return [
        Figure(
            _("Taken by card"),
            format_money(sum_of(found, [CardState.CAPTURED], currency), currency),
            cards_url(window, group="captured"),
            _("less what was given back"),
        ),
        Figure(
            _("Card payments approved"),
            charts.value_text(rate(taken, taken + declined), "percent"),
            cards_url(window, group="declined"),
            _("of %(total)s that were decided") % {"total": taken + declined},
            cards_url(window, group="decided"),
        ),
    ]


def card_days(found: list[Line], window: charts.Window, as_of: datetime, base: str) -> charts.Chart:
    """Card payments per day: captured, authorised or given up, declined."""
    groups = ([CardState.CAPTURED], [state for state in _TAKEN if state != CardState.CAPTURED], [CardState.DECLINED])
    days: dict[date, tuple[charts.Number | None, ...]] = {}
    for day in {line.day for line in found}:
        of_day = [line for line in found if line.day == day]
        days[day] = tuple(count_of(of_day, states) for states in groups)
    there = url_or_none(base)
    url = f"{there}?first={{day}}&last={{day}}" if there else ""
    return charts.stacked(
        window.points(days, nothing=(0, 0, 0), url=url, each=("group=captured", "group=approved", "group=declined")),
        series=[
            charts.Series(_("Captured"), "success", cards_url(window, base, group="captured")),
            charts.Series(_("Authorised only"), "one", cards_url(window, base, group="approved")),
            charts.Series(_("Declined"), "danger", cards_url(window, base, group="declined")),
        ],
        heading=charts.day_heading(),
        as_of=as_of,
    )


def _declines(found: list[Line], window: charts.Window, as_of: datetime) -> charts.Chart:
    reasons = Counter[str]()
    for line in found:
        if line.state == CardState.DECLINED:
            reasons[line.reason] += line.number
    words = dict(CardReason.choices)
    points = [
        charts.Point(
            words.get(code) or _("No reason given"),
            (number,),
            (cards_url(window, group="declined", reason=code or "-"),),
        )
        for code, number in reasons.most_common(_MOST_REASONS)
    ]
    return charts.ranked(points, series=charts.Series(_("Declined"), "danger"), heading=_("Reason"), as_of=as_of)


def _checkouts(actor: Actor, window: charts.Window) -> dict[str, Any]:
    rows = sessions.seen(actor).select_related(None).filter(created_at__gte=window.start).order_by()
    counted = _kept_lines(
        actor,
        "checkouts",
        window,
        lambda: list(rows.values_list("state").annotate(Count("pk"))),
    )
    by_state = dict(counted.value)
    if not by_state:
        return {}
    there, between = url_or_none("company:checkouts") or "", {"first": window.first, "last": window.last}
    paid = by_state.get(SessionState.COMPLETED.value, 0)
    ended = sum(number for state, number in by_state.items() if state != SessionState.OPEN)
    return {
        "checkout_figures": [
            Figure(
                _("Checkouts paid"),
                str(paid),
                there and f"{there}?{urlencode({**between, 'group': 'paid'})}",
                _("of %(total)s that ended") % {"total": ended},
                there and f"{there}?{urlencode({**between, 'group': 'ended'})}",
            ),
            Figure(
                _("Checkouts open"),
                str(by_state.get(SessionState.OPEN.value, 0)),
                there and f"{there}?{urlencode({**between, 'group': 'open'})}",
            ),
        ]
    }
