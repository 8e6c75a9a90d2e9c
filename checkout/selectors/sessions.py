"""Checkouts that somebody may see."""

from collections.abc import Sequence

from django.db.models import QuerySet

from accounts.access import policy
from accounts.access.actors import Actor
from checkout.models import Session, Try


def seen(actor: Actor) -> QuerySet[Session]:
    """Staff of the gateway see those of every client, a client's people and keys its own; each its own world, live or
    sandbox. Newest first."""
    visible = Session.objects.filter(client__in=policy.clients_seen_by(actor), is_sandbox=actor.is_sandbox)
    return visible.select_related("client").order_by("-id")


def tries_of(session: Session) -> Sequence[Try]:
    """Every way the payer tried, the first first, with the card payment or deposit behind it."""
    return list(session.tries.select_related("card_payment__card", "deposit").order_by("id"))
