"""What card payments and deposits mean for their checkouts, inside the very transaction that changes them."""

from decimal import Decimal

from cards.models import CardPayment
from cards.models import State as CardState
from cards.models.states import ENDS
from cards.services import tokens
from checkout import stages
from checkout.models import Method, Session, State, Try
from checkout.processing import closing
from payments.models import Deposit

# Why a try is over although money came by it.
PAID_TWICE, UNDERPAID = "paid_twice", "underpaid"


def card_changed(payment: CardPayment) -> None:
    """A card payment has another state: its checkout is paid by a capture of all of it, and by nothing else."""
    attempt = Try.objects.filter(reference=payment.reference).first() if payment.origin else None
    if attempt is None:
        return
    held = closing.hold(attempt.session)
    attempt.refresh_from_db()
    if attempt.card_payment_id is None:
        attempt.card_payment = payment
        attempt.save(update_fields=["card_payment"])
    if payment.state != CardState.SENDING:
        # The processor has it; nobody asked us to keep it for another time.
        tokens.forget(card=payment.card)
    if payment.state == CardState.CAPTURED:
        _arrived(held, attempt, payment.captured, payment.reference)
    elif payment.state in ENDS:
        closing.end(attempt, payment.reason or payment.state)
        _end_hopeless(held)
    closing.move(held)


def deposit_settled(deposit: Deposit) -> None:
    """Money of a deposit is on its client's balance."""
    attempt = Try.objects.filter(deposit=deposit).first()
    if attempt is None:
        return
    held = closing.hold(attempt.session)
    attempt.refresh_from_db()
    _arrived(held, attempt, deposit.received_amount or Decimal(0), str(deposit.public_id))


def _arrived(held: Session, attempt: Try, amount: Decimal, reference: str) -> None:
    """With less than was asked (of a card the client may capture a part) the checkout has failed: nobody is to pay the
    whole amount once more on top of it."""
    if amount >= held.amount:
        _paid(held, attempt, reference)
        return
    closing.end(attempt, UNDERPAID)
    if held.state == State.OPEN:
        closing.close(held, State.FAILED)


def _paid(held: Session, attempt: Try, reference: str) -> None:
    is_first = closing.complete(held, reference)
    closing.end(attempt)
    # Also of a way that was left: its money has come, and that is what counts.
    attempt.reason = "" if is_first else PAID_TWICE
    attempt.save(update_fields=["reason"])


def _end_hopeless(held: Session) -> None:
    """So many cards were declined that no more are taken, and there is no other way."""
    if held.state != State.OPEN or set(held.methods) - {Method.CARD} or not stages.cards_are_used_up(held):
        return
    closing.close(held, State.FAILED)
