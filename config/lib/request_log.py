"""One log line per request, with an id that is also in the answer. No query, no body, no headers."""

import logging
import re
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from config.lib.ids import new_reference

logger = logging.getLogger("gerbang.request")
_GIVEN_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


class RequestLogMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.monotonic()
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = given if _GIVEN_ID.fullmatch(given) else new_reference("")
        request.request_id = request_id  # type: ignore[attr-defined]
        response = self.get_response(request)
        response["X-Request-Id"] = request_id
        if logger.isEnabledFor(logging.INFO):
            self._write(request, response, time.monotonic() - started)
        return response

    @staticmethod
    def _write(request: HttpRequest, response: HttpResponse, elapsed: float) -> None:
        logger.info(
            "%s %s %s %d ms id=%s",
            request.method,
            route_of(request),
            response.status_code,
            elapsed * 1000,
            request.request_id,  # type: ignore[attr-defined]
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
