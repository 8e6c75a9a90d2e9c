"""Which ways to pay this installation has for an amount, whoever asks."""

from decimal import Decimal

from django.conf import settings

from checkout.models import Method
from payments import methods
from payments.services import collecting

CURRENCIES = ("SLE", "IDR")
# What collects from banks and wallets in Indonesia takes rupiah only.
_RUPIAH = "IDR"


def ways(*, is_sandbox: bool, currency: str, amount: Decimal) -> set[str]:
    """Of `checkout.models.Method`, those that are open and take ``amount`` of ``currency``."""
    found = {str(Method.CARD)} if _cards_are_open(is_sandbox) else set()
    if currency != _RUPIAH:
        return found
    return found | {code for code in collecting.open_methods(is_sandbox=is_sandbox) if _fits(code, amount)}


def _cards_are_open(is_sandbox: bool) -> bool:
    return bool(settings.SANDBOX_CARDS_URL if is_sandbox else settings.CARD_PROCESSOR_URL)


def _fits(code: str, amount: Decimal) -> bool:
    way = methods.METHODS[code]
    return way.minimum <= amount <= way.maximum
