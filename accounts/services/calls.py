"""The log of calls made with keys."""

from django.db.models import Q
from django.http import HttpRequest, HttpResponse

from accounts.access.actors import Actor
from accounts.models import ApiCall, ApiKey
from config.lib.clock import now


def note(request: HttpRequest, response: HttpResponse, actor: Actor, elapsed: float) -> None:
    """Store method, route, status and time (seconds in ``elapsed``) of a call; the path without its query."""
    match, key = request.resolver_match, actor.key
    if key is None:
        return
    _touch(key, actor.origin.address)
    ApiCall.objects.create(
        key=key,
        api_user=actor.api_user,
        is_sandbox=actor.is_sandbox,
        method=(request.method or "")[:7],
        route=f"/{match.route}"[:200] if match else "-",
        path=request.path[:300],
        status=response.status_code,
        milliseconds=round(elapsed * 1000),
        address=actor.origin.address,
        request_id=actor.origin.request_id,
    )


def _touch(key: ApiKey, address: str | None) -> None:
    """Last use, to the minute: a busy key does not rewrite its row with every call."""
    moment = now()
    stale = Q(last_used_at__isnull=True) | Q(last_used_at__lt=moment.replace(second=0, microsecond=0))
    elsewhere = Q(last_used_address__isnull=True) | ~Q(last_used_address=address)
    ApiKey.objects.filter(stale | elsewhere, pk=key.pk).update(last_used_at=moment, last_used_address=address)
