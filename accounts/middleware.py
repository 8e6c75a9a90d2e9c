"""Show times in the zone of the person who reads them; count, answer and note the calls of programs."""

import time
from collections.abc import Callable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone

from accounts.access import rates
from accounts.access.credentials import actor_of, has_bearer
from accounts.services import calls
from config.lib import problems
from config.lib.errors import ServiceError


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
    """Around every call of the API: count it, answer refusals as problems, keep nothing in caches, note it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not problems.is_api(request):
            return self.get_response(request)
        started = time.monotonic()
        answer = self._answer(request)
        answer.headers.setdefault("Cache-Control", "no-store")
        if has_bearer(request):
            calls.note(request, answer, time.monotonic() - started)
        return answer

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        # No text of the database holds a NUL, so nothing has such a name.
        if "\x00" in request.path:
            return problems.problem(request, 404)
        if not has_bearer(request):
            return problems.as_problem(request, self.get_response(request))
        try:
            allowance = _count(request)
        except rates.OverLimit as refusal:
            return _with(refusal.allowance, problems.of_error(request, refusal))
        except ServiceError as refusal:
            return problems.of_error(request, refusal)
        return _with(allowance, problems.as_problem(request, self.get_response(request)))


def _count(request: HttpRequest) -> rates.Allowance | None:
    actor = actor_of(request)
    if actor.kind != "anonymous":
        return rates.spend(actor)
    rates.spend_refused(actor.origin.address)
    return None


def _with(allowance: rates.Allowance | None, answer: HttpResponseBase) -> HttpResponseBase:
    for name, value in allowance.headers().items() if allowance else ():
        answer[name] = value
    return answer
