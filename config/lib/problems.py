"""How our APIs say no: the gateway API as application/problem+json (RFC 9457) with the request's id as traceId, the
OTPZap-compatible one in its own envelope."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic.alias_generators import to_camel

from config.lib import envelope
from config.lib.envelope import Refusal
from config.lib.errors import ServiceError, TooMany

CONTENT_TYPE = "application/problem+json"

_WORDS = {
    400: gettext_lazy("This cannot be read."),
    401: gettext_lazy("Sign in, or send a valid key."),
    403: gettext_lazy("You may not do this."),
    404: gettext_lazy("There is no such thing here."),
    405: gettext_lazy("This address does not take that method."),
    413: gettext_lazy("This is larger than we take."),
    503: gettext_lazy("We cannot serve this right now. Try again in a moment."),
}
_USUAL = gettext_lazy("Something went wrong on our side. Give us the traceId and we will look.")
_OURS = gettext_lazy("Something went wrong on our side. Give us the request_id and we will look.")


def is_api(request: HttpRequest) -> bool:
    """Whether ``request`` is a program's: those read JSON, refusals included."""
    return request.path == "/api" or request.path.startswith("/api/")


def problem(
    request: HttpRequest,
    status: int,
    detail: str = "",
    *,
    code: str = "",
    errors: Mapping[str, Sequence[str]] | None = None,
    more: Mapping[str, Any] | None = None,
) -> HttpResponse:
    """A refusal (TeraPay contract 18, OTPZap contract 11). ``errors`` names fields as the caller wrote them; ``code``
    is a word of the gateway API, the other one knows only its own, and nothing of ``more``."""
    if envelope.speaks(request):
        return envelope.refusal(request, status, detail or str(_WORDS.get(status, _OURS)), fields=errors)
    named = code or HTTPStatus(status).name.lower()
    body: dict[str, Any] = {
        "type": type_of(named),
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail or str(_WORDS.get(status, _USUAL)),
        "code": named,
        "traceId": getattr(request, "request_id", ""),
        "errors": errors or {},
        **(more or {}),
    }
    answer = Refusal(body, status=status, content_type=CONTENT_TYPE)
    if status == 401:
        answer["WWW-Authenticate"] = "Bearer"
    return answer


def type_of(code: str) -> str:
    """The address under which people read what ``code`` means and what to do (RFC 9457, 3.1.1)."""
    return f"{settings.BASE_URL}{reverse('guides:errors')}#{code}"


def of_error(request: HttpRequest, error: ServiceError) -> HttpResponse:
    """The answer to a request that a service refused."""
    fields = {wire_name(name): [str(text) for text in texts] for name, texts in error.fields.items()}
    answer = problem(request, error.status, str(error.message), code=error.code, errors=fields, more=error.more)
    if isinstance(error, TooMany):
        answer["Retry-After"] = str(whole_seconds(error.retry_after))
    return answer


def as_problem(request: HttpRequest, answer: HttpResponseBase) -> HttpResponseBase:
    """``answer`` itself, or, if it refuses in other words than these (a bare 405, a page), the same as a problem."""
    if answer.status_code < 400 or isinstance(answer, Refusal):
        return answer
    words = problem(request, answer.status_code)
    for name in ("Allow", "Retry-After"):
        if name in answer:
            words[name] = answer[name]
    return words


def wire_name(name: str) -> str:
    """``items[0].contact_person`` -> ``items[0].contactPerson``."""
    return ".".join(to_camel(part) if "_" in part else part for part in name.split("."))


def whole_seconds(seconds: float) -> int:
    """Seconds as headers say them: never too early."""
    return max(1, int(-(-seconds // 1)))


def invalid(request: HttpRequest, errors: Mapping[str, Sequence[str]]) -> HttpResponse:
    """Fields that are wrong by themselves."""
    return problem(request, 400, _("Some fields are not right."), code="invalid", errors=errors)
