"""How often an offer brings its code, and how soon: learnt from our own orders, with the size of the sample.

What counts (docs/shop.md tells it to people):

- orders of the last 30 days that got their number or inbox at least half an hour ago, so that slow failures are in it
  as well as quick successes; none of the sandbox;
- a success is an order whose message was delivered, late or not;
- everything else that ended counts against the offer, also what a customer gave up, unless that was in the first half
  minute: then nothing was tried. What says nothing about the offer is left out: messages we withheld, orders closed by
  staff, replacements that got lost.

The wait runs from the number to the first message as our customer saw it, of those that came.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from config.lib import clock
from otp.models import ENDS, Odds, Reason, Server

WINDOW = timedelta(days=30)
SETTLED = timedelta(minutes=30)
FAIR_TRY = timedelta(seconds=30)
# Under this many orders a rate says nothing, and the slowest tenth needs ten.
FEWEST, FEWEST_FOR_TAIL = 5, 10
# Between offers with few orders the sort stays near what may be expected of any.
USUAL_RATE, USUAL_WEIGHT = 0.7, 10
SPECIAL = "special"

_SAYS_NOTHING = (Reason.WITHHELD, Reason.SETTLED_BY_STAFF, Reason.REPLACEMENT_LOST)
_LEARN = """
    WITH tried AS (
        SELECT o.server, o.service_id,
               CASE WHEN o.is_special THEN '' ELSE o.country_id END AS country_id,
               CASE WHEN o.server = 1 THEN o.product_id
                    WHEN o.server = 3 THEN coalesce(nullif(o.domain, ''), o.domains -> 0 ->> 'domain', '?')
                    WHEN o.is_special THEN 'special'
                    ELSE coalesce(nullif(lower(o.operator_id), ''), 'any') END AS operator_id,
               CASE WHEN o.captured_at IS NOT NULL
                    THEN greatest(0, extract(epoch FROM o.captured_at - o.activated_at)) END AS waited
          FROM otp_order o
          JOIN accounts_customer c ON c.id = o.customer_id AND NOT c.is_sandbox
         WHERE o.activated_at >= %(now)s - %(window)s AND o.activated_at < %(now)s - %(settled)s
           AND (o.captured_at IS NOT NULL
                OR (o.state = ANY(%(ends)s) AND o.reason <> ALL(%(says_nothing)s)
                    AND coalesce(least(o.cancel_requested_at, o.replace_requested_at) - o.activated_at >= %(fair)s,
                                 true)))
    )
    INSERT INTO otp_odds (server, service_id, country_id, operator_id, orders, delivered,
                          median_seconds, p90_seconds, as_of)
    SELECT server, service_id, coalesce(country_id, ''), coalesce(operator_id, ''), count(*), count(waited),
           percentile_disc(0.5) WITHIN GROUP (ORDER BY waited)::int,
           percentile_disc(0.9) WITHIN GROUP (ORDER BY waited)::int,
           %(now)s
      FROM tried
     GROUP BY GROUPING SETS ((server, service_id, country_id, operator_id), (server, service_id, country_id),
                             (server, service_id))
    HAVING NOT (grouping(country_id) = 0 AND grouping(operator_id) = 1 AND country_id = '')
     ORDER BY 1, 2, 3, 4
        ON CONFLICT (server, service_id, country_id, operator_id) DO UPDATE
       SET orders = excluded.orders, delivered = excluded.delivered, median_seconds = excluded.median_seconds,
           p90_seconds = excluded.p90_seconds, as_of = excluded.as_of
