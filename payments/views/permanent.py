from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import CustomerRequest, customer_required
from config.lib.errors import ServiceError
from payments import static_numbers
from payments.models import StaticAccount, StaticPayment
from payments.services import static_accounts


@never_cache
@require_safe
@customer_required
def permanent(request: CustomerRequest) -> HttpResponseBase:
    """Where can I always pay to? The page asks again for what came; most answers are "nothing new"."""
    seen = static_numbers.version_of(request.customer)
    is_poll = bool(request.headers.get("HX-Request"))
    if is_poll and request.GET.get("seen") == seen:
        return HttpResponse(status=204)
    overview = static_numbers.overview_of(request.customer)
    if not overview.is_offered:
        raise Http404
    context = {"permanent": overview, "seen": seen, "came": _came(overview)}
    return render(request, f"payments/permanent.html{'#live' if is_poll else ''}", context)


def _came(overview: static_numbers.Overview) -> list[StaticPayment]:
    """What is in the wallet already, of what the page shows."""
    return [payment for number in overview.numbers for payment in number.payments if payment.deposit_id]


@require_POST
@customer_required
def open_number(request: CustomerRequest) -> HttpResponse:
    """Give me a number at this bank."""
    try:
        account = static_accounts.open_number(customer=request.customer, bank=request.POST.get("bank", "")[:8])
    except ServiceError as error:
        messages.warning(request, str(error.message))
        return redirect("payments:permanent")
    messages.success(request, _("%(bank)s: this number is yours from now on.") % {"bank": account.bank_name})
    return redirect(f"{reverse('payments:permanent')}#number-{account.bank}")


@require_POST
@customer_required
def close_number(request: CustomerRequest, public_id: UUID) -> HttpResponse:
    """I do not want this number any more."""
    account = get_object_or_404(StaticAccount, public_id=public_id, customer=request.customer)
    static_accounts.close_number(account=account)
    messages.success(request, _("%(bank)s: the number is closed.") % {"bank": account.bank_name})
    return redirect("payments:permanent")
