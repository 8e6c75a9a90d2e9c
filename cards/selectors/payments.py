"""Card payments that somebody may see."""

from django.db.models import QuerySet

from accounts.access import policy
from accounts.access.actors import Actor
from cards.models import CardAct, CardPayment


def seen(actor: Actor) -> QuerySet[CardPayment]:
    """Staff of the gateway see those of every client, a client's people and keys its own; each its own world, live or
    sandbox. Newest first."""
    visible = CardPayment.objects.filter(client__in=policy.clients_seen_by(actor), is_sandbox=actor.is_sandbox)
    return visible.order_by("-id")


def acts_of(payment: CardPayment) -> QuerySet[CardAct]:
    """What was done with ``payment``, the first first."""
    return CardAct.objects.filter(payment=payment).order_by("id")


def acts_seen(actor: Actor) -> QuerySet[CardAct]:
    """What was done with the payments that ``actor`` may see. Newest first."""
    acts = CardAct.objects.filter(payment__in=seen(actor).order_by())
    return acts.select_related("payment__client", "payment__card").order_by("-id")
