import secrets
from decimal import Decimal

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.permissions import CustomerRequest, customer_required
from config.lib.errors import ServiceError
from payments import selectors, services
from payments.banks import BANKS, USUAL
from payments.errors import AmountRefused, UnknownBank
from payments.forms import OTHER, TopUpForm


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@customer_required
def topup(request: CustomerRequest) -> HttpResponse:
    """How do I pay in? Amount and bank; sending it leads to the invoice."""
    if request.method != "POST":
        return _topup_page(request, TopUpForm(initial=_first_choice(request)))
    form = TopUpForm(request.POST)
    if form.is_valid():
        try:
            deposit = services.request_deposit(
                customer=request.customer,
                amount=form.cleaned_data["value"],
                bank=form.cleaned_data["bank"],
                idempotency_key=form.cleaned_data["idempotency_key"],
            )
        except ServiceError as error:
            form.add_error(_field_of(error), str(error.message))
        else:
            return redirect("payments:deposit", public_id=deposit.public_id)
    if "idempotency_key" in form.errors:
        form.add_error(None, _("This page was too old. Please send it once more."))
    return _topup_page(request, form, status=422)


def _field_of(error: ServiceError) -> str | None:
    return "amount" if isinstance(error, AmountRefused) else "bank" if isinstance(error, UnknownBank) else None


def _first_choice(request: CustomerRequest) -> dict[str, str]:
    """What was chosen last time, or what the link asks for (``?amount=75000``)."""
    last = selectors.last_choice(request.customer)
    bank, amount = (last[0], f"{last[1]:.0f}") if last else ("", str(settings.DEPOSIT_PRESETS[1]))
    wanted = request.GET.get("amount", "")
    amount = wanted if wanted.isascii() and wanted.isdecimal() and len(wanted) < 16 else amount
    is_preset = amount in {str(preset) for preset in settings.DEPOSIT_PRESETS}
    return {"bank": bank, "preset": amount if is_preset else OTHER, "amount": "" if is_preset else amount}


def _topup_page(request: CustomerRequest, form: TopUpForm, status: int = 200) -> HttpResponse:
    old_key = form.data.get("idempotency_key", "") if "idempotency_key" not in form.errors else ""
    chosen = {name: str(form[name].value() or "") for name in ("preset", "amount", "bank")}
    context = {
        "form": form,
        "banks": [BANKS[code] for code in USUAL],
        "more_banks": [bank for code, bank in BANKS.items() if code not in USUAL],
        "balance": selectors.rupiah_of(request.customer),
        "minimum": Decimal(settings.DEPOSIT_MINIMUM),
        "maximum": Decimal(settings.DEPOSIT_MAXIMUM),
        "lifetime_hours": settings.DEPOSIT_LIFETIME_MINUTES // 60,
        "lifetime_minutes": settings.DEPOSIT_LIFETIME_MINUTES,
        "chosen": chosen,
        "more_chosen": chosen["bank"] in BANKS and chosen["bank"] not in USUAL,
        "key": old_key or secrets.token_urlsafe(24),
        "waiting": selectors.open_deposits(request.customer),
    }
    return render(request, "payments/topup.html", context, status=status)
