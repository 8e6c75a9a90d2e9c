"""The pages about a webhook, whoever's it is: where it listens, what was sent, what can be done about it.

Customers and clients have the same pages at addresses of their own (`webhooks`, `client_webhooks`); these say whose
webhook it is, and let in.
"""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_variables

from accounts.access.actors import Actor
from config.lib.clock import now
from config.lib.errors import ServiceError
from notifications.forms.webhooks import STATES, DeliveriesForm, NewWebhookForm, ResendForm, RotateForm, WebhookForm
from notifications.models import Owner, WebhookDelivery, WebhookEndpoint
from notifications.selectors import webhooks as selectors
from notifications.services import deliveries, webhooks

_PAGES = ("overview", "settings", "rotate", "end_old_secret", "pause", "resume", "test", "resend", "delivery")


@dataclass(frozen=True)
class Desk:
    """One request about the webhook of ``owner``; ``place`` is the namespace of the pages it came to."""

    request: HttpRequest
    actor: Actor
    owner: Owner
    place: str
    may_change: bool = True

    @property
    def endpoint(self) -> WebhookEndpoint | None:
        return selectors.endpoint_of(self.owner)

    def url(self, page: str) -> str:
        """The name of one of the pages, here."""
        return f"{self.place}:{page}"

    def render(self, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        given = {
            "hook": {page: self.url(page) for page in _PAGES},
            "owner": self.owner,
            "may_change": self.may_change,
        }
        return render(self.request, f"notifications/webhook/{template}", given | context, status=status)

    def back(self) -> HttpResponse:
        return redirect(self.url("overview"))


def overview(desk: Desk) -> HttpResponse:
    """How it stands, and what was sent."""
    form = DeliveriesForm(desk.request.GET)
    wanted = form.wanted()
    context = {
        "endpoint": desk.endpoint,
        "form": form,
        "wanted": wanted,
        "states": STATES,
        "page": selectors.deliveries(desk.owner, wanted, cursor=desk.request.GET.get("cursor", "")),
        "missed": selectors.missed(desk.owner),
        "resend": ResendForm(initial={"since": now() - timedelta(days=1)}),
    }
    return desk.render("overview.html", context)


def change(desk: Desk) -> HttpResponse:
    """Where to and of what; the first time also the secret, which is shown this once."""
    endpoint = desk.endpoint
    kind = WebhookForm if endpoint else NewWebhookForm
    if desk.request.method != "POST":
        return _form(desk, WebhookForm.of(endpoint) if endpoint else kind(owner=desk.owner))
    form = kind(desk.request.POST, owner=desk.owner)
    return _save(desk, form) if form.is_valid() else _form(desk, form, 400)


def _form(desk: Desk, form: WebhookForm, status: int = 200) -> HttpResponse:
    return desk.render("settings.html", {"form": form, "endpoint": desk.endpoint}, status)


@sensitive_variables()
def _save(desk: Desk, form: WebhookForm) -> HttpResponse:
    endpoint = desk.endpoint
    try:
        changed = webhooks.change(
            actor=desk.actor,
            owner=desk.owner,
            url=form.cleaned_data["url"],
            events=form.wanted(),
            is_active=endpoint is None or endpoint.is_active,
            secret=form.cleaned_data.get("secret") or None,
        )
    except ServiceError as refusal:
        return _form(desk, _with_refusal(form, refusal), 400)
    if changed.secret:
        return _secret(desk, changed)
    messages.success(desk.request, _("Saved. It counts from the next event."))
    return desk.back()


def _with_refusal(form: Any, refusal: ServiceError) -> Any:
    for name, words in refusal.fields.items():
        form.add_error(name, list(words))
    if not refusal.fields:
        form.add_error(None, str(refusal.message))
    return form


@sensitive_variables()
def _secret(desk: Desk, changed: webhooks.Changed) -> HttpResponse:
    """The only answer that ever holds a secret; nothing may keep it."""
    context = {"secret": changed.secret, "library_secret": changed.library_secret, "endpoint": desk.endpoint}
    return desk.render("secret.html", context)


def rotate(desk: Desk) -> HttpResponse:
    """A new secret; the old one signs beside it for a while."""
    if desk.endpoint is None:
        raise Http404
    is_sent = desk.request.method == "POST"
    form = RotateForm(desk.request.POST if is_sent else None)
    if is_sent and form.is_valid():
        given = form.cleaned_data["secret"]
        try:
            changed = webhooks.rotate_secret(actor=desk.actor, owner=desk.owner, secret=given, overlap=form.span())
        except ServiceError as refusal:
            form = _with_refusal(form, refusal)
        else:
            return _secret(desk, changed)
    return desk.render("rotate.html", {"form": form}, 400 if is_sent else 200)


def end_old_secret(desk: Desk) -> HttpResponse:
    """Only the new secret signs from now on."""
    return _do(
        desk,
        lambda: webhooks.end_old_secret(actor=desk.actor, owner=desk.owner),
        _("Only the new secret signs from now on."),
    )


def pause(desk: Desk) -> HttpResponse:
    """Nothing is sent; what happens is kept."""
    return _do(
        desk,
        lambda: webhooks.switch(actor=desk.actor, owner=desk.owner, is_active=False),
        _("Paused. What happens meanwhile is kept back, and you can have it sent later."),
    )


def resume(desk: Desk) -> HttpResponse:
    """It goes on with the next event."""
    return _do(
        desk,
        lambda: webhooks.switch(actor=desk.actor, owner=desk.owner, is_active=True),
        _("It goes on with the next event. Send what you missed again below."),
    )


def _do(desk: Desk, action: Any, words: str) -> HttpResponse:
    try:
        action()
    except ServiceError as refusal:
        messages.error(desk.request, str(refusal.message))
    else:
        messages.success(desk.request, words)
    return desk.back()


def test(desk: Desk) -> HttpResponse:
    """Send an event that says nothing, and show what comes of it."""
    try:
        written = webhooks.send_test(owner=desk.owner)
    except ServiceError as refusal:
        messages.error(desk.request, str(refusal.message))
        return desk.back()
    return redirect(desk.url("delivery"), written.public_id)


def resend(desk: Desk) -> HttpResponse:
    """One, a selection, or everything that failed since a moment."""
    given = desk.request.POST
    chosen = _uuids(given.getlist("delivery"))
    form = ResendForm({"since": given.get("since", "")})
    try:
        if chosen:
            count = deliveries.resend(actor=desk.actor, owner=desk.owner, deliveries=chosen)
        elif form.is_valid() and form.cleaned_data["since"]:
            since = form.cleaned_data["since"]
            count = deliveries.resend_failed(actor=desk.actor, owner=desk.owner, since=since)
        else:
            messages.error(desk.request, _("Choose deliveries, or since when."))
            return desk.back()
    except ServiceError as refusal:
        messages.error(desk.request, str(refusal.message))
        return desk.back()
    _say(desk, count)
    return redirect(desk.url("delivery"), chosen[0]) if len(chosen) == 1 and count else desk.back()


def _uuids(texts: list[str]) -> list[UUID]:
    found = []
    for text in texts[: deliveries.MOST_AT_ONCE]:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found


def _say(desk: Desk, count: int) -> None:
    if count:
        words = ngettext("%(count)d event is sent again now.", "%(count)d events are sent again now.", count)
        messages.success(desk.request, words % {"count": count})
    else:
        messages.info(desk.request, _("There is nothing to send again."))


def delivery(desk: Desk, public_id: UUID) -> HttpResponse:
    """One event: what we sent, what was answered, what comes next."""
    found = selectors.delivery(desk.owner, public_id)
    if found is None:
        raise Http404
    context = {
        "delivery": found,
        "attempts": list(found.attempts.order_by("-number")[:50]),
        "pretty": json.dumps(json.loads(bytes(found.body)), indent=2, ensure_ascii=False),
        "is_moving": found.state == WebhookDelivery.State.PENDING and found.due_at < now() + timedelta(minutes=1),
    }
    return desk.render("delivery.html#live" if desk.request.headers.get("HX-Request") else "delivery.html", context)
