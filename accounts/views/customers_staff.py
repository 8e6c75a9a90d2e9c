"""Customers as staff look them up. One customer's page stands in config: it shows money too."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.forms.customers_staff import CustomerFilter
from accounts.models import Customer
from accounts.permissions import ActorRequest, permission_required
from accounts.selectors import customers_staff as selectors
from config.lib.pagination import keyset

IDENTITIES = [
    ("", gettext_lazy("Everybody")),
    (Customer.KycStatus.NONE, gettext_lazy("Not verified")),
    (Customer.KycStatus.PENDING, gettext_lazy("In review")),
    (Customer.KycStatus.VERIFIED, gettext_lazy("Verified")),
    (Customer.KycStatus.REJECTED, gettext_lazy("Not accepted")),
]


@require_safe
@permission_required("Customers.Read")
def listing(request: ActorRequest) -> HttpResponse:
    """Who is this? By e-mail address, name, phone or id."""
    asked = CustomerFilter(request.GET).asked()
    found = selectors.listed(request.actor, search=asked["q"], identity=asked["identity"])
    page = keyset(found, cursor=request.GET.get("cursor", ""))
    return render(request, "accounts/customers/list.html", {**asked, "page": page, "identities": IDENTITIES})
