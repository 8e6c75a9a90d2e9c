"""What a customer bought, found by words, state, kind and day."""

import contextlib
import re
import uuid
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from accounts.models import Customer
from otp.models import DELIVERED, LIVE, UNDELIVERED_ENDS, Order, OrderCode, Server

STATE_FILTERS = {
    "live": LIVE,
    "code": DELIVERED,
    "nocode": UNDELIVERED_ENDS,
    "ended": (*DELIVERED, *UNDELIVERED_ENDS),
}
KIND_FILTERS = {
    "sms": (Server.PRODUCTS, Server.OPERATORS),
    "mail": (Server.MAIL,),
}


def with_codes(orders: QuerySet[Order]) -> QuerySet[Order]:
    """``orders`` with what came to them, newest first."""
    return orders.prefetch_related(Prefetch("codes", queryset=OrderCode.objects.order_by("-position")))


@dataclass(frozen=True)
class HistoryFilter:
    """``words``: number, address, service, site, country, code or any id; ``state`` and ``kind``: keys of
    `STATE_FILTERS` and `KIND_FILTERS`; days in ``zone``."""

    zone: ZoneInfo
    words: str = ""
    state: str = ""
    kind: str = ""
    first: date | None = None
    last: date | None = None

    @property
    def is_set(self) -> bool:
        return bool(self.words or self.state or self.kind or self.first or self.last)


def history(customer: Customer, wanted: HistoryFilter) -> QuerySet[Order]:
    """The customer's orders that match, with codes; the caller pages by ``-id``."""
    rows = Order.objects.filter(customer=customer)
    if wanted.state in STATE_FILTERS:
        rows = rows.filter(state__in=STATE_FILTERS[wanted.state])
    if wanted.kind in KIND_FILTERS:
        rows = rows.filter(server__in=KIND_FILTERS[wanted.kind])
    if wanted.first:
        rows = rows.filter(created_at__gte=datetime.combine(wanted.first, time.min, wanted.zone))
    if wanted.last and wanted.last < date.max:
        rows = rows.filter(created_at__lt=datetime.combine(wanted.last + timedelta(days=1), time.min, wanted.zone))
    if wanted.words:
        rows = rows.filter(_matching(wanted.words))
    return with_codes(rows)


def _matching(words: str) -> Q:
    code = OrderCode.objects.filter(order=OuterRef("pk")).filter(_in_message(words))
    found = Q(service_name__icontains=words) | Q(country_name__icontains=words) | Q(Exists(code))
    found |= Q(mail_address__icontains=words) | Q(domain__icontains=words) | Q(operator_name__icontains=words)
    found |= Q(reference=words) | Q(provider_order_id=words)
    # A number may be typed with blanks, and with 0 where the country code stands.
    digits = re.sub(r"\D", "", words).lstrip("0")
    if len(digits) >= 3 and not re.search(r"[^\d\s()+.-]", words):
        found |= Q(phone_number__contains=digits)
    with contextlib.suppress(ValueError):
        found |= Q(public_id=uuid.UUID(words))
    return found


def _in_message(words: str) -> Q:
    return Q(code=words) | Q(message__icontains=words) | Q(sender__icontains=words) | Q(subject__icontains=words)
