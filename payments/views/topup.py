import secrets
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.permissions import CustomerRequest, customer_required
from config.lib.errors import ServiceError
from payments import methods, selectors, services, static_numbers
from payments.banks import BANKS, USUAL
from payments.choices import Choice, offered
from payments.errors import AmountRefused, UnknownBank
from payments.forms import OTHER, TopUpForm
from payments.models import Deposit


@dataclass(frozen=True)
class Again:
    """What was done last time, to be done once more by one press."""

    amount: Decimal
    method: str
    bank: str
    way: str


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@customer_required
def topup(request: CustomerRequest) -> HttpResponse:
    """How do I pay in? Amount and way to pay; sending it leads to the invoice."""
    if request.method != "POST":
        return _topup_page(request, None)
    form = TopUpForm(request.POST)
    if form.is_valid():
        try:
            deposit = services.request_deposit(
                customer=request.customer,
                amount=form.cleaned_data["value"],
                method=form.cleaned_data["method"],
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
    if isinstance(error, AmountRefused):
        return "amount"
    if isinstance(error, UnknownBank):
        return "bank"
    return "method" if error.code in {"unknown_method", "ovo_not_linked"} else None


def _topup_page(request: CustomerRequest, form: TopUpForm | None, status: int = 200) -> HttpResponse:
    choices = offered()
    link = selectors.ovo_to_pay_with(request.customer) if methods.on(methods.OVO) else None
    usable = [choice for choice in choices if link or choice.code != methods.OVO]
    last = _again(request, usable)
    form = form or TopUpForm(initial=_first_choice(request, usable, last))
    old_key = form.data.get("idempotency_key", "") if "idempotency_key" not in form.errors else ""
    chosen = {name: str(form[name].value() or "") for name in ("preset", "amount", "method", "bank")}
    chosen["method"] = chosen["method"] or methods.VA
    waiting = selectors.open_deposits(request.customer)
    context = {
        "form": form,
        "choices": choices,
        "measured": any(choice.is_measured for choice in choices),
        "balance": selectors.rupiah_of(request.customer),
        "chosen": chosen,
        "more_chosen": chosen["bank"] in BANKS and chosen["bank"] not in USUAL,
        "key": old_key or secrets.token_urlsafe(24),
        "again": last if not form.is_bound and not _stands(last, waiting) else None,
        "again_key": secrets.token_urlsafe(24),
        "permanent": static_numbers.overview_of(request.customer),
        "ovo_phone": link.masked_phone if link else "",
        "waiting": waiting,
    }
    return render(request, "payments/topup.html", context, status=status)


def _again(request: CustomerRequest, usable: list[Choice]) -> Again | None:
    """The last amount and way, if that way is there, does answer, and still takes the amount."""
    last = selectors.last_choice(request.customer)
    choice = next((one for one in usable if last and one.code == last.method), None)
    if last is None or choice is None or choice.is_down or not choice.way.minimum <= last.amount <= choice.way.maximum:
        return None
    bank = last.bank if choice.code == methods.VA else ""
    return Again(last.amount, choice.code, bank, methods.name_of(choice.code, bank))


def _stands(last: Again | None, waiting: list[Deposit]) -> bool:
    """Whether just that is still to be paid: then it stands on the page, and once is enough."""
    return last is not None and any(
        (row.amount, row.method, row.bank if row.method == methods.VA else "") == (last.amount, last.method, last.bank)
        for row in waiting
    )


def _first_choice(request: CustomerRequest, usable: list[Choice], last: Again | None) -> dict[str, str]:
    """What the link asks for (``?amount=75000&method=va&bank=702``), else what was chosen last time, else the best."""
    wanted = request.GET.get("amount", "")
    amount = f"{last.amount:.0f}" if last else str(settings.DEPOSIT_PRESETS[1])
    amount = wanted if wanted.isascii() and wanted.isdecimal() and len(wanted) < 16 else amount
    is_preset = amount in {str(preset) for preset in settings.DEPOSIT_PRESETS}
    return {
        "preset": amount if is_preset else OTHER,
        "amount": "" if is_preset else amount,
        **_first_way(request, usable, last, Decimal(amount)),
    }


def _first_way(request: CustomerRequest, usable: list[Choice], last: Again | None, amount: Decimal) -> dict[str, Any]:
    method, bank = request.GET.get("method", ""), request.GET.get("bank", "")
    if method in {choice.code for choice in usable}:
        return {"method": method, "bank": bank if bank in BANKS else last.bank if last else ""}
    if last:
        return {"method": last.method, "bank": last.bank}
    fitting = [choice for choice in usable if choice.way.minimum <= amount <= choice.way.maximum]
    best = (fitting or usable)[0].code if usable else methods.VA
    return {"method": best, "bank": ""}
