"""Which orders are due, and who has them in hand. Always by the database's clock."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.db import connection, models, transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now

from otp.models.states import ACTIVE, LIVE, UNSENT

if TYPE_CHECKING:
    from otp.models.orders import Order

# A worker that is still silent after this long is taken for dead; longer than any call of one turn can last.
LEASE = timedelta(seconds=30)
YOUNG = timedelta(minutes=3)
# How long after its window an order may stay open, and before its number, until a person should know.
GRACE = timedelta(minutes=5)
PATIENCE = timedelta(minutes=15)
_LEASE = """
    UPDATE otp_order SET lease_token = %s, lease_until = statement_timestamp() + %s * interval '1 second'
     WHERE id = ANY(%s)
"""


def _urgency() -> Any:
    """Sort key of due rows: the due time, brought forward for what is urgent.

    A head start instead of a rank: under load the others wait longer, yet nobody waits for ever.
    """
    head_start = Case(
        When(state__in=UNSENT, then=Value(timedelta(seconds=30))),
        When(_wished_for(), then=Value(timedelta(seconds=20))),
        When(
            Q(created_at__gt=Now() - YOUNG) | Q(expires_at__lt=Now() + timedelta(minutes=1)),
            then=Value(timedelta(seconds=10)),
        ),
        default=Value(timedelta(0)),
        output_field=models.DurationField(),
    )
    return (F("next_poll_at") - head_start).asc()


def _wished_for() -> Q:
    """Somebody waits for it to be done, and the supplier may be asked now."""
    due = Q(cancel_next_at__lte=Now()) | Q(replace_next_at__lte=Now()) | Q(resend_next_at__lte=Now())
    return due | Q(finish_requested_at__isnull=False)


class OrderQuerySet(models.QuerySet["Order"]):
    def live(self) -> "OrderQuerySet":
        return self.filter(state__in=LIVE)

    def due(self) -> "OrderQuerySet":
        """Live rows whose time has come and which nobody holds, by the database's clock."""
        unheld = Q(lease_until__isnull=True) | Q(lease_until__lt=Now())
        return self.live().filter(unheld, next_poll_at__lte=Now())

    def in_hand(self) -> "OrderQuerySet":
        """Live rows somebody is working on."""
        return self.live().filter(lease_until__gte=Now())

    def overdue(self) -> "OrderQuerySet":
        """Live although the window was over a while ago: we look again and tell staff, we never refund by our own
        clock (OTPZap contract 12.15)."""
        return self.filter(state__in=ACTIVE, expires_at__lt=Now() - GRACE)

    def stuck(self) -> "OrderQuerySet":
        """Ordered long ago and still without the supplier's word."""
        return self.filter(state__in=UNSENT, created_at__lt=Now() - PATIENCE)

    def claim_due(self, limit: int, key: Callable[[], str] = lambda: "") -> list["Order"]:
        """Lease up to ``limit`` due rows, the most urgent first, past whatever others are working on.

        ``key`` names the supplier's key for each that has not been sent yet.
        """
        if limit < 1:
            return []
        token = uuid.uuid4()
        with transaction.atomic():
            chosen = list(self.model.objects.raw(*claiming(self.model, limit)))
            quiet = [order.pk for order in chosen if not order.take_lease(key, token)]
            # Most leases change nothing else: one statement for all of those.
            _lease(quiet, token)
        return chosen

    def claim(self, pk: int, key: Callable[[], str] = lambda: "") -> "Order | None":
        """Lease one row at once, due or not; None when it is over or somebody works on it. ``key`` as above."""
        with transaction.atomic():
            unheld = Q(lease_until__isnull=True) | Q(lease_until__lt=Now())
            rows = self.live().filter(unheld, pk=pk).annotate(locked_at=Now())
            order = rows.select_for_update(skip_locked=True, no_key=True).first()
            if order and not order.take_lease(key, uuid.uuid4()):
                order.save(update_fields=["lease_token", "lease_until"])
        return order


@lru_cache(maxsize=64)
def claiming(model: type["Order"], limit: int) -> tuple[str, tuple[Any, ...]]:
    """The statement that locks the next ``limit`` due rows. Kept, because building it takes longer than running it."""
    rows = model.objects.due().annotate(locked_at=Now()).order_by(_urgency())
    return rows.select_for_update(skip_locked=True, no_key=True)[:limit].query.sql_with_params()


def _lease(keys: list[int], token: uuid.UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_LEASE, [token, LEASE.total_seconds(), keys])
