"""Deliveries hold codes and addresses, so they are not kept for ever."""

from datetime import timedelta

from django.conf import settings

from config.lib.clock import now
from notifications.models import Notice, WebhookDelivery

_BATCH = 1000


def forget_deliveries() -> int:
    """Delete up to a batch of deliveries that ended and are older than settings.WEBHOOK_KEPT_DAYS; returns how many."""
    before = now() - timedelta(days=settings.WEBHOOK_KEPT_DAYS)
    old = WebhookDelivery.objects.filter(created_at__lt=before).exclude(state=WebhookDelivery.State.PENDING)
    chosen = list(old.order_by("created_at").values_list("pk", flat=True)[:_BATCH])
    WebhookDelivery.objects.filter(pk__in=chosen).delete()
    return len(chosen)


def forget_notices() -> int:
    """Delete up to a batch of notices older than settings.NOTICES_KEPT_DAYS; returns how many."""
    before = now() - timedelta(days=settings.NOTICES_KEPT_DAYS)
    old = Notice.objects.filter(created_at__lt=before, mail_due_at__isnull=True).order_by("created_at")
    chosen = list(old.values_list("pk", flat=True)[:_BATCH])
    Notice.objects.filter(pk__in=chosen).delete()
    return len(chosen)