"""


@transaction.atomic
def learn() -> int:
    """Work the odds out anew from the orders and forget what is older than the window; how many offers are known."""
    now = clock.now()
    how: dict[str, Any] = {
        "now": now,
        "window": WINDOW,
        "settled": SETTLED,
        "fair": FAIR_TRY,
        "ends": [str(state) for state in ENDS],
        "says_nothing": [str(reason) for reason in _SAYS_NOTHING],
    }
    with connection.cursor() as cursor:
        cursor.execute(_LEARN, how)
    Odds.objects.filter(as_of__lt=now).delete()
    return Odds.objects.count()


@dataclass(frozen=True)
class Chance:
    """What our own orders say of an offer; waits in seconds. ``wider``: of all offers of the service in that country,
    because this one has too few orders of its own."""

    orders: int
    delivered: int
    median_seconds: int | None = None
    p90_seconds: int | None = None
    wider: bool = False

    @property
    def enough(self) -> bool:
        return self.orders >= FEWEST

    @property
    def percent(self) -> int:
        """Rounded down: 199 of 200 is not 100 %."""
        return 100 * self.delivered // self.orders if self.orders else 0

    @property
    def between(self) -> tuple[int, int]:
        """Lowest and highest percentage that fit the sample (Wilson, 95 %)."""
        low, high = _wilson(self.delivered, self.orders)
        return math.floor(100 * low), math.ceil(100 * high)

    @property
    def width(self) -> int:
        """Of the bar between the two."""
        low, high = self.between
        return high - low

    @property
    def mark(self) -> int:
        """Where the rate itself is marked on the bar, within its ends."""
        return min(self.percent, 99)

    @property
    def slowest_seconds(self) -> int | None:
        """Nine of ten codes came within this time; None when too few came to say."""
        return self.p90_seconds if self.delivered >= FEWEST_FOR_TAIL else None


def _wilson(hits: int, tries: int, z: float = 1.96) -> tuple[float, float]:
    if not tries:
        return 0.0, 1.0
    rate, square = hits / tries, z * z
    middle = rate + square / (2 * tries)
    spread = z * math.sqrt(rate * (1 - rate) / tries + square / (4 * tries * tries))
    return max(0.0, (middle - spread) / (1 + square / tries)), min(1.0, (middle + spread) / (1 + square / tries))


class Book:
    """The odds of some services, read at once."""

    def __init__(self, rows: Iterable[Odds]) -> None:
        self._rows = {(row.server, row.service_id, row.country_id, row.operator_id): row for row in rows}

    def own(self, server: int, service_id: str, country_id: str = "", operator_id: str = "") -> Chance | None:
        """What is known of exactly this offer, however little."""
        row = self._rows.get((server, service_id, country_id, _key(server, operator_id)))
        return _chance(row) if row else None

    def of(self, server: int, service_id: str, country_id: str = "", operator_id: str = "") -> Chance | None:
        """The chance of an offer: its own when enough orders tell it, else that of all offers of the service there,
        else the little that is known; None for nothing."""
        own = self.own(server, service_id, country_id, operator_id)
        if (own and own.enough) or server == Server.MAIL:
            # Another domain says nothing about this one: sites take some and refuse others.
            return own
        around = self._rows.get((server, service_id, country_id, "")) if country_id else None
        return _chance(around, wider=True) if around and around.orders >= FEWEST else own

    def expectation(self, chance: Chance | None, *, usual: Decimal | None = None) -> float:
        """For sorting by chance: the rate, drawn towards ``usual`` (percent; what the supplier says) or our usual one
        the more, the fewer orders there are. So 3 of 3 does not pass for better than 180 of 200."""
        expected = USUAL_RATE if usual is None else float(usual) / 100
        orders, delivered = (chance.orders, chance.delivered) if chance else (0, 0)
        return (delivered + expected * USUAL_WEIGHT) / (orders + USUAL_WEIGHT)


def book(*services: tuple[int, str]) -> Book:
    """The odds of ``(server, service id)`` pairs. One query, none for nothing."""
    if not services:
        return Book(())
    wanted = Q()
    for server, service_id in services:
        wanted |= Q(server=server, service_id=service_id)
    return Book(Odds.objects.filter(wanted))


def popularity() -> dict[tuple[int, str], int]:
    """How often each service was ordered lately, by server and id. One query."""
    rows = Odds.objects.filter(country_id="", operator_id="")
    return {
        (server, service_id): orders
        for server, service_id, orders in rows.values_list("server", "service_id", "orders")
    }


def _key(server: int, operator_id: str) -> str:
    return operator_id.casefold() if server == Server.OPERATORS else operator_id


def _chance(row: Odds, *, wider: bool = False) -> Chance:
    return Chance(row.orders, row.delivered, row.median_seconds, row.p90_seconds, wider)
