"""What waits to be done, as the rows say. Ids only; whoever acts on one locks it and looks again."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Now

from payments.methods import codes_of
from payments.models import Deposit, PaymentAttempt, ProviderMessage
from payments.settlement.rows import lock, unleased
from payments.settlement.submitting import doubt

LEFT = "left"
UNVERIFIED_KEPT = timedelta(days=3)


def expired_deposits(limit: int = 200) -> list[int]:
    due = Deposit.objects.filter(state=Deposit.State.PENDING, expires_at__lte=Now())
    return list(due.order_by("expires_at").values_list("pk", flat=True)[:limit])


def attempts(provider: str, limit: int = 50) -> list[tuple[int, str]]:
    """(id, state) of a provider's attempts to send, to ask about or (`LEFT`) to call off, longest due first."""
    due = PaymentAttempt.objects.filter(unleased(), next_check_at__lte=Now(), method__in=codes_of(provider))
    paid_otherwise = Q(state=PaymentAttempt.State.OPEN, deposit__state=Deposit.State.SUCCESS)
    what = Case(When(paid_otherwise, then=Value(LEFT)), default=F("state"))
    return list(due.order_by("next_check_at").values_list("pk", what)[:limit])


def messages(limit: int = 200) -> list[int]:
    due = ProviderMessage.objects.filter(next_try_at__lte=Now())
    return list(due.order_by("next_try_at").values_list("pk", flat=True)[:limit])


def doubt_crashed(limit: int = 100) -> None:
    """A request whose worker fell silent may have gone out: it is in doubt from now on."""
    silent = PaymentAttempt.objects.filter(
        state=PaymentAttempt.State.SUBMITTING, sent_at__isnull=False, lease_until__lt=Now()
    )
    for attempt_id in silent.values_list("pk", flat=True)[:limit]:
        with transaction.atomic():
            rows = lock(attempt_id, wait=False)
            still = rows and rows.attempt.state == PaymentAttempt.State.SUBMITTING
            if rows and still and rows.attempt.lease_until and rows.attempt.lease_until < rows.now:
                doubt(rows)


def forget_unverified(limit: int = 1000) -> None:
    """Messages nobody signed are kept for a few days to look into, no longer."""
    old = ProviderMessage.objects.filter(verified=False, received_at__lt=Now() - UNVERIFIED_KEPT)
    ids = list(old.values_list("pk", flat=True)[:limit])
    if ids:
        ProviderMessage.objects.filter(pk__in=ids, verified=False).delete()
