"""Orders of all customers, as staff look them up: never with a code or the text of a message."""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from config.lib import clock, times
from otp import selectors
from otp.models import LIVE, UNSENT, Order, OrderCode, Reason, State

# So long the supplier may keep us waiting before a person may close an order by hand.
HOPELESS = timedelta(hours=12)
DOUBT, HAND, LATE, LOST, WITHHELD = "doubt", "hand", "late", "lost", "withheld"
# The two kinds of being late, as they are counted.
OVERDUE, STUCK = "overdue", "no_answer"
NEEDS = (DOUBT, HAND, LATE, LOST, WITHHELD, OVERDUE, STUCK)
# Groups of states, and each that an order can be in while it lasts.
STATES = {**selectors.STATE_FILTERS, **{state.value: (state,) for state in LIVE}}
# Orders that got their number or inbox and are over, or brought a code: all of them, and by whether a code came.
TRIED, CAME, MISSED = "all", "came", "missed"
# Seconds up to which a wait for a code belongs to a column; what took longer belongs to the last one.
WAITS = (15, 30, 60, 120, 300, 600)


@dataclass(frozen=True)
class Wanted:
    """What the reader looks for; empty means everything. ``kind`` and ``state`` as in a customer's own history. Days
    in the reader's zone, inclusive."""

    text: str = ""
    state: str = ""
    kind: str = ""
    needs: str = ""
    # As the overview counts them: `TRIED`, `CAME` or `MISSED`, a place among `WAITS`, a service and a country by name.
    # Days are then those on which the number was there.
    tried: str = ""
    wait: int | None = None
    service: str = ""
    country: str = ""
    first: date | None = None
    last: date | None = None

    @property
    def is_set(self) -> bool:
        return self != Wanted()

    @property
    def words(self) -> str:
        """What it is narrowed to besides state, kind and days, as one reads it."""
        tried = {TRIED: _("Got a number, and ended"), CAME: _("With code"), MISSED: _("Got a number, no code")}
        state = State(self.state).label if self.state in State.values else ""
        late = {OVERDUE: _("Late"), STUCK: _("No answer")}.get(self.needs, "")
        found = [state, late, tried.get(self.tried, ""), wait_words(self.wait), self.service, self.country]
        return " · ".join(str(one) for one in found if one)


def wait_words(place: int | None) -> str:
    """How long a code took, by its place among `WAITS`."""
    if place is None:
        return ""
    return _("up to %(time)s") % {"time": times.span(WAITS[place])} if place < len(WAITS) else _("longer")


def listed(wanted: Wanted) -> QuerySet[Order]:
    """Real orders as `Wanted`, unordered; the sandbox's are none."""
    found: QuerySet[Order] = Order.objects.filter(customer__is_sandbox=False).select_related("customer__user")
    if wanted.state in STATES:
        found = found.filter(state__in=STATES[wanted.state])
    if wanted.kind in selectors.KIND_FILTERS:
        found = found.filter(server__in=selectors.KIND_FILTERS[wanted.kind])
    if wanted.service:
        found = found.filter(service_name=wanted.service)
    if wanted.country:
        found = found.filter(country_name=wanted.country)
    if wanted.tried or wanted.wait is not None:
        found = times.within(_tried(found, wanted), wanted.first, wanted.last, field="activated_at")
    else:
        found = times.within(found, wanted.first, wanted.last)
    if wanted.needs:
        found = _needing(found, wanted.needs)
    return found.filter(_matches(wanted.text)) if wanted.text else found


def _tried(found: QuerySet[Order], wanted: Wanted) -> QuerySet[Order]:
    found = found.filter(activated_at__isnull=False)
    if wanted.wait is not None:
        waited = F("captured_at") - F("activated_at")
        least = timedelta(seconds=WAITS[wanted.wait - 1]) if wanted.wait else None
        most = timedelta(seconds=WAITS[wanted.wait]) if wanted.wait < len(WAITS) else None
        found = found.filter(captured_at__isnull=False).alias(waited=waited)
        found = found.filter(waited__gte=least) if least else found
        return found.filter(waited__lt=most) if most else found
    if wanted.tried == MISSED:
        return found.filter(captured_at__isnull=True, finished_at__isnull=False)
    over = Q(captured_at__isnull=False)
    return found.filter(over if wanted.tried == CAME else over | Q(finished_at__isnull=False))


def _needing(found: QuerySet[Order], needs: str) -> QuerySet[Order]:
    if needs == OVERDUE:
        return found.filter(pk__in=Order.objects.overdue().values("pk"))
    if needs == STUCK:
        return found.filter(pk__in=Order.objects.stuck().values("pk"))
    if needs == LATE:
        late = Order.objects.overdue().values("pk")
        return found.filter(pk__in=late.union(Order.objects.stuck().values("pk")))
    if needs == LOST:
        return found.filter(reason=Reason.REPLACEMENT_LOST)
    if needs == WITHHELD:
        return found.filter(withheld_count__gt=0)
    return found.filter(_hopeless() if needs == HAND else _in_doubt(clock.now()))


def _in_doubt(before: Any) -> Q:
    never_answered = Q(state__in=UNSENT, doubted_at__lte=before)
    replacing = Q(state__in=LIVE, replace_requested_at__isnull=False, replace_doubted_at__lte=before)
    return never_answered | (replacing & Q(captured_at__isnull=True))


def _hopeless() -> Q:
    before = clock.now() - HOPELESS
    # The supplier never says that it is over, or does not know it any more: nothing else would ever free the money.
    return _in_doubt(before) | Q(state=State.PENDING, captured_at__isnull=True, expires_at__lte=before)


def is_hopeless(order: Order) -> bool:
    """Whether ``order`` has been in doubt, or over its time, for so long that a person may close it."""
    return Order.objects.filter(_hopeless(), pk=order.pk).exists()


def _matches(text: str) -> Q:
    """By our or the supplier's number of the order, the rented number or address, a part of the customer's address."""
    found = Q(reference=text) | Q(provider_order_id=text) | Q(replace_reference=text)
    found |= Q(mail_address__icontains=text) if "@" in text else Q(service_name__iexact=text)
    if "@" in text or len(text) > 3:
        found |= Q(customer__user__email__icontains=text)
    digits = re.sub(r"\D", "", text).lstrip("0")
    if len(digits) >= 4 and not re.search(r"[^\d\s()+.-]", text):
        found |= Q(phone_number__contains=digits)
    with suppress(ValueError):
        found |= Q(public_id=UUID(text))
    return found


def one(public_id: UUID) -> Order | None:
    """A real order, whoever's it is, with when messages came and from whom, and nothing of what they say."""
    codes = Prefetch("codes", queryset=OrderCode.objects.order_by("-position"))
    orders = listed(Wanted()).select_related("replaces", "replaced_by").prefetch_related(codes)
    order = orders.filter(public_id=public_id).first()
    for message in order.codes.all() if order else ():
        message.code, message.message, message.subject, message.link = None, "", "", ""
    return order


def counts() -> dict[str, int]:
    """How many real orders need a look, by need. A query each."""
    return {needs: _needing(listed(Wanted()), needs).count() for needs in (DOUBT, HAND, LATE)}
