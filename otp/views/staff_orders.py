"""Orders of all customers, as staff look them up and close what the supplier never answered for."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import ActorRequest, permission_required, step_up_required
from config.lib.errors import ServiceError
from config.lib.pagination import keyset
from otp import overviews, selectors
from otp.forms.staff import OrderFilter, WhyForm
from otp.models import Order
from otp.services import settling

STATES = [
    ("", gettext_lazy("Any state")),
    ("live", gettext_lazy("Running")),
    ("code", gettext_lazy("With code")),
    ("nocode", gettext_lazy("Without code")),
]
KINDS = [("", gettext_lazy("All kinds")), ("sms", gettext_lazy("SMS")), ("mail", gettext_lazy("Mail"))]
NEEDS = [
    ("", gettext_lazy("All")),
    (overviews.DOUBT, gettext_lazy("In doubt")),
    (overviews.HAND, gettext_lazy("To be closed by hand")),
    (overviews.LATE, gettext_lazy("Late")),
    (overviews.LOST, gettext_lazy("Replacement lost")),
    (overviews.WITHHELD, gettext_lazy("Messages kept back")),
]


def _staff(request: ActorRequest) -> None:
    """People of clients may hold rights of the same name over nothing."""
    if not request.actor.is_gateway_staff:
        raise Http404


def _found(request: ActorRequest, public_id: UUID) -> Order:
    _staff(request)
    order = overviews.one(public_id)
    if order is None:
        raise Http404
    return order


@never_cache
@require_safe
@permission_required("Orders.Read")
def listing(request: ActorRequest) -> HttpResponse:
    """Where is this number? By number, address, id or customer."""
    _staff(request)
    wanted = OrderFilter(request.GET).wanted()
    context = {
        "wanted": wanted,
        "page": keyset(overviews.listed(wanted), cursor=request.GET.get("cursor", "")),
        "states": STATES,
        "kinds": KINDS,
        "needs": NEEDS,
        "counts": overviews.counts(),
    }
    return render(request, "staff/otp/orders.html", context)


@never_cache
@require_safe
@permission_required("Orders.Read")
def order(request: ActorRequest, public_id: UUID) -> HttpResponse:
    """Everything about one but what its messages say."""
    return _page(request, _found(request, public_id), WhyForm())


def _page(request: ActorRequest, found: Order, form: WhyForm, status: int = 200) -> HttpResponse:
    money = selectors.money_of(found)
    context = {
        "order": found,
        "money": money,
        "events": selectors.story(found, money),
        "is_hopeless": overviews.is_hopeless(found),
        "successor": getattr(found, "replaced_by", None),
        "form": form,
    }
    return render(request, "staff/otp/order.html", context, status=status)


@require_POST
@permission_required("Orders.Read", "Orders.Settle")
@step_up_required
def settle(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Give the money back for what the supplier never answered."""
    found, form = _found(request, public_id), WhyForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form, status=422)
    try:
        settling.give_money_back(actor=request.actor, order=found, why=form.cleaned_data["why"])
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("The order is closed, and the money is back in the customer's wallet."))
    return redirect("staff:order", public_id=public_id)
