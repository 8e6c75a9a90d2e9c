"""Reading orders: the live board, history, one order's story, figures for staff."""

import contextlib
import hashlib
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.models import Customer
from otp.models import DELIVERED, LIVE, UNDELIVERED_ENDS, UNSENT, Favourite, Order, OrderCode, State
from wallets.models import Hold, Posting

STATE_FILTERS = {
    "live": LIVE,
    "code": DELIVERED,
    "nocode": UNDELIVERED_ENDS,
}


@dataclass(frozen=True)
class Board:
    """The numbers of a customer that are waiting, or ended a moment ago; newest first."""

    orders: list[Order]
    version: str

    @property
    def pace(self) -> str:
        """How often the page should ask: fast while a code is awaited, slow after it, "" when nothing is live."""
        if any(order.state in (*UNSENT, State.PENDING) or order.finish_requested_at for order in self._live):
            return "fast"
        return "slow" if self._live else ""

    @property
    def _live(self) -> list[Order]:
        return [order for order in self.orders if order.is_live]

    @property
    def live_count(self) -> int:
        return len(self._live)


def _shown(customer: Customer) -> QuerySet[Order]:
    return Order.objects.filter(customer=customer, shown_until__gt=Now())


def _version_of(rows: Iterable[tuple[int, int]]) -> str:
    return hashlib.blake2s(repr(sorted(rows)).encode(), digest_size=9).hexdigest()


_BOARD = """
    SELECT o.id, o.version FROM accounts_customer c JOIN accounts_user u ON u.id = c.user_id AND u.is_active
      LEFT JOIN otp_order o ON o.customer_id = c.id AND o.shown_until > statement_timestamp()
     WHERE u.id = %s
"""


def board_is(version: str, *, user_id: str) -> bool:
    """Whether the board of an active customer still is ``version``: one indexed read, without the ORM, because every
    open page asks for it every two seconds."""
    with connection.cursor() as cursor:
        cursor.execute(_BOARD, [user_id])
        rows = cursor.fetchall()
    return bool(rows) and version == _version_of((pk, seen) for pk, seen in rows if pk)


def board(customer: Customer) -> Board:
    """The live page's content with the codes. Two queries."""
    orders = list(_with_codes(_shown(customer)).order_by("-id"))
    return Board(orders, _version_of((order.pk, order.version) for order in orders))


def _with_codes(orders: QuerySet[Order]) -> QuerySet[Order]:
    return orders.prefetch_related(Prefetch("codes", queryset=OrderCode.objects.order_by("-position")))


def live_orders(customer: Customer) -> list[Order]:
    """Orders that are not over, newest first, with their codes."""
    return list(_with_codes(Order.objects.live().filter(customer=customer)).order_by("-id"))


def recent_orders(customer: Customer, count: int = 5) -> list[Order]:
    """The newest orders of any state, with their codes."""
    return list(_with_codes(Order.objects.filter(customer=customer)).order_by("-id")[:count])


def buy_again(customer: Customer, count: int = 4) -> list[Order]:
    """The newest order of each of the last few offers bought. One query."""
    newest: dict[tuple[str, str], Order] = {}
    for order in Order.objects.filter(customer=customer).order_by("-id")[:40]:
        newest.setdefault((order.service_id, order.country_id), order)
    return list(newest.values())[:count]


def favourites(customer: Customer) -> list[Favourite]:
    """By name."""
    return list(Favourite.objects.filter(customer=customer).order_by("service_name", "country_name"))


def dashboard(customer: Customer) -> dict[str, Any]:
    """What the home page shows of numbers. Five queries."""
    shown = board(customer)
    return {
        "board": shown,
        "live_orders": [order for order in shown.orders if order.is_live],
        "recent_orders": recent_orders(customer),
        "favourites": favourites(customer),
    }


def order_for(customer: Customer, public_id: uuid.UUID) -> Order | None:
    """The customer's own order; None for a stranger's and for one that never was."""
    return _with_codes(Order.objects.filter(customer=customer, public_id=public_id)).first()


# --- history -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class HistoryFilter:
    """``words``: number, service, country, code or any id; ``state``: a key of `STATE_FILTERS`; days in ``zone``."""

    zone: ZoneInfo
    words: str = ""
    state: str = ""
    first: date | None = None
    last: date | None = None

    @property
    def is_set(self) -> bool:
        return bool(self.words or self.state or self.first or self.last)


def history(customer: Customer, wanted: HistoryFilter) -> QuerySet[Order]:
    """The customer's orders that match, with codes; the caller pages by ``-id``."""
    rows = Order.objects.filter(customer=customer)
    if wanted.state in STATE_FILTERS:
        rows = rows.filter(state__in=STATE_FILTERS[wanted.state])
    if wanted.first:
        rows = rows.filter(created_at__gte=datetime.combine(wanted.first, time.min, wanted.zone))
    if wanted.last and wanted.last < date.max:
        rows = rows.filter(created_at__lt=datetime.combine(wanted.last + timedelta(days=1), time.min, wanted.zone))
    if wanted.words:
        rows = rows.filter(_matching(wanted.words))
    return _with_codes(rows)


