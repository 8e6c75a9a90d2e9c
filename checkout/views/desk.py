"""Checkouts of a client's people: which there are, a new one with its link, what became of it, and the settings."""

import secrets
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Client
from accounts.permissions import ActorRequest, permission_required
from accounts.services import idempotency
from checkout.choices import CURRENCIES
from checkout.forms.desk import SessionFilter, SessionForm, ShopForm
from checkout.models import Session, State, Try
from checkout.selectors import desk, sessions, stories
from checkout.services import sessions as services
from checkout.services import shops
from checkout.wire import page_url
from config.lib.errors import ServiceError
from config.lib.pagination import keyset
from config.lib.refusals import tell
from payments import qr

READ, READ_ONE = "Reports.ReadCheckoutSessions", "Checkout.ReadOne"
GROUPS = [
    ("", gettext_lazy("All")),
    ("open", gettext_lazy("Open")),
    ("paid", gettext_lazy("Paid")),
    ("unpaid", gettext_lazy("Not paid")),
]
CURRENCY_CHIPS = [("", gettext_lazy("Any currency")), *((one, one) for one in CURRENCIES)]
# Seconds between two looks at one that is open.
PACE = 5


def _own(request: ActorRequest) -> Client:
    """The client of whoever asks; staff of the gateway have none, and no desk here."""
    if request.actor.client is None:
        raise Http404
    return request.actor.client


def _found(request: ActorRequest, public_id: UUID) -> Session:
    _own(request)
    session = desk.one(request.actor, public_id)
    if session is None:
        raise Http404
    return session


@never_cache
@require_safe
@permission_required(READ)
def listing(request: ActorRequest) -> HttpResponse:
    """Who was asked for money, and who has paid."""
    _own(request)
    form = SessionFilter(request.GET)
    wanted = form.wanted()
    page = keyset(desk.listed(request.actor, wanted), cursor=request.GET.get("cursor", ""))
    context = {
        "wanted": wanted,
        "form": form,
        "page": page,
        "lines": desk.lines_of(list(page.items)),
        "groups": GROUPS,
        "currencies": CURRENCY_CHIPS,
    }
    return render(request, "checkout/list.html", context)


# --- a new one ------------------------------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("Checkout.Create")
def new(request: ActorRequest) -> HttpResponseBase:
    """How much, for what: the next page has the link."""
    shop = shops.shop_of(_own(request))
    if request.method != "POST":
        first = {"currency": CURRENCIES[0], "minutes": shop.minutes, "key": secrets.token_urlsafe(18)}
        return _form_page(request, SessionForm(initial=first))
    form = SessionForm(request.POST)
    if form.is_valid():
        try:
            return redirect("company:checkout", public_id=_made(request, form.cleaned_data))
        except ServiceError as refusal:
            tell(form, refusal)
    return _form_page(request, form)


def _form_page(request: ActorRequest, form: SessionForm) -> HttpResponse:
    context = {"form": form, "shop_name": shops.name_of(_own(request))}
    return render(request, "checkout/new.html", context, status=422 if form.is_bound else 200)


def _made(request: ActorRequest, said: dict[str, Any]) -> str:
    """Once, however often the button is pressed."""

    def act() -> dict[str, Any]:
        session = services.create(
            client=_own(request),
            is_sandbox=request.actor.is_sandbox,
            amount=said["amount"],
            currency=said["currency"],
            description=said["description"],
            minutes=said["minutes"],
            created_by=request.user,
            actor=request.actor,
        )
        return {"id": str(session.public_id)}

    content = {name: str(value) for name, value in said.items()}
    made = idempotency.once(
        actor=request.actor, operation="page.checkout", key=said["key"], content=content, act=act, wait=True
    )
    return str(made.body["id"])


# --- one of them ----------------------------------------------------------------------------------------------


@never_cache
@require_safe
@permission_required(READ_ONE)
def session(request: ActorRequest, public_id: UUID) -> HttpResponse:
    """The link to send, and what the payer did. The page's poll asks here too: 204 for nothing new."""
    found = _found(request, public_id)
    is_poll = bool(request.headers.get("HX-Request"))
    if is_poll and request.GET.get("v") == version_of(found):
        return HttpResponse(status=204)
    return render(request, "checkout/_session.html" if is_poll else "checkout/session.html", _context(found))


def _context(found: Session) -> dict[str, Any]:
    tries, url = sessions.tries_of(found), page_url(found)
    state = desk.shown_state(found)
    is_open = found.state == State.OPEN
    return {
        "session": found,
        "state": state,
        "url": url,
        "qr": qr.drawing(url) if state == State.OPEN else "",
        "tries": [(attempt, stories.why(attempt)) for attempt in tries],
        "paid_by": next((attempt for attempt in tries if has_paid(attempt, found)), None),
        "events": stories.events_of(found, tries),
        "version": version_of(found),
        "every": PACE if is_open else 0,
    }


def has_paid(attempt: Try, found: Session) -> bool:
    """Whether it was this way that paid it."""
    by_deposit = str(attempt.deposit.public_id) if attempt.deposit is not None else ""
    return found.payment_reference in {attempt.reference, by_deposit} - {""}


def version_of(found: Session) -> str:
    """What a page that shows it asks for news with."""
    return f"{found.version}.{desk.shown_state(found)}"


@never_cache
@require_safe
@permission_required(READ_ONE)
def qr_image(request: ActorRequest, public_id: UUID) -> HttpResponse:
    """The link as a QR to print or to send."""
    found = _found(request, public_id)
    if desk.shown_state(found) != State.OPEN:
        raise Http404
    answer = HttpResponse(qr.picture(page_url(found)), content_type="image/png")
    answer["Content-Disposition"] = f'attachment; filename="{found.reference}.png"'
    return answer


@require_POST
@permission_required("Checkout.Cancel")
def cancel(request: ActorRequest, public_id: UUID) -> HttpResponseBase:
    """Nothing can be paid on its page any more."""
    found = _found(request, public_id)
    try:
        services.cancel(session=found, actor=request.actor)
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("Called off. Whoever opens the link reads that it is over."))
    return redirect("company:checkout", public_id=public_id)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("Checkout.Configure")
def settings(request: ActorRequest) -> HttpResponseBase:
    """The name that payers read, the ways to pay, and how long they have."""
    client = _own(request)
    form = ShopForm(request.POST) if request.method == "POST" else ShopForm.of(shops.shop_of(client))
    if form.is_bound and form.is_valid():
        try:
            shops.configure(actor=request.actor, client=client, **form.cleaned_data)
        except ServiceError as refusal:
            tell(form, refusal)
        else:
            messages.success(request, _("Saved. It counts for checkouts that are made from now on."))
            return redirect("company:checkouts")
    return render(request, "checkout/settings.html", {"form": form}, status=422 if form.is_bound else 200)
