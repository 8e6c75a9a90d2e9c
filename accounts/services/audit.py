"""The one way a record of what somebody did is written."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Model

from accounts.access.actors import Actor
from accounts.models import AuditEntry, Client


def record(
    actor: Actor,
    action: str,
    *,
    target: Model | None = None,
    client: Client | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Note that ``actor`` did ``action`` ("client.approved": object, verb in the past) to ``target``.

    Call it inside the transaction of the change, as its last step; ``before`` and ``after`` hold the fields that
    changed, never a secret. ``client`` is whose log shows it besides staff's; by default the actor's or the target's.
    """
    about = client or (target if isinstance(target, Client) else getattr(target, "client", None)) or actor.client
    AuditEntry.objects.create(
        actor_kind=actor.kind,
        actor_id=_actor_id(actor),
        actor_label=actor.label.lower(),
        actor_client_id=actor.client.public_id if actor.client is not None else None,
        acting_as=", ".join(sorted(actor.roles)),
        action=action,
        object_type=target._meta.model_name or "" if target is not None else "",
        object_id=_id_of(target),
        object_label=str(target)[:254] if target is not None else "",
        client_id=about.public_id if isinstance(about, Client) else None,
        is_sandbox=actor.is_sandbox,
        via=actor.origin.via,
        address=actor.origin.address,
        request_id=actor.origin.request_id,
        before=dict(before or {}),
        after=dict(after or {}),
    )


def note_export(*, actor: Actor, filters: Mapping[str, str], rows: int) -> None:
    """Note that the record itself was taken out: by what search, and how many rows."""
    record(actor, "audit.exported", after={"filters": dict(filters), "rows": rows})


def _actor_id(actor: Actor) -> str:
    if actor.api_user is not None:
        return f"api_user:{actor.api_user.pk}"
    return f"user:{actor.user.pk}" if actor.user is not None else ""


def _id_of(target: Model | None) -> str:
    if target is None:
        return ""
    return str(getattr(target, "public_id", target.pk))
