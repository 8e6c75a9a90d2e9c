"""Send and pay: say what, look at it once more, done. Every step is a plain form; what was looked at is signed, so
that exactly this is done, once, however often the button is pressed."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.core import signing
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access.credentials import actor_of
from accounts.permissions import CustomerRequest, customer_required
from accounts.services import idempotency
from config.lib.errors import ServiceError
from config.lib.masking import masked
from wallets import selectors, services
from wallets.forms import PayForm, SendForm, SpendingForm
from wallets.lines import lines_of
from wallets.selectors import Allowance

_GOOD_FOR = timedelta(minutes=30)
_FIELD_OF = {
    "unknown_recipient": "recipient",
    "to_yourself": "recipient",
    "too_many_recipients": "recipient",
    "already_paid": "external_reference",
    "amount": "amount",
    "single_limit": "amount",
    "daily_limit": "amount",
    "insufficient_funds": "amount",
}
# What was looked at, as it is signed: text by name.
Facts = dict[str, str]


@dataclass(frozen=True)
class Job:
    """One way to part with money: its form, what is shown before it is done, and the doing."""

    name: str
    form: type[SpendingForm]
    look: Callable[[CustomerRequest, dict[str, Any]], tuple[Facts, Allowance]]
    act: Callable[[CustomerRequest, Facts], services.Moved]
    receipt: str


def _look_for_recipient(request: CustomerRequest, said: dict[str, Any]) -> tuple[Facts, Allowance]:
    # The amount first: who has no money learns nothing about anybody.
    allowance = services.look_ahead(customer=request.customer, amount=said["amount"])
    found = services.find_recipient(actor=actor_of(request), sender=request.customer, name=said["recipient"])
    facts = {"to": str(found.public_id), "name": masked(str(found.user)), "recipient": said["recipient"]}
    return facts, allowance


def _send(request: CustomerRequest, facts: Facts) -> services.Moved:
    return services.send_money(
        actor=actor_of(request),
        sender=request.customer,
        recipient=selectors.recipient(request.customer, public_id=UUID(facts["to"])),
        amount=Decimal(facts["amount"]),
        note=facts["note"],
    )


def _look_at_invoice(request: CustomerRequest, said: dict[str, Any]) -> tuple[Facts, Allowance]:
    reference = said["external_reference"]
    allowance = services.look_ahead(customer=request.customer, amount=said["amount"], external_reference=reference)
    return {"external_reference": reference}, allowance


def _pay(request: CustomerRequest, facts: Facts) -> services.Moved:
    return services.pay_merchant(
        actor=actor_of(request),
        payer=request.customer,
        amount=Decimal(facts["amount"]),
        note=facts["note"],
        external_reference=facts["external_reference"],
    )


_SENDING = Job("send", SendForm, _look_for_recipient, _send, "wallets:transfer")
_PAYING = Job("pay", PayForm, _look_at_invoice, _pay, "wallets:payment")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@customer_required
def send(request: CustomerRequest) -> HttpResponse:
    """Send money to a person, whose masked name is shown before."""
    return _step(request, _SENDING)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@customer_required
def pay(request: CustomerRequest) -> HttpResponse:
    """Pay a merchant's invoice by its number."""
    return _step(request, _PAYING)


def _step(request: CustomerRequest, job: Job) -> HttpResponse:
    if request.method != "POST":
        wished = {name: request.GET.get(name, "")[:254] for name in job.form.base_fields}
        return _form_page(request, job, job.form(initial=wished))
    if request.POST.get("step") in {"do", "edit"}:
        return _with_facts(request, job)
    form = job.form(request.POST)
    if form.is_valid():
        try:
            return _confirm_page(request, job, form.cleaned_data)
        except ServiceError as error:
            form.add_error(_field_for(error, form), str(error.message))
    return _form_page(request, job, form, status=422)


def _with_facts(request: CustomerRequest, job: Job) -> HttpResponse:
    facts = _read(request, job)
    if facts is None:
        return _again(request, job, {}, _("This page was too old. Please enter it once more."))
    if request.POST["step"] == "edit":
        return _form_page(request, job, job.form(initial=facts))
    try:
        answer = idempotency.once(
            actor=actor_of(request),
            operation=f"page.{job.name}",
            key=facts["key"],
            content=facts,
            act=lambda: {"id": str(job.act(request, facts).id)},
            wait=True,
        )
    except ServiceError as error:
        return _again(request, job, facts, str(error.message))
    return redirect(job.receipt, public_id=answer.body["id"])


def _again(request: CustomerRequest, job: Job, facts: Facts, words: str) -> HttpResponse:
    """The form with what was entered and why it was not done."""
    form = job.form(facts)
    form.is_valid()
    form.errors.clear()
    form.add_error(None, words)
    return _form_page(request, job, form, status=422)


def _confirm_page(request: CustomerRequest, job: Job, said: dict[str, Any]) -> HttpResponse:
    looked, allowance = job.look(request, said)
    facts = looked | {"amount": str(said["amount"]), "note": said["note"], "key": secrets.token_urlsafe(18)}
    context = {
        "facts": facts,
        "confirmed": signing.dumps(facts, salt=_salt(request, job)),
        "amount": said["amount"],
        "allowance": allowance,
        "balance_after": allowance.available - said["amount"],
        "left_after": allowance.left - said["amount"],
    }
    return render(request, f"wallets/{job.name}_confirm.html", context)


def _read(request: CustomerRequest, job: Job) -> Facts | None:
    try:
        facts: Facts = signing.loads(request.POST.get("confirmed", ""), salt=_salt(request, job), max_age=_GOOD_FOR)
    except signing.BadSignature:
        return None
    return facts


def _salt(request: CustomerRequest, job: Job) -> str:
    return f"wallets.{job.name}:{request.customer.pk}"


def _form_page(request: CustomerRequest, job: Job, form: forms.Form, status: int = 200) -> HttpResponse:
    context = {"form": form, "allowance": selectors.allowance_of(request.customer)}
    return render(request, f"wallets/{job.name}.html", context, status=status)


def _field_for(error: ServiceError, form: forms.Form) -> str | None:
    field = _FIELD_OF.get(error.code)
    return field if field in form.fields else None


@never_cache
@require_safe
@customer_required
def transfer(request: CustomerRequest, public_id: UUID) -> HttpResponse:
    """What became of a transfer, seen by either side."""
    return _receipt(request, f"transfer:{public_id}")


@never_cache
@require_safe
@customer_required
def payment(request: CustomerRequest, public_id: UUID) -> HttpResponse:
    """What became of a payment."""
    return _receipt(request, f"payment:{public_id}")


def _receipt(request: CustomerRequest, reference: str) -> HttpResponse:
    posting = selectors.movement(request.customer, reference)
    if posting is None:
        raise Http404
    day = timezone.localdate(posting.created_at).isoformat()
    context = {
        "line": lines_of(posting.account, [posting])[0],
        "account": posting.account,
        "amount": abs(posting.amount),
        "is_debit": posting.amount < 0,
        "day": day,
    }
    return render(request, "wallets/receipt.html", context)
