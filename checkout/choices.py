"""Which ways to pay this installation has for an amount, whoever asks."""

from decimal import Decimal

from cards.services import payments as cards
from checkout import stages
from checkout.models import Method, Session
from payments import methods
from payments.services import collecting

CURRENCIES = ("SLE", "IDR")
# What collects from banks and wallets in Indonesia takes rupiah only.
_RUPIAH = "IDR"


def ways(*, is_sandbox: bool, currency: str, amount: Decimal) -> set[str]:
    """Of `checkout.models.Method`, those that are open and take ``amount`` of ``currency``."""
    found = {str(Method.CARD)} if cards.is_open(is_sandbox=is_sandbox, currency=currency) else set()
    if currency != _RUPIAH:
        return found
    return found | {code for code in collecting.open_methods(is_sandbox=is_sandbox) if _fits(code, amount)}


def offered(session: Session) -> list[str]:
    """The ways by which this checkout can be paid now, in the order that its client wants; none while that client is
    switched off."""
    if not session.client.is_active:
        return []
    possible = ways(is_sandbox=session.is_sandbox, currency=session.currency, amount=session.amount)
    if stages.cards_are_used_up(session):
        possible.discard(Method.CARD)
    return [method for method in session.methods if method in possible]


def _fits(code: str, amount: Decimal) -> bool:
    way = methods.METHODS[code]
    return way.minimum <= amount <= way.maximum
