"""Payouts that somebody may see."""

from django.db.models import QuerySet

from accounts.access import policy
from accounts.access.actors import Actor
from payouts.models import Payout


def seen(actor: Actor) -> QuerySet[Payout]:
    """Staff of the gateway see those of every client, a client's people and keys its own; each its own world, live or
    sandbox. Newest first."""
    visible = Payout.objects.filter(client__in=policy.clients_seen_by(actor), is_sandbox=actor.is_sandbox)
    return visible.order_by("-id")
