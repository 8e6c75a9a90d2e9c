"""The letter that tells a customer what was decided about their documents, in their language."""

from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.utils import translation

from config.lib.navigation import url_or_none
from kyc.models import KycCase, KycDocument


def send(case: KycCase, documents: Sequence[KycDocument]) -> None:
    """Queue the letter about ``documents``, decided just now. It is stored with the decision and leaves after it."""
    user = case.customer.user
    refused = [row for row in documents if row.status == KycDocument.Status.REJECTED]
    context = {
        "name": user.display_name,
        "accepted": [row for row in documents if row.status == KycDocument.Status.VERIFIED],
        "refused": refused,
        "may_retry": any(row.may_retry for row in refused),
        "still_waiting": case.documents.filter(status=KycDocument.Status.PENDING).exists(),
        "is_verified": case.customer.is_verified,
        "upload_url": settings.BASE_URL + (url_or_none("identity:status") or "/"),
    }
    with translation.override(user.language):
        text = render_to_string("kyc/mail/decided.txt", context)
    subject, _newline, body = text.strip().partition("\n")
    EmailMessage(subject=" ".join(subject.split()), body=f"{body.strip()}\n", to=[user.email]).send()
