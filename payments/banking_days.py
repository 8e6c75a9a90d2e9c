"""Days are Jakarta's. A receipt belongs to the day on which it was paid, or told when nobody said when."""

from datetime import date, datetime, time, timedelta

from django.db.models import QuerySet
from django.db.models.functions import Coalesce

from config.lib.clock import JAKARTA
from payments.methods import channels_of
from payments.models import Receipt


def bounds(day: date, until: date | None = None) -> tuple[datetime, datetime]:
    """From the first moment of ``day`` to the first one after ``until`` (the same day when not given)."""
    start = datetime.combine(day, time(), JAKARTA)
    return start, datetime.combine((until or day) + timedelta(days=1), time(), JAKARTA)


def day_of(moment: datetime) -> date:
    return moment.astimezone(JAKARTA).date()


def receipts_of(provider: str, first: date, last: date | None = None) -> QuerySet[Receipt]:
    """What arrived here on these days through ``provider``; ``moment`` says when."""
    start, end = bounds(first, last)
    rows = Receipt.objects.alias(moment=Coalesce("paid_at", "received_at"))
    return rows.filter(channel__in=channels_of(provider), moment__gte=start, moment__lt=end)
