"""The letter that tells a customer what was decided about their money, in their language."""

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from accounts.models import Customer
from config.lib.money import format_money
from payments.models import PaymentCase
from payments.settlement.remedies import Remedy


def send(case: PaymentCase, remedy: Remedy) -> None:
    """Queue the letter about money that came into or left a wallet, or goes back to the payer. It is stored with the
    decision and leaves after it; nothing when nobody knows whose the money is, or none of it was theirs."""
    is_return = remedy.action == PaymentCase.Action.RETURN
    owner = case.customer if is_return else remedy.customer
    if owner is None or remedy.amount is None:
        return
    with translation.override(owner.user.language):
        context = {
            "name": owner.user.display_name,
            "amount": format_money(remedy.amount, remedy.currency),
            "action": remedy.action.value,
            "page": settings.BASE_URL + _page_of(case, owner),
        }
        text = render_to_string("payments/mail/case_settled.txt", context)
    subject, _newline, body = text.strip().partition("\n")
    EmailMessage(subject=" ".join(subject.split()), body=f"{body.strip()}\n", to=[owner.user.email]).send()


def _page_of(case: PaymentCase, owner: Customer) -> str:
    mine = case.deposit is not None and case.deposit.customer_id == owner.pk
    return reverse("payments:deposit", args=[case.deposit.public_id]) if mine and case.deposit else "/"
