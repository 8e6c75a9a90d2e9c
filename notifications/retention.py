"""Deliveries hold codes and addresses, messages hold numbers, so they are not kept for ever."""

from datetime import timedelta

from django.conf import settings

from config.lib.clock import now
from notifications.models import Notice, Sms, WebhookDelivery

_BATCH = 1000
# Whom a code was sent to, and when: long enough for whoever says it never came.
CODES_KEPT_DAYS = 90


def forget_deliveries() -> int:
    """Delete up to a batch of deliveries that ended and are older than settings.WEBHOOK_KEPT_DAYS; returns how many."""
    before = now() - timedelta(days=settings.WEBHOOK_KEPT_DAYS)
    old = WebhookDelivery.objects.filter(created_at__lt=before).exclude(state=WebhookDelivery.State.PENDING)
    chosen = list(old.order_by("created_at").values_list("pk", flat=True)[:_BATCH])
    WebhookDelivery.objects.filter(pk__in=chosen).delete()
    return len(chosen)


def forget_codes() -> int:
    """Delete up to a batch of messages of the house that ended long ago; returns how many. Those of clients stay: they
    explain what was charged."""
    before = now() - timedelta(days=CODES_KEPT_DAYS)
    old = Sms.objects.filter(client=None, created_at__lt=before).exclude(state=Sms.State.QUEUED).order_by("created_at")
    chosen = list(old.values_list("pk", flat=True)[:_BATCH])
    Sms.objects.filter(pk__in=chosen).delete()
    return len(chosen)


def forget_notices() -> int:
    """Delete up to a batch of notices older than settings.NOTICES_KEPT_DAYS; returns how many."""
    before = now() - timedelta(days=settings.NOTICES_KEPT_DAYS)
    old = Notice.objects.filter(created_at__lt=before, mail_due_at__isnull=True).order_by("created_at")
    chosen = list(old.values_list("pk", flat=True)[:_BATCH])
    Notice.objects.filter(pk__in=chosen).delete()
    return len(chosen)
