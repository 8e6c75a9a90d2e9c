"""The other ways to pay, played by hand: codes, permanent numbers, the OVO app, and coins."""

from collections.abc import Callable
from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import sign_in_required
from config.lib.money import format_money
from payments.models import StaticAccount
from sandbox import remote_ways as remote
from sandbox.forms import BankPaymentForm, CoinForm, OvoForm, ScanForm, TransferForm
from sandbox.views import act, or_error, sandbox_only

LISTED_NUMBERS, LISTED_ENDED = 12, 6
PAGE = "sandbox:ways"


@sandbox_only
@sign_in_required
@never_cache
@require_safe
def ways(request: HttpRequest) -> HttpResponse:
    template = "sandbox/ways.html#ways" if request.headers.get("HX-Request") else "sandbox/ways.html"
    return render(request, template, _codes() | _numbers() | _ovo() | _coins())


def _codes() -> dict[str, Any]:
    found, error = or_error(remote.codes)
    ended = [code for code in found or [] if not code.waits]
    return {
        "codes": [code for code in found or [] if code.waits],
        "codes_ended": ended[:LISTED_ENDED],
        "codes_error": error,
    }


def _numbers() -> dict[str, Any]:
    payments, error = or_error(remote.bank_payments)
    active = StaticAccount.objects.filter(state=StaticAccount.State.ACTIVE)
    return {
        "numbers": active.select_related("customer__user").order_by("-id")[:LISTED_NUMBERS],
        "bank_payments": [one for one in payments or [] if one.state in _TOLD][:LISTED_ENDED],
        "numbers_error": error,
    }


_TOLD = {"charged", "reversed"}


def _ovo() -> dict[str, Any]:
    pushes, error = or_error(remote.pushes)
    linkings, _same = or_error(remote.linkings)
    return {"pushes": pushes or [], "linkings": linkings or [], "ovo_error": error}


def _coins() -> dict[str, Any]:
    found, error = or_error(remote.coin_invoices)
    ended = [invoice for invoice in found or [] if not invoice.waits]
    return {
        "invoices": [invoice for invoice in found or [] if invoice.waits],
        "invoices_ended": ended[:LISTED_ENDED],
        "coins_error": error,
    }


def _posted(form_class: type[Form], action: Callable[[Form], str]) -> Callable[[HttpRequest], HttpResponse]:
    def view(request: HttpRequest) -> HttpResponse:
        return act(request, form_class(request.POST), action, PAGE)

    return view


def _scan(form: Form) -> str:
    reference, way, amount = (form.cleaned_data[name] for name in ("reference", "way", "amount"))
    remote.scan(reference=reference, way=way, amount=amount if way == "amount" else None)
    if way == "notify":
        return _("The notification is sent again.")
    if way == "expire":
        return _("This code cannot be paid any more.")
    return _("The code is paid. Gerbang is told in a moment.")


def _transfer(form: Form) -> str:
    number, amount = form.cleaned_data["number"], form.cleaned_data["amount"]
    state, name = remote.transfer(number=number, amount=amount)
    facts = {"amount": format_money(amount, "IDR"), "name": name or number}
    if state == "charged":
        return _("%(amount)s transferred to %(name)s. Gerbang is told in a moment.") % facts
    if state == "unknown":
        return _("The bank does not know this number, so nothing was paid.")
    return _("Gerbang refused the transfer, so nothing was paid.")


def _bank(form: Form) -> str:
    request_id = form.cleaned_data["request_id"]
    if form.cleaned_data["way"] == "reverse":
        remote.take_back(request_id=request_id)
        return _("The bank took the money back and tells Gerbang.")
    remote.tell_again(request_id=request_id)
    return _("The notification is sent again.")


def _answer_ovo(form: Form) -> str:
    approve = form.cleaned_data["way"] == "approve"
    if form.cleaned_data["trx_id"]:
        remote.answer_push(trx_id=form.cleaned_data["trx_id"], approve=approve)
        return _("Paid with OVO.") if approve else _("The payment was denied in OVO.")
    remote.answer_linking(phone=form.cleaned_data["phone"], approve=approve)
    return _("The phone is linked.") if approve else _("Linking was denied.")


def _send_coins(form: Form) -> str:
    way = form.cleaned_data["way"]
    remote.send_coins(invoice_id=form.cleaned_data["invoice_id"], way=way)
    said = {
        "expire": _("This invoice cannot be paid any more."),
        "settle": _("The network confirms the coins."),
        "invalidate": _("The coins are never confirmed."),
    }
    return said.get(way, _("The coins are on their way. Gerbang is told in a moment."))


scan = sandbox_only(sign_in_required(require_POST(_posted(ScanForm, _scan))))
transfer = sandbox_only(sign_in_required(require_POST(_posted(TransferForm, _transfer))))
bank = sandbox_only(sign_in_required(require_POST(_posted(BankPaymentForm, _bank))))
ovo = sandbox_only(sign_in_required(require_POST(_posted(OvoForm, _answer_ovo))))
coins = sandbox_only(sign_in_required(require_POST(_posted(CoinForm, _send_coins))))
