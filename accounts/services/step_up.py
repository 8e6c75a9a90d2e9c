"""Some things want a person who has proved a short while ago that it is them."""

import time

from django.conf import settings
from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from accounts.errors import StepUpNeeded


def is_fresh(request: HttpRequest) -> bool:
    """Did this session prove who it is (password, code or passkey) within the last ``STEP_UP_SECONDS``?"""
    from allauth.account.internal.flows.login import get_authentication_records

    records = get_authentication_records(request, request.user if request.user.is_authenticated else None)
    latest = max((float(record.get("at", 0)) for record in records), default=0.0)
    return bool(0 <= time.time() - latest < settings.STEP_UP_SECONDS)


def require(request: HttpRequest) -> None:
    """Raise `StepUpNeeded` unless the session is fresh."""
    if not is_fresh(request):
        raise StepUpNeeded


def page_to_prove(request: HttpRequest) -> str:
    """Where the person proves who they are. It leads back to a page that can be opened, never into an action."""
    from allauth.account.adapter import get_adapter

    ways = get_adapter(request).get_reauthentication_methods(request.user)
    start = ways[0]["url"] if ways else settings.LOGIN_URL
    return f"{start}?{urlencode({'next': _page_of(request)})}"


def _page_of(request: HttpRequest) -> str:
    if request.method == "GET" and not request.headers.get("HX-Request"):
        return request.get_full_path()
    came_from = request.headers.get("HX-Current-URL") or request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(came_from, {request.get_host()}, require_https=request.is_secure())
    return came_from if ours else "/"
