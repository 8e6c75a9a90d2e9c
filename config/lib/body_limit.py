"""Refuse a body that is too large before a byte of it is read."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat

from config.lib import problems


class BodyLimitMiddleware:
    """Knows only what the caller announces; what comes without a length ends at the limits of the parsers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        limit = limit_of(request.path)
        if announced(request) <= limit:
            return self.get_response(request)
        if problems.is_api(request):
            return problems.problem(request, 413)
        return render(request, "413.html", {"largest": filesizeformat(limit)}, status=413)


def limit_of(path: str) -> int:
    """Bytes that a request to ``path`` may have (settings.BODY_LIMITS)."""
    limits: dict[str, int] = settings.BODY_LIMITS
    return limits.get(path, settings.BODY_LIMIT)


def announced(request: HttpRequest) -> int:
    """Bytes of the body as the caller announces them."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isascii() and length.isdigit() and len(length) < 20 else 0
