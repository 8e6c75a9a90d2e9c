"""The live board: every number and inbox of a customer that waits, or ended a moment ago."""

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Customer
from otp.models import UNSENT, Favourite, Order, State
from otp.selectors.cards import Card, card_of
from otp.selectors.history import with_codes
from otp.wire import waits_again


@dataclass(frozen=True)
class Board:
    """Newest order first."""

    cards: list[Card]
    version: str

    @property
    def orders(self) -> list[Order]:
        return [card.order for card in self.cards]

    @property
    def pace(self) -> str:
        """How often the page should ask: fast while something is awaited, slow after it, "" when nothing is live."""
        live = [order for order in self.orders if order.is_live]
        if any(_hurries(order) for order in live):
            return "fast"
        return "slow" if live else ""


def _hurries(order: Order) -> bool:
    asked = order.finish_requested_at or order.is_replacing or order.resend_requested_at
    return order.state in (*UNSENT, State.PENDING) or bool(asked) or waits_again(order)


def _version_of(rows: Iterable[tuple[int, int]]) -> str:
    return hashlib.blake2s(repr(sorted(rows)).encode(), digest_size=9).hexdigest()


_BOARD = """
    SELECT o.id, o.version FROM accounts_customer c JOIN accounts_user u ON u.id = c.user_id AND u.is_active
      LEFT JOIN otp_order o ON o.customer_id = c.id AND o.shown_until > statement_timestamp()
     WHERE u.id = %s AND NOT c.is_sandbox
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
    now = timezone.now()
    orders = list(_whole(Order.objects.filter(customer=customer, shown_until__gt=Now())).order_by("-id"))
    version = _version_of((order.pk, order.version) for order in orders)
    return Board(_with_keys([card_of(order, now) for order in orders]), version)


def _with_keys(cards: list[Card]) -> list[Card]:
    """The shortcuts copy one thing each: the code that came last, and the newest address that waits for its first."""
    codes = [message for card in cards for message in card.messages if message.code]
    newest = max(codes, key=lambda message: message.received_at, default=None)
    waiting = next((card.order for card in cards if card.order.state == State.PENDING), None)
    return [
        replace(
            card,
            code_key="c" if newest and newest.order_id == card.order.pk else "",
            address_key="n" if waiting and waiting == card.order else "",
        )
        for card in cards
    ]


def _whole(orders: QuerySet[Order]) -> QuerySet[Order]:
    """With the messages, and with the orders they came from and led to."""
    return with_codes(orders).select_related("replaces", "replaced_by")


def favourites(customer: Customer) -> list[Favourite]:
    """By name."""
    return list(Favourite.objects.filter(customer=customer).order_by("service_name", "country_name"))


def dashboard(customer: Customer) -> dict[str, Any]:
    """What the home page shows of numbers. Three queries."""
    return {"board": board(customer), "favourites": favourites(customer)}


def order_for(customer: Customer, public_id: uuid.UUID) -> Order | None:
    """The customer's own order; None for a stranger's and for one that never was."""
    return _whole(Order.objects.filter(customer=customer, public_id=public_id)).first()
