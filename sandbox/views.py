"""The outside world as a page: a bank, a phone network, a post office, a mailbox. Only where the sandbox is on."""

import secrets
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.conf import settings
from django.contrib import messages
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import open_to_all, sign_in_required
from config.lib.errors import ServiceError
from config.lib.money import format_money
from sandbox import mailbox as mails
from sandbox import remote
from sandbox.forms import DeliverForm, EndForm, EndInboxForm, MailForm, PayForm

P = ParamSpec("P")
T = TypeVar("T")


def sandbox_only(
    view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Where the sandbox is off, its pages do not exist for anybody."""

    @wraps(view)
    def gate(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not settings.SANDBOX_ENABLED:
            raise Http404
        return view(request, *args, **kwargs)

    return gate


@sandbox_only
@sign_in_required
@never_cache
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    accounts, bank_error = or_error(remote.virtual_accounts)
    numbers, network_error = or_error(remote.rented_numbers)
    inboxes, post_error = or_error(remote.rented_inboxes)
    context = {
        "waiting": [account for account in accounts or [] if account.waits],
        "over": [account for account in accounts or [] if not account.waits][:8],
        "numbers": numbers,
        "bank_error": bank_error,
        "network_error": network_error,
        "inboxes": inboxes,
        "post_error": post_error,
    }
    template = "sandbox/index.html#world" if request.headers.get("HX-Request") else "sandbox/index.html"
    return render(request, template, context)


def or_error(ask: Callable[[], list[T]]) -> tuple[list[T] | None, str]:
    """What a simulator lists, or None and why not."""
    try:
        return ask(), ""
    except ServiceError as error:
        return None, str(error)


@sandbox_only
@sign_in_required
@require_POST
def pay(request: HttpRequest) -> HttpResponse:
    return act(request, PayForm(request.POST), _pay)


def _pay(form: Form) -> str:
    trx_id, way = form.cleaned_data["trx_id"], form.cleaned_data["way"]
    if way == "notify":
        remote.notify_again(trx_id=trx_id)
        return _("The bank sends its notification again.")
    if way == "expire":
        remote.expire_account(trx_id=trx_id)
        return _("The bank takes no more money for this number.")
    before = form.cleaned_data["amount"] if way == "amount" else None
    account = remote.pay(trx_id=trx_id, amount=before, late=way == "late")
    if account is None:
        return _("Paid.")
    facts = {"amount": format_money(before or account.amount, "IDR"), "bank": account.bank, "name": account.name}
    return _("%(amount)s paid at %(bank)s for %(name)s. The bank tells Gerbang in a moment.") % facts


@sandbox_only
@sign_in_required
@require_POST
def deliver(request: HttpRequest) -> HttpResponse:
    return act(request, DeliverForm(request.POST), _deliver)


def _deliver(form: Form) -> str:
    order_id, code, message = (form.cleaned_data[name] for name in ("order_id", "code", "message"))
    if not code and not message:
        code = f"{secrets.randbelow(1_000_000):06}"
    number = remote.deliver(order_id=order_id, code=code, message=message)
    return _("“%(text)s” sent to %(number)s.") % {"text": code or message, "number": number}


@sandbox_only
@sign_in_required
@require_POST
def end(request: HttpRequest) -> HttpResponse:
    return act(request, EndForm(request.POST), _end)


def _end(form: Form) -> str:
    number = remote.end_number(order_id=form.cleaned_data["order_id"])
    return _("The time of %(number)s is over.") % {"number": number}


@sandbox_only
@sign_in_required
@require_POST
def send_mail(request: HttpRequest) -> HttpResponse:
    return act(request, MailForm(request.POST), _send_mail)


def _send_mail(form: Form) -> str:
    wanted = form.cleaned_data
    words: dict[str, str | None] = {name: wanted[name] or None for name in ("sender", "subject", "code")}
    words["html" if wanted["is_markup"] else "text"] = wanted["text"] or None
    if not wanted["code"] and not wanted["text"]:
        words["code"] = f"{secrets.randbelow(1_000_000):06}"
    if not words["code"]:
        del words["code"]
    if not remote.deliver_mail(ref=wanted["ref"], **words):
        return _("The mail was not let in: its subject is not the one that is waited for.")
    return _("The mail is sent. Gerbang sees it when it looks next.")


@sandbox_only
@sign_in_required
@require_POST
def end_inbox(request: HttpRequest) -> HttpResponse:
    return act(request, EndInboxForm(request.POST), _end_inbox)


def _end_inbox(form: Form) -> str:
    address = remote.end_inbox(ref=form.cleaned_data["ref"])
    return _("The time of %(address)s is over.") % {"address": address}


def act(request: HttpRequest, form: Form, action: Callable[[Form], str], back: str = "sandbox:index") -> HttpResponse:
    """Do what a valid form asks, say how it went, and go back to the page it came from."""
    if not form.is_valid():
        messages.error(request, " ".join(str(error) for errors in form.errors.values() for error in errors))
        return redirect(back)
    try:
        messages.success(request, action(form))
    except ServiceError as error:
        messages.error(request, str(error))
    return redirect(back)


@sandbox_only
@open_to_all
@never_cache
@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    """Open to strangers: a new user finds the confirmation link here before he can sign in."""
    search = request.GET.get("q", "")[:200].replace("\x00", "")
    kept = settings.MAIL_TRANSPORT == "file"
    context = {"letters": mails.letters(search) if kept else [], "search": search, "kept": kept}
    template = "sandbox/mailbox.html#letters" if request.headers.get("HX-Request") else "sandbox/mailbox.html"
    return render(request, template, context)


@sandbox_only
@open_to_all
@never_cache
@require_safe
def letter(request: HttpRequest, name: str) -> HttpResponse:
    found = mails.letter(name)
    if found is None:
        raise Http404
    return render(request, "sandbox/letter.html", {"letter": found})
