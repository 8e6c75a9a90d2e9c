"""Mails of the accounts app: a template each (first line is the subject), in the reader's language."""

from typing import Any

from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation


def send(name: str, *, to: str, language: str = "en", **context: Any) -> None:
    """Queue ``accounts/mail/<name>.txt`` for ``to``. It is stored in the caller's transaction and leaves after it."""
    with translation.override(language):
        text = render_to_string(f"accounts/mail/{name}.txt", context)
    subject, _, body = text.strip().partition("\n")
    EmailMessage(subject=" ".join(subject.split()), body=f"{body.strip()}\n", to=[to]).send()
