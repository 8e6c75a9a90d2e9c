"""The postings of cards, one function for each movement. Each happens once, by the reference of the act behind it."""

from decimal import Decimal

from accounts.models import User
from cards import books
from cards.errors import NotEnoughMoney
from cards.models import CardAct, CardPayment
from wallets.errors import InsufficientFunds
from wallets.services import Purse, post_legs
from wallets.services.clients import Place

# What the ledger calls them; the check of cards counts all of them, and no other.
CAPTURED, REFUND, REFUNDED, REFUND_BACK = "card", "card_refund", "card_refund_paid", "card_refund_back"
KINDS = (CAPTURED, REFUND, REFUNDED, REFUND_BACK)
Legs = list[tuple[Place, Decimal]]


def post_capture(act: CardAct, fee: Decimal) -> None:
    """What the processor has collected goes to the client, and ``fee`` of it to us."""
    payment = act.payment
    purse = purse_of(payment)
    clearing = books.clearing(payment.processor, payment.is_sandbox)
    legs: Legs = [(clearing, -act.amount), (purse, act.amount)]
    legs += [(purse, -fee), (books.fees(payment.is_sandbox), fee)]
    _post(act, CAPTURED, legs, act.created_by)


def set_refund_aside(act: CardAct) -> None:
    """Money of the client is on its way back to the holder. Raises `NotEnoughMoney`, `AccountFrozen`."""
    legs: Legs = [(purse_of(act.payment), -act.amount), (books.refunds(act.payment.is_sandbox), act.amount)]
    try:
        _post(act, REFUND, legs, act.created_by)
    except InsufficientFunds as error:
        raise NotEnoughMoney from error


def post_refund(act: CardAct) -> None:
    """The processor has given it back; the fee of the capture stays."""
    payment = act.payment
    clearing = books.clearing(payment.processor, payment.is_sandbox)
    _post(act, REFUNDED, [(books.refunds(payment.is_sandbox), -act.amount), (clearing, act.amount)], None)


def return_refund(act: CardAct) -> None:
    """It was not given back after all: it is the client's again."""
    legs: Legs = [(books.refunds(act.payment.is_sandbox), -act.amount), (purse_of(act.payment), act.amount)]
    _post(act, REFUND_BACK, legs, None)


def purse_of(payment: CardPayment) -> Purse:
    """The balance of the client in the payment's currency and world."""
    return Purse(payment.client, payment.currency, payment.is_sandbox)


def _post(act: CardAct, kind: str, legs: Legs, caused_by: User | None) -> None:
    post_legs(
        legs=legs,
        currency=act.payment.currency,
        kind=kind,
        reference=f"{kind}:{act.reference}",
        subject=act.payment.subject,
        memo=act.payment.order_id or act.payment.reference,
        caused_by=caused_by,
    )
