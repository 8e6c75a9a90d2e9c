"""Mails about batches, to the people who made, approve or wait for them, each in their own language."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from accounts.models import User
from notifications.services import queue_mail
from payouts.models import Batch

# Programs have no language of their own.
_OF_PROGRAMS = "en"
_MOST_APPROVERS = 50


def to_approve(batch: Batch) -> None:
    """Ask everybody of the client who may approve and had no hand in it; in the caller's transaction."""
    makers = [int(name.removeprefix("user:")) for name in batch.makers if name.startswith("user:")]
    people = User.objects.filter(
        is_active=True, portal__client=batch.client, portal__roles__permissions__name="Batches.Approve"
    ).exclude(pk__in=makers)
    found = people.distinct().order_by("pk")[:_MOST_APPROVERS]
    _send("batch_to_approve", batch, {person.email: person.language for person in found})


def sent_back(batch: Batch) -> None:
    """Tell the maker what the approver wants changed; in the caller's transaction."""
    _send("batch_sent_back", batch, dict(_makers(batch)))


def waits_for_money(batch: Batch, *, missing: Decimal) -> None:
    """Tell maker and approver that a top-up of ``missing`` is needed; in the caller's transaction."""
    _send("batch_waits_for_money", batch, dict(_concerned(batch)), missing=missing)


def over(batch: Batch) -> None:
    """Tell maker and approver how a batch ended; in the caller's transaction."""
    _send("batch_over", batch, dict(_concerned(batch)), unpaid=batch.good - batch.paid)


def _makers(batch: Batch) -> Iterator[tuple[str, str]]:
    if batch.made_by is not None and batch.made_by.is_active:
        yield batch.made_by.email, batch.made_by.language
    if batch.made_by_api_user is not None and batch.made_by_api_user.is_active:
        yield batch.made_by_api_user.developer_email, _OF_PROGRAMS


def _concerned(batch: Batch) -> Iterator[tuple[str, str]]:
    yield from _makers(batch)
    if batch.approved_by is not None and batch.approved_by.is_active:
        yield batch.approved_by.email, batch.approved_by.language
    if batch.approved_by_api_user is not None and batch.approved_by_api_user.is_active:
        yield batch.approved_by_api_user.developer_email, _OF_PROGRAMS


def _send(name: str, batch: Batch, readers: dict[str, str], **facts: Any) -> None:
    """``templates/payouts/mail/<name>.txt``, its first line the subject. Play money is nothing to write home about."""
    if batch.is_sandbox:
        return
    link = settings.BASE_URL + reverse("company:batch", args=[batch.public_id])
    for address, language in readers.items():
        with translation.override(language):
            text = render_to_string(f"payouts/mail/{name}.txt", {"batch": batch, "link": link, **facts})
        subject, _, body = text.strip().partition("\n")
        message = EmailMessage(subject=" ".join(subject.split()), body=f"{body.strip()}\n", to=[address])
        queue_mail(message=message)
