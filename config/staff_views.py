from collections.abc import Callable, Mapping
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import policy
from accounts.errors import NotFound
from accounts.levels import limits_of
from accounts.models import Customer
from accounts.permissions import ActorRequest, permission_required
from accounts.selectors import customers_staff
from config import views
from kyc.models import KycCase
from kyc.selectors import cases as identity
from otp import floats, limits
from otp import selectors as otp
from otp.overviews import NEEDS as order_needs
from payments import selectors as payments
from payments.overviews import cases as payment_cases
from payments.overviews import deposits as payment_deposits
from reports.overviews import operations, providers, waiting
from reports.overviews.keeping import Kept, kept
from wallets import selectors as wallets
from wallets.lines import line_of


@require_safe
@permission_required("Staff.Overview")
def overview(request: ActorRequest) -> HttpResponse:
    """What runs, what waits, what does not add up."""
    days = operations.days_of(request.GET.get("days", ""))
    context = {
        "health": views.health(),
        "accounts": wallets.house_accounts(),
        "sandbox_accounts": wallets.house_accounts(sandbox=True),
        "last_check": wallets.last_check(),
        "deposits": _linked(
            request, kept("desk:states:deposits", payments.staff_counts), "Deposits.Read", _deposits_url
        ),
        "orders": _linked(request, kept("desk:states:orders", otp.staff_counts), "Orders.Read", _orders_url),
        "cases": payment_cases.counts(),
        "suspense": payment_cases.in_suspense(),
        "floats": floats.standings(),
        "ranges": operations.ranges(),
        **operations.home(request.actor, days),
        **providers.home(request.actor),
        **waiting.listed(request.actor),
        **waiting.breaks(request.actor),
        **waiting.doings(request.actor, days),
    }
    return render(request, "staff/overview.html", context)


def _linked(
    request: ActorRequest, counts: Kept[Mapping[str, int]], permission: str, url_of: Callable[[str], str]
) -> list[tuple[str, int, str]]:
    """(state, number, the list of them) for those who may see it; nothing for others."""
    if not policy.allows(request.actor, permission):
        return []
    return [(state, number, url_of(state)) for state, number in counts.value.items()]


def _deposits_url(state: str) -> str:
    if state == "unmatched":
        return f"{reverse('staff:exchanges')}?decision=unmatched"
    return f"{reverse('staff:deposits')}?{'needs' if state in payment_deposits.NEEDS else 'state'}={state}"


def _orders_url(state: str) -> str:
    return f"{reverse('staff:orders')}?{'needs' if state in order_needs else 'state'}={state}"


@never_cache
@require_safe
@permission_required("Customers.ReadOne")
def customer(request: ActorRequest, customer_id: UUID) -> HttpResponse:
    """One customer: who it is, how it stands, what is in its wallet."""
    found = _customer(request, customer_id)
    context = {
        "customer": found,
        "standing": limits.meters(found),
        "pardons": limits.pardons(found),
        "balances": wallets.balances(found),
        "recent_entries": [line_of(posting) for posting in wallets.recent_entries(found, 10)],
        "open_deposits": payments.open_deposits(found),
        "limits": limits_of(found),
        "identity_case": _identity_case(request, found),
    }
    return render(request, "accounts/customers/customer.html", context)


def _identity_case(request: ActorRequest, customer: Customer) -> KycCase | None:
    return identity.latest_of(request.actor, customer) if policy.allows(request.actor, "KycAdmin.ReadPending") else None


def _customer(request: ActorRequest, customer_id: UUID) -> Customer:
    if not request.actor.is_gateway_staff:
        raise Http404
    try:
        return customers_staff.seen(request.actor, customer_id)
    except NotFound:
        raise Http404 from None
