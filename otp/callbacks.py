"""OTPZap calls us. Raw bytes in, a short JSON word out; the service decides."""

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from accounts.permissions import open_to_all
from config.lib.body_limit import announced
from otp.services import notes
from otp.services.notes import BODY_LIMIT, Call


@open_to_all
@csrf_exempt
def note(request: HttpRequest, token: str) -> HttpResponse:
    """A note about an order or a deposit of ours. ``token`` keeps strangers from even trying."""
    status = notes.receive(token, Call(request.method or "", _headers(request), _body_of(request)))
    words = b'{"received": true}' if status == 200 else b'{"received": false}'
    answer = HttpResponse(words, status=status, content_type="application/json")
    if status == 405:
        answer["Allow"] = "POST"
    if status == 503:
        answer["Retry-After"] = "5"
    return answer


def _headers(request: HttpRequest) -> dict[str, str]:
    """By their names in capitals with hyphens."""
    given = request.META.items()
    return {key[5:].replace("_", "-"): str(value) for key, value in given if key.startswith("HTTP_")}


def _body_of(request: HttpRequest) -> bytes:
    """The bytes as they came; something too long to accept for what is too much to read, nothing for what broke
    off."""
    if announced(request) > BODY_LIMIT:
        return b" " * (BODY_LIMIT + 1)
    try:
        return request.body
    except RequestDataTooBig:
        return b" " * (BODY_LIMIT + 1)
    except (UnreadablePostError, ValueError):
        return b""
