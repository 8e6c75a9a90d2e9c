"""Mails about a webhook, to its owner in the owner's language: a template each, the first line is the subject."""

from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from notifications.models import WebhookEndpoint


def send(name: str, endpoint: WebhookEndpoint, **facts: Any) -> None:
    """Queue ``notifications/mail/<name>.txt``; it is stored in the caller's transaction."""
    user = endpoint.customer.user
    page = settings.BASE_URL + reverse("webhook:overview")
    with translation.override(user.language), timezone.override(user.timezone):
        text = render_to_string(f"notifications/mail/{name}.txt", {"endpoint": endpoint, "page": page, **facts})
    subject, _, body = text.strip().partition("\n")
    EmailMessage(subject=" ".join(subject.split()), body=f"{body.strip()}\n", to=[user.email]).send()
