from celery import shared_task

from accounts import proof, retention
from accounts.models import IdempotencyRecord
from config.lib.clock import now


@shared_task(name="accounts.check_audit")
def check_audit() -> None:
    """Verify the audit chain; the result is on the audit page, problems are in the log."""
    proof.run()


@shared_task(name="accounts.forget_idempotency")
def forget_idempotency() -> None:
    """Answers to calls of the day before and older are given no more; their rows go."""
    IdempotencyRecord.objects.filter(created_at__lt=now() - IdempotencyRecord.KEPT).delete()


@shared_task(name="accounts.forget_calls")
def forget_calls() -> None:
    """Lines of the log of calls go when their time is over."""
    retention.forget_old_calls()
