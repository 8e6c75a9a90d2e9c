"""The letter that tells a customer what was decided about their money, in their language."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from config.lib.money import format_money
from payments.models import PaymentCase
from payments.settlement.remedies import Remedy


def send(case: PaymentCase, remedy: Remedy) -> None:
    """Queue the letter about money that came into or left the wallet of ``remedy.customer``. It is stored with the
    decision and leaves after it."""
    if remedy.customer is None or remedy.amount is None:
        return
    user = remedy.customer.user
    mine = case.deposit is not None and case.deposit.customer_id == remedy.customer.pk
    page = reverse("payments:deposit", args=[case.deposit.public_id]) if mine and case.deposit else "/"
    with translation.override(user.language):
        context = {
            "name": user.display_name,
            "amount": format_money(remedy.amount, remedy.currency),
            "came": remedy.action == PaymentCase.Action.CREDIT,
            "page": settings.BASE_URL + page,
        }
        text = render_to_string("payments/mail/case_settled.txt", context)
    subject, _newline, body = text.strip().partition("\n")
    EmailMessage(subject=" ".join(subject.split()), body=f"{body.strip()}\n", to=[user.email]).send()
