"""What the owner of a webhook can have done about deliveries that were written before."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.access.actors import Actor
from accounts.services import audit
from config.lib.clock import now
from config.lib.jobs import nudge_once
from notifications.errors import NoWebhook
from notifications.models import Owner, WebhookDelivery, WebhookEndpoint
from notifications.services.webhooks import spare_receivers
from notifications.tasks import deliver_webhooks

MOST_AT_ONCE = 200
# Attempts of one event, all rounds together: whoever asks for more has something else in mind.
MOST_ATTEMPTS = 1000

State = WebhookDelivery.State


@transaction.atomic
def resend(*, actor: Actor, owner: Owner, deliveries: Sequence[UUID]) -> int:
    """Send these again at once, delivered or not, with the same id and body; returns how many there are to send.

    What is not the owner's is passed over. One that waits for its next attempt need not wait. Raises `NoWebhook`
    when the webhook is paused, `TooOften`.
    """
    endpoint = _ready(owner)
    chosen = WebhookDelivery.objects.filter(endpoint=endpoint, public_id__in=list(deliveries)[:MOST_AT_ONCE])
    return _again(actor, endpoint, chosen, "chosen")


@transaction.atomic
def resend_failed(*, actor: Actor, owner: Owner, since: datetime) -> int:
    """Send everything again that was given up or kept back and happened at or after ``since``; returns how many.

    Raises `NoWebhook` when the webhook is paused, `TooOften`.
    """
    endpoint = _ready(owner)
    failed = WebhookDelivery.objects.filter(
        endpoint=endpoint, state__in=[State.FAILED, State.HELD], created_at__gte=since
    )
    return _again(actor, endpoint, failed, since.isoformat())


def _again(actor: Actor, endpoint: WebhookEndpoint, rows: QuerySet[WebhookDelivery], what: str) -> int:
    unheld = Q(lease_until__isnull=True) | Q(lease_until__lt=Now())
    count = rows.filter(unheld, attempt_count__lt=MOST_ATTEMPTS).update(
        state=State.PENDING, tries=0, due_at=now(), ended_at=None, lease_token=None, lease_until=None
    )
    if count:
        nudge_once(deliver_webhooks)
        audit.record(actor, "webhook.resent", target=endpoint, after={"deliveries": count, "which": what})
    return count


def _ready(owner: Owner) -> WebhookEndpoint:
    spare_receivers(owner)
    endpoint = WebhookEndpoint.objects.select_for_update(no_key=True).filter(**owner.fields).first()
    if endpoint is None:
        raise NoWebhook
    if not endpoint.is_active:
        raise NoWebhook(_("It is paused: let it go on first."))
    return endpoint
