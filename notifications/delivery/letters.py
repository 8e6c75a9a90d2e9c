"""Mails about a webhook, to those who look after it, in the language of each: a template each, the first line is the
subject."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import Customer, User
from notifications.kinds import KINDS
from notifications.models import Notice, Preference, WebhookEndpoint

_MOST_READERS = 20


def send(name: str, endpoint: WebhookEndpoint, **facts: Any) -> None:
    """Queue ``notifications/mail/<name>.txt`` for everybody whom the webhook concerns, in the caller's transaction; a
    customer finds a notice of that kind in the inbox besides."""
    if endpoint.customer is not None:
        _note(name, endpoint, endpoint.customer)
    for user in _readers(endpoint):
        _write(name, endpoint, user, facts)


def _write(name: str, endpoint: WebhookEndpoint, user: User, facts: dict[str, Any]) -> None:
    page = settings.BASE_URL + _page(endpoint)
    with translation.override(user.language), timezone.override(user.timezone):
        context = {"endpoint": endpoint, "reader": user, "page": page, **facts}
        text = render_to_string(f"notifications/mail/{name}.txt", context)
    subject, _, body = text.strip().partition("\n")
    EmailMessage(subject=" ".join(subject.split()), body=f"{body.strip()}\n", to=[user.email]).send()


def _readers(endpoint: WebhookEndpoint) -> list[User]:
    """The customer, or the people of the client who may change it."""
    if endpoint.customer is not None:
        return [endpoint.customer.user]
    may = User.objects.filter(
        is_active=True, portal__client=endpoint.client_id, portal__roles__permissions__name="Webhooks.Update"
    )
    return list(may.distinct().order_by("pk")[:_MOST_READERS])


def _page(endpoint: WebhookEndpoint) -> str:
    if endpoint.customer is not None:
        return reverse("webhook:overview")
    return reverse("company:sandbox_webhook:overview" if endpoint.is_sandbox else "company:webhook:overview")


def _note(kind: str, endpoint: WebhookEndpoint, customer: Customer) -> None:
    if customer.is_sandbox:
        return
    chosen = (
        Preference.objects.filter(user=customer.user_id, kind=kind).first() if KINDS[kind].in_app.is_choice else None
    )
    moment = endpoint.paused_at or endpoint.warned_at
    notice = Notice(
        customer=customer,
        kind=kind,
        subject="webhook",
        key=f"{kind}:{endpoint.pk}:{moment}",
        facts={"host": urlsplit(endpoint.url).hostname or ""},
        in_app=chosen.in_app if chosen else True,
    )
    Notice.objects.bulk_create([notice], ignore_conflicts=True)
