"""Messages and sender names as those who may see them find them."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import QuerySet

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.models import Client
from notifications.models import Sms, SmsSender


def seen(actor: Actor) -> QuerySet[Sms]:
    """Messages of the clients that ``actor`` sees, of its own world: live or sandbox. Never those of the house."""
    return Sms.objects.filter(client__in=policy.clients_seen_by(actor), is_sandbox=actor.is_sandbox)


def listed(actor: Actor, *, state: str = "", search: str = "", together: UUID | str = "") -> QuerySet[Sms]:
    """Of one state, to numbers with these digits, of one request."""
    found = seen(actor).select_related("client").defer("text")
    if state:
        found = found.filter(state=state)
    if together:
        found = found.filter(request_id=together)
    digits = "".join(letter for letter in search if letter.isdecimal() and letter.isascii())
    if search:
        # A national number begins with 0, an international one may begin with 00.
        found = found.filter(recipient__contains=digits.lstrip("0")) if digits else found.none()
    return found


def of_request(actor: Actor, message: Sms) -> QuerySet[Sms]:
    """All that was sent together with ``message``."""
    return seen(actor).filter(request_id=message.request_id)


def senders_seen(actor: Actor) -> QuerySet[SmsSender]:
    """Names of the clients that ``actor`` sees."""
    return SmsSender.objects.filter(client__in=policy.clients_seen_by(actor)).select_related("client", "asked_by")


def allowed_names(client: Client) -> list[str]:
    """What ``client`` may send under beside our own name, in order."""
    names = SmsSender.objects.filter(client=client, state=SmsSender.State.ALLOWED)
    return list(names.order_by("name").values_list("name", flat=True))


def namesakes(senders: Sequence[SmsSender]) -> dict[UUID, list[str]]:
    """Other clients that may send under the same name, by the public id of the name."""
    keys = {one.key for one in senders}
    taken = SmsSender.objects.filter(key__in=keys, state=SmsSender.State.ALLOWED).select_related("client")
    by_key: dict[str, list[SmsSender]] = {}
    for other in taken:
        by_key.setdefault(other.key, []).append(other)
    return {
        one.public_id: [other.client.name for other in by_key.get(one.key, ()) if other.client_id != one.client_id]
        for one in senders
    }
