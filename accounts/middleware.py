"""Show times in the zone of the person who reads them; count, answer and note the calls of programs."""

import time
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect

from accounts.access import rates
from accounts.access.credentials import actor_of, has_bearer, portal_of
from accounts.errors import PasswordChangeRequired, SecondFactorRequired
from accounts.models import User
from accounts.services import calls, second_factor, sessions
from config.lib import outage, problems
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


class FirstThingsMiddleware:
    """Whoever must choose a password or set up a second factor does that first, and nothing else.

    Also notes where a session was seen. Requests without a session, or with a bearer, pass untouched.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        # Limits that cannot count let nobody through; the answer says so in words.
        return outage.answer(request) if outage.is_outage(error) else None

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponseBase | None:
        if request.headers.get("HX-Request") and getattr(view, "polled", False):
            # An open page asks again and again; whoever must do something first is sent there by every other request.
            return None
        if SESSION_KEY not in request.session or has_bearer(request) or not isinstance(request.user, User):
            return None
        sessions.touch(request)
        name = request.resolver_match.view_name if request.resolver_match else ""
        portal = portal_of(request.user)
        if portal is None or name in _ALWAYS or request.path.startswith("/api/account/"):
            return None
        if portal.must_change_password:
            return _detour(request, PasswordChangeRequired(), "account_change_password", name)
        if settings.MFA_REQUIRED_ROLES and not name.startswith("mfa_") and _lacks_second_factor(request, request.user):
            return _detour(request, SecondFactorRequired(), "accounts:security", name)
        return None


_ALWAYS = {
    "account_logout",
    "account_reauthenticate",
    "account_email",
    "account_confirm_email",
    "account_email_verification_sent",
    "set_language",
}


def _lacks_second_factor(request: HttpRequest, user: User) -> bool:
    # Who has one keeps one (the adapter lets nobody drop the last), so a session need not ask again.
    if request.session.get("has_second_factor"):
        return False
    if not second_factor.is_required(actor_of(request)):
        return False
    if second_factor.has_any(user):
        request.session["has_second_factor"] = True
        return False
    return True


def _detour(request: HttpRequest, refusal: ServiceError, place: str, name: str) -> HttpResponseBase | None:
    if problems.is_api(request):
        return problems.of_error(request, refusal)
    if name == place:
        return None
    target = reverse(place)
    return HttpResponseClientRedirect(target) if request.headers.get("HX-Request") else HttpResponseRedirect(target)
