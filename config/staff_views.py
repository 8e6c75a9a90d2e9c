from django.http import HttpResponse
from django.shortcuts import render

from accounts.permissions import StaffRequest, staff_required
from config.views import healthz


@staff_required
def overview(request: StaffRequest) -> HttpResponse:
    """What runs, what waits, what does not add up."""
    from otp import selectors as otp_selectors
    from payments import selectors as payment_selectors
    from wallets import selectors as wallet_selectors

    import json

    context = {
        "health": json.loads(healthz(request).content),
        "accounts": wallet_selectors.house_accounts(),
        "last_check": wallet_selectors.last_check(),
        "deposits": payment_selectors.staff_counts(),
        "orders": otp_selectors.staff_counts(),
    }
    return render(request, "staff/overview.html", context)
