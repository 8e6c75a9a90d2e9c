"""What is shown of somebody's webhook: its state, and what was sent to it."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from config.lib.pagination import Page, keyset
from notifications.models import Owner, WebhookDelivery, WebhookEndpoint
from notifications.models.webhooks import read_event_id

State = WebhookDelivery.State


@dataclass(frozen=True)
class DeliveryFilter:
    """What somebody looks for: an event's id, an object's id, or a part of an event's name."""

    words: str = ""
    state: str = ""

    @property
    def is_set(self) -> bool:
        return bool(self.words or self.state)


def endpoint_of(owner: Owner) -> WebhookEndpoint | None:
    return WebhookEndpoint.objects.filter(**owner.fields).first()


def deliveries(owner: Owner, wanted: DeliveryFilter, *, cursor: str = "", size: int = 25) -> Page[WebhookDelivery]:
    """One page of what was written for this owner's program, newest first; bodies are left out."""
    found = _of(owner).defer("body")
    if wanted.state:
        found = found.filter(state=wanted.state)
    if wanted.words:
        found = found.filter(_words(wanted.words))
    return keyset(found, cursor=cursor, size=size)


def delivery(owner: Owner, public_id: UUID) -> WebhookDelivery | None:
    """One of this owner's deliveries, or None."""
    return _of(owner).filter(public_id=public_id).select_related("endpoint").first()


def missed(owner: Owner) -> int:
    """How many events did not get through: given up, or kept back while it was paused."""
    found = _of(owner).filter(state__in=[State.FAILED, State.HELD]).aggregate(count=Count("id"))
    return int(found["count"])


def _of(owner: Owner) -> QuerySet[WebhookDelivery]:
    return WebhookDelivery.objects.filter(**{f"endpoint__{name}": value for name, value in owner.fields.items()})


def _words(words: str) -> Q:
    named = read_event_id(words)
    if named is not None:
        return Q(public_id=named)
    return Q(subject=words) | Q(event__icontains=words)
