"""Providers call us. Raw bytes in, their own words out; the services decide."""

from collections.abc import Callable

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from accounts.permissions import open_to_all
from config.lib.body_limit import announced
from config.lib.clock import JAKARTA, now
from payments.services import incoming
from payments.services.incoming import BODY_LIMIT, Call, Reply

View = Callable[[HttpRequest], HttpResponseBase]
# Header -> its name in the WSGI environment. Others are of no use here, and a secret among them is not even seen.
_HEADERS = {name: "HTTP_" + name.replace("-", "_") for name in incoming.HEADERS} | {"CONTENT-TYPE": "CONTENT_TYPE"}


def _door(receive: Callable[[Call], Reply]) -> View:
    """A view that hands over the call as it came and answers what it is told."""

    @open_to_all
    @csrf_exempt
    def view(request: HttpRequest) -> HttpResponse:
        return _answer(receive(_call(request)))

    return view


inquiry = _door(lambda call: incoming.receive_snap(incoming.INQUIRY, call))
payment = _door(lambda call: incoming.receive_snap(incoming.PAYMENT, call))
qr_notify = _door(lambda call: incoming.receive_snap(incoming.QR_NOTIFY, call))
notification = _door(incoming.receive_legacy)
invoice_event = _door(incoming.receive_invoice_event)


@open_to_all
@csrf_exempt
def link_hint(request: HttpRequest, token: str) -> HttpResponse:
    """The callback of an OVO activation. ``token`` was made for one activation and is its only protection."""
    if request.method not in {"GET", "POST"}:
        return HttpResponse(status=405, headers={"Allow": "GET, POST"})
    return _answer(incoming.receive_link_hint(token, _call(request), request.GET.dict()))


def _call(request: HttpRequest) -> Call:
    given = request.META
    headers = {name: given[key] for name, key in _HEADERS.items() if key in given}
    return Call(request.method or "", headers, _body_of(request))


def _answer(reply: Reply) -> HttpResponse:
    response = HttpResponse(reply.body, status=reply.status, content_type=reply.content_type)
    response["X-TIMESTAMP"] = now().astimezone(JAKARTA).isoformat(timespec="seconds")
    response["Content-Length"] = str(len(reply.body))
    if reply.status == 405:
        response["Allow"] = "POST"
    return response


def _body_of(request: HttpRequest) -> bytes:
    """The bytes as they came; something too long to accept for what is too much to read, nothing for what is none."""
    if announced(request) > BODY_LIMIT:
        return b" " * (BODY_LIMIT + 1)
    try:
        return request.body
    except RequestDataTooBig:
        return b" " * (BODY_LIMIT + 1)
    except (UnreadablePostError, ValueError):
        # It broke off, or its length is no number.
        return b""
