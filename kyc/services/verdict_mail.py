"""The letter that tells a customer what was decided about their documents, in their language."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation

from accounts.models import Customer, User
from config.lib.navigation import url_or_none
from kyc.models import KycCase, KycDocument
from kyc.selectors.documents import missing_documents

Status = KycDocument.Status


def send(case: KycCase, documents: Sequence[KycDocument]) -> None:
    """Queue the letter about ``documents``, decided just now. It is stored with the decision and leaves after it.

    What comes next follows from the whole case: a document that was refused earlier still stands in the way.
    """
    user = case.customer.user
    rows = list(case.documents.order_by("id"))
    refused = [row for row in rows if row.status == Status.REJECTED]
    context = {
        "name": user.display_name,
        "accepted": [row for row in documents if row.status == Status.VERIFIED],
        "refused": [row for row in documents if row.status == Status.REJECTED],
        "all_refused": refused,
        "may_retry": all(row.may_retry for row in refused),
        "still_waiting": any(row.status == Status.PENDING for row in rows),
        "is_verified": case.customer.is_verified,
        "needed": missing_documents(()),
    }
    _queue(user, "kyc/mail/decided.txt", context)


def send_retry(customer: Customer) -> None:
    """Queue the letter that a refusal is not final any more."""
    user = customer.user
    context = {"name": user.display_name, "needed": missing_documents(()), "is_verified": customer.is_verified}
    _queue(user, "kyc/mail/retry.txt", context)


def _queue(user: User, template: str, context: dict[str, Any]) -> None:
    link = settings.BASE_URL + (url_or_none("identity:status") or "/")
    with translation.override(user.language):
        needed = ", ".join(str(kind.label) for kind in context.pop("needed"))
        text = render_to_string(template, {**context, "needed": needed, "upload_url": link})
    subject, _newline, body = text.strip().partition("\n")
    EmailMessage(subject=" ".join(subject.split()), body=f"{body.strip()}\n", to=[user.email]).send()
