from django.http import HttpResponse
from django.shortcuts import render

from accounts.permissions import ActorRequest, permission_required
from config import views
from otp import selectors as otp
from payments import selectors as payments
from wallets import selectors as wallets


@permission_required("Staff.Overview")
def overview(request: ActorRequest) -> HttpResponse:
    """What runs, what waits, what does not add up."""
    context = {
        "health": views.health(),
        "accounts": wallets.house_accounts(),
        "last_check": wallets.last_check(),
        "deposits": payments.staff_counts(),
        "orders": otp.staff_counts(),
    }
    return render(request, "staff/overview.html", context)
