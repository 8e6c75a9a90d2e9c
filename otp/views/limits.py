from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access.credentials import actor_of
from accounts.permissions import CustomerRequest, customer_required
from config.lib.errors import ServiceError
from otp.services import limits as services


@require_POST
@customer_required
def start_afresh(request: CustomerRequest) -> HttpResponse:
    """End a pause by oneself."""
    try:
        services.start_afresh(actor=actor_of(request), customer=request.customer)
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("The pause is over. Numbers you give back from now on count anew."))
    return redirect("otp:buy")