def _matching(words: str) -> Q:
    code = OrderCode.objects.filter(order=OuterRef("pk")).filter(Q(code=words) | Q(message__icontains=words))
    found = Q(service_name__icontains=words) | Q(country_name__icontains=words) | Q(Exists(code))
    found |= Q(reference=words) | Q(provider_order_id=words)
    # A number may be typed with blanks, and with 0 where the country code stands.
    digits = re.sub(r"\D", "", words).lstrip("0")
    if len(digits) >= 3 and not re.search(r"[^\d\s()+.-]", words):
        found |= Q(phone_number__contains=digits)
    with contextlib.suppress(ValueError):
        found |= Q(public_id=uuid.UUID(words))
    return found


# --- one order ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MoneyStory:
    """Where the price is. ``state`` is open (held), captured or released; ``reference`` and ``line`` say where the
    payment stands in the statement."""

    state: str
    amount: Decimal
    currency: str
    held_at: datetime
    closed_at: datetime | None
    reference: str
    line: int | None


def money_of(order: Order) -> MoneyStory | None:
    """Where the money of an order is. Two queries."""
    hold = Hold.objects.filter(reference=order.hold_reference).first()
    if hold is None:
        return None
    paid = Posting.objects.filter(transaction__hold=hold, account=hold.account_id)
    reference, line = paid.values_list("transaction__reference", "version").first() or ("", None)
    state = "released" if hold.state == Hold.State.EXPIRED else hold.state
    return MoneyStory(state, hold.amount, order.currency, hold.created_at, hold.closed_at, reference, line)


def story(order: Order, money: MoneyStory | None) -> list[dict[str, Any]]:
    """What happened to an order, oldest first, for the timeline."""
    held, settled = _money_events(order, money)
    finished = _event(order.finish_requested_at, _("You finished with the number"), "check")
    events = [*_buying_events(order, held), *_code_events(order), *settled, finished, *_ending_events(order)]
    # The supplier's times have whole seconds; within one the order of the list is the order of things.
    return sorted((event for event in events if event["at"]), key=lambda event: event["at"].replace(microsecond=0))


def _event(at: datetime | None, title: str, icon: str, tone: str = "neutral", **more: Any) -> dict[str, Any]:
    return {"at": at, "title": title, "icon": icon, "tone": tone, **more}


def _buying_events(order: Order, held: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        _event(order.created_at, _("You ordered a number"), "document-plus", reference=order.reference),
        *held,
        _event(order.sent_at, _("Order sent to the supplier"), "paper-airplane"),
        _event(order.doubted_at, _("The answer was lost, so we asked again"), "question-mark-circle", "warning"),
        _event(
            order.activated_at,
            _("Number received"),
            "phone",
            "info",
            text=order.spaced_number,
            reference=order.provider_order_id,
        ),
        _event(order.cancel_requested_at, _("You asked to cancel"), "arrow-uturn-left", "warning"),
        _event(order.cancel_refused_at, _("The supplier did not accept the cancellation"), "x-circle", "warning"),
    ]


def _code_events(order: Order) -> list[dict[str, Any]]:
    return [
        _event(
            code.received_at,
            _("Code arrived") if code.code else _("Message arrived"),
            "chat-bubble-left-ellipsis",
            "success",
            text=code.message,
        )
        for code in order.codes.all()
    ]


def _ending_events(order: Order) -> list[dict[str, Any]]:
    if not order.is_over:
        return []
    if order.state == State.SUCCESS:
        return [_event(order.finished_at, _("Order finished"), "check-circle", "success")]
    tone = "danger" if order.state == State.FAILED else "neutral"
    titles = {
        State.CANCELLED: _("Order cancelled"),
        State.EXPIRED: _("Time over without a code"),
        State.FAILED: _("Order failed"),
    }
    why = order.get_reason_display()
    return [_event(order.finished_at, titles[State(order.state)], "minus-circle", tone, text=why)]


def _money_events(order: Order, money: MoneyStory | None) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    if money is None:
        return [], []
    amount: dict[str, Any] = {"amount": money.amount, "currency": money.currency}
    held = [_event(money.held_at, _("Price set aside in your wallet"), "lock-closed", **amount)]
    if money.state == "captured":
        paid = _("Paid from your wallet, because a code arrived")
        return held, [_event(money.closed_at, paid, "banknotes", "info", reference=money.reference, **amount)]
    back = _("Back in your wallet, nothing was charged")
    return held, [_event(money.closed_at, back, "arrow-uturn-left", "success", **amount)]


# --- for staff ---------------------------------------------------------------------------------------------------


def staff_counts() -> dict[str, int]:
    """Live orders by state, and how many of them need a person. Three queries."""
    by_state = dict(Order.objects.live().values_list("state").annotate(Count("pk")).order_by("state"))
    late = {"overdue": Order.objects.overdue().count(), "no_answer": Order.objects.stuck().count()}
    return {**by_state, **{name: number for name, number in late.items() if number}}
