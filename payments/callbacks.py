"""Faspay calls us. Raw bytes in, SNAP words out; the service decides."""

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from accounts.permissions import open_to_all
from config.lib.clock import JAKARTA, now
from payments import services
from payments.services.incoming import BODY_LIMIT, Call


@open_to_all
@csrf_exempt
def payment(request: HttpRequest) -> HttpResponse:
    """`POST /v1.0/transfer-va/payment`: payment notifications (Faspay contract 4.2)."""
    headers = {name.upper(): value for name, value in request.headers.items()}
    answer = services.receive_message(Call(request.method or "", headers, _body_of(request)))
    response = HttpResponse(answer.body, status=answer.status, content_type="application/json")
    response["X-TIMESTAMP"] = now().astimezone(JAKARTA).isoformat(timespec="seconds")
    return response


def _body_of(request: HttpRequest) -> bytes:
    """The bytes as they came. What was too much to read, or broke off, stands for something too long to accept."""
    try:
        return request.body
    except RequestDataTooBig:
        return b" " * (BODY_LIMIT + 1)
    except UnreadablePostError:
        return b""
