"""The mail to staff that our money at the supplier runs out, in their language."""

from decimal import Decimal

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import User
from config.lib.money import format_money


def say_low(key_name: str, amount: Decimal) -> None:
    """Queue a mail to everybody who may top the balance up. ``amount`` in rupiah."""
    for person in _who_may_act():
        with translation.override(person.language):
            EmailMessage(subject=_subject(amount), body=_body(key_name, amount), to=[person.email]).send()


def _who_may_act() -> list[User]:
    holders = User.objects.filter(
        is_active=True, portal__client__isnull=True, portal__roles__permissions__name="Supplier.Manage"
    )
    return list(holders.distinct().order_by("pk"))


def _subject(amount: Decimal) -> str:
    return _("Our balance at OTPZap is low: %(amount)s") % {"amount": format_money(amount, "IDR")}


def _body(key_name: str, amount: Decimal) -> str:
    words = _(
        "The key %(key)s has %(amount)s left at OTPZap. At %(stop)s new orders stop; running ones go on.\n\n"
        "Top it up here: %(page)s\n"
    )
    stop = format_money(Decimal(settings.OTPZAP_FLOAT_STOP), "IDR")
    page = settings.BASE_URL + reverse("staff:supplier")
    return words % {"key": key_name, "amount": format_money(amount, "IDR"), "stop": stop, "page": page}
