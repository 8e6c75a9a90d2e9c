"""Mails about prepared files, to whoever asked for them, in their own language."""

from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from notifications.services import queue_mail
from reports.catalogue import CATALOGUE
from reports.models import Export
from reports.selectors import kept


def over(export: Export) -> None:
    """Tell that a file is ready, or that there will be none; in the caller's transaction."""
    reader = export.user
    link = settings.BASE_URL + reverse("reports:export", args=[export.public_id])
    with translation.override(export.language), timezone.override(reader.timezone):
        facts: dict[str, Any] = {"export": export, "title": CATALOGUE[export.report].title, "link": link}
        facts["is_too_long"] = kept.is_too_long(export)
        text = render_to_string("reports/mail/export_over.txt", facts)
    subject, _rest, body = text.strip().partition("\n")
    queue_mail(message=EmailMessage(subject=" ".join(subject.split()), body=f"{body.strip()}\n", to=[reader.email]))
