"""OTPZap behind the scenes, played by hand: our money there, its moods, and the notes it sends."""

from collections.abc import Callable

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import sign_in_required
from config.lib.money import format_money
from sandbox import remote_supplier as remote
from sandbox.forms import BalanceForm, InvoiceForm, MoodForm, NoteForm
from sandbox.views import act, or_error, sandbox_only

LISTED_NOTES = 8
PAGE = "sandbox:supplier"


@sandbox_only
@sign_in_required
@never_cache
@require_safe
def supplier(request: HttpRequest) -> HttpResponse:
    accounts, error = or_error(remote.accounts)
    found = {
        "accounts": accounts,
        "invoices": or_error(remote.invoices)[0],
        "notes": or_error(lambda: remote.notes(LISTED_NOTES))[0],
        "moods": or_error(remote.moods)[0],
        "supplier_error": error,
    }
    template = "sandbox/supplier.html#supplier" if request.headers.get("HX-Request") else "sandbox/supplier.html"
    return render(request, template, found)


def _posted(form_class: type[Form], action: Callable[[Form], str]) -> Callable[[HttpRequest], HttpResponse]:
    def view(request: HttpRequest) -> HttpResponse:
        return act(request, form_class(request.POST), action, PAGE)

    return view


def _set_balance(form: Form) -> str:
    left = remote.set_balance(account=form.cleaned_data["account"], level=form.cleaned_data["level"])
    return _("The balance of this account is %(amount)s now. Gerbang reads it within a minute.") % {
        "amount": format_money(left, "IDR")
    }


def _pay_invoice(form: Form) -> str:
    credited = remote.pay_invoice(order_id=form.cleaned_data["order_id"])
    return _("Paid. OTPZap credits %(amount)s.") % {"amount": format_money(credited, "IDR")}


def _send_note(form: Form) -> str:
    wanted = form.cleaned_data
    if wanted["way"] == "again":
        remote.send_again(number=wanted["number"])
        return _("The same note is sent again.")
    remote.send_wrong(about=wanted["about"], event=wanted["event"], mode=wanted["way"])
    if wanted["way"] == "lying":
        return _("A signed note that tells a lie is sent. Gerbang must look for itself.")
    return _("A note with a wrong signature is sent. Gerbang must refuse it.")


def _change_mood(form: Form) -> str:
    mood = form.cleaned_data["mood"]
    if mood == "well":
        remote.behave()
        return _("OTPZap behaves again.")
    remote.misbehave(mood=mood)
    return _("As you wish. It lasts until it has happened, or until you let OTPZap behave again.")


balance = sandbox_only(sign_in_required(require_POST(_posted(BalanceForm, _set_balance))))
invoice = sandbox_only(sign_in_required(require_POST(_posted(InvoiceForm, _pay_invoice))))
note = sandbox_only(sign_in_required(require_POST(_posted(NoteForm, _send_note))))
mood = sandbox_only(sign_in_required(require_POST(_posted(MoodForm, _change_mood))))
