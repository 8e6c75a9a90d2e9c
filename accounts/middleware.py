"""Show times in the zone of the person who reads them."""

import time
from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.access.actors import Actor
from accounts.services import calls


class TimezoneMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with timezone.override(_zone_of(request)):
            return self.get_response(request)


def _zone_of(request: HttpRequest) -> ZoneInfo | None:
    # The session says whether somebody is signed in; asking request.user would cost anonymous pages a query.
    name = request.session.get("timezone") if "_auth_user_id" in request.session else None
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):
        return None


class ApiMiddleware:
    """Keep a line of every call made with a key: what its developer looks up, and what reports count."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/api/"):
            return self.get_response(request)
        started = time.monotonic()
        response = self.get_response(request)
        actor: Actor | None = getattr(request, "_actor", None)
        if actor is not None and actor.key is not None:
            calls.note(request, response, actor, time.monotonic() - started)
        return response
