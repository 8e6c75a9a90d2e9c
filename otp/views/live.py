"""The numbers that are waiting, and the page's one poll."""

from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.permissions import CustomerRequest, customer_required, gate_inside
from otp import selectors


@gate_inside("customer")
@never_cache
@require_safe
def live(request: HttpRequest) -> HttpResponseBase:
    """The numbers that are waiting. The page's one poll asks here too: 204 while nothing has changed.

    "Nothing new" tells nothing, so for it the session's word on who asks is enough; anything more passes the gate.
    """
    user_id, seen = request.session.get(SESSION_KEY), request.GET.get("v")
    if user_id and seen and request.headers.get("HX-Request") and selectors.board_is(seen, user_id=user_id):
        return HttpResponse(status=204)
    return _board(request)


@customer_required
def _board(request: CustomerRequest) -> HttpResponse:
    template = "otp/_cards.html" if request.headers.get("HX-Request") else "otp/live.html"
    return render(request, template, {"board": selectors.board(request.customer)})
