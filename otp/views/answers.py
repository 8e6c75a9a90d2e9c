"""What several pages about orders share: whose order it is, and the way back."""

import uuid

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.permissions import CustomerRequest
from otp import selectors
from otp.models import Order


def own_order(request: CustomerRequest, public_id: uuid.UUID) -> Order:
    found = selectors.order_for(request.customer, public_id)
    if found is None:
        raise Http404
    return found


def back(request: CustomerRequest, found: Order | None) -> HttpResponse:
    target = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure())
    if ours and target.startswith("/"):
        # An address and nothing else: `redirect` would also take it for the name of a page.
        return HttpResponseRedirect(target)
    return redirect(found) if found else redirect("otp:buy")
