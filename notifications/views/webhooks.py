"""The page about a customer's webhook: where it listens, what was sent, what can be done about it."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access.credentials import actor_of
from accounts.permissions import CustomerRequest, customer_required, step_up_required
from config.lib.clock import now
from config.lib.errors import ServiceError
from notifications.forms.webhooks import STATES, DeliveriesForm, NewWebhookForm, ResendForm, RotateForm, WebhookForm
from notifications.models import WebhookDelivery
from notifications.selectors import webhooks as selectors
from notifications.services import deliveries, webhooks


@never_cache
@require_safe
@customer_required
def overview(request: CustomerRequest) -> HttpResponse:
    """How it stands, and what was sent."""
    form = DeliveriesForm(request.GET)
    wanted = form.wanted()
    context = {
        "endpoint": selectors.endpoint_of(request.customer),
        "form": form,
        "wanted": wanted,
        "states": STATES,
        "page": selectors.deliveries(request.customer, wanted, cursor=request.GET.get("cursor", "")),
        "missed": selectors.missed(request.customer),
        "resend": ResendForm(initial={"since": now() - timedelta(days=1)}),
    }
    return render(request, "notifications/webhook/overview.html", context)


@never_cache
@sensitive_post_parameters("secret")
@require_http_methods(["GET", "HEAD", "POST"])
@customer_required
@step_up_required
def change(request: CustomerRequest) -> HttpResponse:
    """Where to and of what; the first time also the secret, which is shown this once."""
    endpoint = selectors.endpoint_of(request.customer)
    kind = WebhookForm if endpoint else NewWebhookForm
    if request.method != "POST":
        return _form(request, WebhookForm.of(endpoint) if endpoint else kind())
    form = kind(request.POST)
    return _save(request, form) if form.is_valid() else _form(request, form, 400)


def _form(request: CustomerRequest, form: WebhookForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "endpoint": selectors.endpoint_of(request.customer)}
    return render(request, "notifications/webhook/settings.html", context, status=status)


@sensitive_variables()
def _save(request: CustomerRequest, form: WebhookForm) -> HttpResponse:
    endpoint = selectors.endpoint_of(request.customer)
    try:
        changed = webhooks.change(
            actor=actor_of(request),
            customer=request.customer,
            url=form.cleaned_data["url"],
            events=form.wanted(),
            is_active=endpoint is None or endpoint.is_active,
            secret=form.cleaned_data.get("secret") or None,
        )
    except ServiceError as refusal:
        return _form(request, _with_refusal(form, refusal), 400)
    if changed.secret:
        return _secret(request, changed)
    messages.success(request, _("Saved. It counts from the next event."))
    return redirect("webhook:overview")


def _with_refusal(form: Any, refusal: ServiceError) -> Any:
    for name, words in refusal.fields.items():
        form.add_error(name, list(words))
    if not refusal.fields:
        form.add_error(None, str(refusal.message))
    return form


@sensitive_variables()
def _secret(request: CustomerRequest, changed: webhooks.Changed) -> HttpResponse:
    """The only answer that ever holds a secret; nothing may keep it."""
    context = {
        "secret": changed.secret,
        "library_secret": changed.library_secret,
        "endpoint": selectors.endpoint_of(request.customer),
    }
    return render(request, "notifications/webhook/secret.html", context)


@never_cache
@sensitive_post_parameters("secret")
@require_http_methods(["GET", "HEAD", "POST"])
@customer_required
@step_up_required
def rotate(request: CustomerRequest) -> HttpResponse:
    """A new secret; the old one signs beside it for a while."""
    if selectors.endpoint_of(request.customer) is None:
        raise Http404
    form = RotateForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            changed = webhooks.rotate_secret(
                actor=actor_of(request),
                customer=request.customer,
                secret=form.cleaned_data["secret"],
                overlap=form.span(),
            )
        except ServiceError as refusal:
            form = _with_refusal(form, refusal)
        else:
            return _secret(request, changed)
    status = 400 if request.method == "POST" else 200
    return render(request, "notifications/webhook/rotate.html", {"form": form}, status=status)


@require_POST
@customer_required
@step_up_required
def end_old_secret(request: CustomerRequest) -> HttpResponse:
    """Only the new secret signs from now on."""
    return _do(
        request,
        lambda: webhooks.end_old_secret(actor=actor_of(request), customer=request.customer),
        _("Only the new secret signs from now on."),
    )


@require_POST
@customer_required
@step_up_required
def pause(request: CustomerRequest) -> HttpResponse:
    """Nothing is sent; what happens is kept."""
    return _do(
        request,
        lambda: webhooks.switch(actor=actor_of(request), customer=request.customer, is_active=False),
        _("Paused. What happens meanwhile is kept back, and you can have it sent later."),
    )


@require_POST
@customer_required
@step_up_required
def resume(request: CustomerRequest) -> HttpResponse:
    """It goes on with the next event."""
    return _do(
        request,
        lambda: webhooks.switch(actor=actor_of(request), customer=request.customer, is_active=True),
        _("It goes on with the next event. Send what you missed again below."),
    )


def _do(request: CustomerRequest, action: Any, words: str) -> HttpResponse:
    try:
        action()
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, words)
    return redirect("webhook:overview")


@require_POST
@customer_required
def test(request: CustomerRequest) -> HttpResponse:
    """Send an event that says nothing, and show what comes of it."""
    try:
        written = webhooks.send_test(customer=request.customer)
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
        return redirect("webhook:overview")
    return redirect("webhook:delivery", written.public_id)


@require_POST
@customer_required
def resend(request: CustomerRequest) -> HttpResponse:
    """One, a selection, or everything that failed since a moment."""
    chosen = _uuids(request.POST.getlist("delivery"))
    form = ResendForm({"since": request.POST.get("since", "")})
    actor = actor_of(request)
    try:
        if chosen:
            count = deliveries.resend(actor=actor, customer=request.customer, deliveries=chosen)
        elif form.is_valid() and form.cleaned_data["since"]:
            since = form.cleaned_data["since"]
            count = deliveries.resend_failed(actor=actor, customer=request.customer, since=since)
        else:
            messages.error(request, _("Choose deliveries, or since when."))
            return redirect("webhook:overview")
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
        return redirect("webhook:overview")
    _say(request, count)
    return redirect("webhook:delivery", chosen[0]) if len(chosen) == 1 and count else redirect("webhook:overview")


def _uuids(texts: list[str]) -> list[UUID]:
    found = []
    for text in texts[: deliveries.MOST_AT_ONCE]:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


def _say(request: CustomerRequest, count: int) -> None:
    if count:
        words = ngettext("%(count)d event is sent again now.", "%(count)d events are sent again now.", count)
        messages.success(request, words % {"count": count})
    else:
        messages.info(request, _("There is nothing to send again."))


@never_cache
@require_safe
@customer_required
def delivery(request: CustomerRequest, public_id: UUID) -> HttpResponse:
    """One event: what we sent, what was answered, what comes next."""
    found = selectors.delivery(request.customer, public_id)
    if found is None:
        raise Http404
    context = {
        "delivery": found,
        "attempts": list(found.attempts.order_by("-number")[:50]),
        "pretty": json.dumps(json.loads(bytes(found.body)), indent=2, ensure_ascii=False),
        "is_moving": found.state == WebhookDelivery.State.PENDING and found.due_at < now() + timedelta(minutes=1),
    }
    template = "notifications/webhook/delivery.html"
    return render(request, f"{template}#live" if request.headers.get("HX-Request") else template, context)
