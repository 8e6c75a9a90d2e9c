"""Mails about a webhook, to its owner in the owner's language: a template each, the first line is the subject."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from notifications.kinds import KINDS
from notifications.models import Notice, Preference, WebhookEndpoint


def send(name: str, endpoint: WebhookEndpoint, **facts: Any) -> None:
    """Queue ``notifications/mail/<name>.txt`` and put a notice of that kind into the inbox, in the caller's
    transaction."""
    user = endpoint.customer.user
    _note(name, endpoint)
    page = settings.BASE_URL + reverse("webhook:overview")
    with translation.override(user.language), timezone.override(user.timezone):
        text = render_to_string(f"notifications/mail/{name}.txt", {"endpoint": endpoint, "page": page, **facts})
    subject, _, body = text.strip().partition("\n")
    EmailMessage(subject=" ".join(subject.split()), body=f"{body.strip()}\n", to=[user.email]).send()


def _note(kind: str, endpoint: WebhookEndpoint) -> None:
    customer = endpoint.customer
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
