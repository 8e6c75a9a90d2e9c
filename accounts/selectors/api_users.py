"""Which API users an actor sees."""

from uuid import UUID

from django.db.models import OuterRef, Prefetch, QuerySet, Subquery

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.errors import NotFound
from accounts.models import ApiKey, ApiUser


def listed(actor: Actor) -> QuerySet[ApiUser]:
    """Each with its client and role, ``last_used_at`` over all its keys, and its live keys as ``live_keys``."""
    used = ApiKey.objects.filter(api_user=OuterRef("pk"), last_used_at__isnull=False).order_by("-last_used_at")
    live = ApiKey.objects.filter(is_sandbox=False, revoked_at__isnull=True).order_by("-pk")
    return (
        policy.api_users_seen_by(actor)
        .select_related("client", "role")
        .annotate(last_used_at=Subquery(used.values("last_used_at")[:1]))
        .prefetch_related(Prefetch("keys", live, to_attr="live_keys"))
    )


def seen(actor: Actor, public_id: UUID) -> ApiUser:
    """Raises `NotFound` for an unknown one and for a stranger's alike."""
    api_user = listed(actor).filter(public_id=public_id).first()
    if api_user is None:
        raise NotFound
    return api_user


def newest_prefix(api_user: ApiUser) -> str:
    """What may be shown of the newest live key that was not revoked; "" when there is none."""
    keys: list[ApiKey] = api_user.live_keys  # type: ignore[attr-defined]
    return keys[0].prefix if keys else ""
