"""One log line per request, with an id that is also in the answer. No query, no body, no headers."""

import logging
import re
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from config.lib import tallies, tracing
from config.lib.ids import new_reference

logger = logging.getLogger("gerbang.request")
_GIVEN_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_KINDS = ("api/v1/", "api/", "staff/", "admin/", "sandbox/")


class RequestLogMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.monotonic()
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = given if _GIVEN_ID.fullmatch(given) else new_reference("")
        request.request_id = request_id  # type: ignore[attr-defined]
        with tracing.traced(request_id):
            response = self.get_response(request)
            response["X-Request-Id"] = request_id
            self._note(request, response, time.monotonic() - started)
        return response

    @staticmethod
    def _note(request: HttpRequest, response: HttpResponse, elapsed: float) -> None:
        route, milliseconds = route_of(request), round(elapsed * 1000)
        tallies.REQUESTS.observe(elapsed, kind_of(route), method_of(request), f"{response.status_code // 100}xx")
        tallies.CALLS.flush()
        logger.info(
            "%s %s %s %d ms",
            request.method,
            route,
            response.status_code,
            milliseconds,
            extra={"method": request.method, "route": route, "status": response.status_code, "ms": milliseconds},
        )


class RouteOnly(logging.Filter):
    """Django's own lines name the path of what went wrong; the route stands in its place."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        if isinstance(request, HttpRequest) and isinstance(record.args, tuple):
            record.args = tuple(route_of(request) if part == request.path else part for part in record.args)
        return True


def route_of(request: HttpRequest) -> str:
    """Where a request went, as the table of addresses names it: paths themselves carry one-time links."""
    return request.resolver_match.route if request.resolver_match else "-"


def kind_of(route: str) -> str:
    """To which part of the portal a route belongs; few words, since every one of them is a series of figures."""
    return next((kind.strip("/").replace("/", "_") for kind in _KINDS if route.startswith(kind)), "pages")


def method_of(request: HttpRequest) -> str:
    """As sent, unless somebody made it up."""
    known = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
    return request.method if request.method in known else "other"
