"""How far a checkout is, for whoever looks at it: worked out from its tries, never stored."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from cards.models import State as CardState
from checkout.models import Method, Session, State, Try
from config.lib.clock import now
from payments import selectors as deposits
from payments.models import Deposit

# A request that died between noting a try and asking the processor is not waited for longer.
LOST_AFTER = timedelta(seconds=60)
# The provider of a deposit is asked once more when its time is up; an arrival that was announced may take longer.
_LAST_QUESTION, _ANNOUNCED = timedelta(minutes=2), timedelta(minutes=30)
# Of one checkout. More is somebody who tries cards, not somebody who pays.
MOST_CARDS = 10
_ON_ITS_WAY = {CardState.SENDING, CardState.IN_DOUBT, CardState.AUTHORIZED, CardState.CAPTURED}


def is_confirming(attempt: Try) -> bool:
    """Whether its money is on its way, so that nobody may pay again meanwhile."""
    if attempt.is_over:
        return False
    if attempt.method == Method.CARD:
        payment = attempt.card_payment
        if payment is None:
            return attempt.created_at > now() - LOST_AFTER
        return payment.state in _ON_ITS_WAY
    deposit = attempt.deposit
    if deposit is None:
        return False
    if deposit.state == Deposit.State.SUCCESS or _stage(deposit) in {"confirming", "set_aside"}:
        return True
    return attempt.method == Method.OVO and _is_asked_about(deposit)


def is_checked(attempt: Try) -> bool:
    """Whether money came by it that a person looks at, however long ago the payer has left it."""
    return attempt.deposit is not None and deposits.waits_for_people(attempt.deposit)


def has_money_waiting(session: Session) -> bool:
    """Whether money came by any of its tries that a person looks at: nobody is asked for more meanwhile."""
    by_deposit = session.tries.filter(deposit__isnull=False).select_related("deposit")
    return any(is_checked(attempt) for attempt in by_deposit)


def is_challenged(attempt: Try) -> bool:
    """Whether the holder of the card is being asked by the bank."""
    payment = attempt.card_payment
    if attempt.is_over or payment is None or payment.state != CardState.REQUIRES_3DS:
        return False
    return payment.challenge_until is None or payment.challenge_until > now()


def is_collecting(attempt: Try) -> bool:
    """Whether it is a deposit that could still be paid."""
    return not attempt.is_over and attempt.deposit is not None and attempt.deposit.state == Deposit.State.PENDING


def is_pushed(attempt: Try) -> bool:
    """Whether OVO asks, or is about to ask, the payer by itself: that cannot be taken back, and is over in a minute."""
    return attempt.method == Method.OVO and is_payable(attempt)


def is_payable(attempt: Try) -> bool:
    """Whether it is a deposit with something to pay to, or that soon will have."""
    deposit = attempt.deposit
    return deposit is not None and is_collecting(attempt) and _stage(deposit) in {"preparing", "in_doubt", "waiting"}


def holds_up(attempt: Try, ends_at: datetime) -> bool:
    """Whether a checkout whose time was up at ``ends_at`` still waits for this try."""
    if is_challenged(attempt):
        return True
    if attempt.method == Method.CARD:
        return is_confirming(attempt)
    if is_confirming(attempt):
        return now() < ends_at + _ANNOUNCED
    return is_collecting(attempt) and now() < ends_at + _LAST_QUESTION


def is_out_of_time(session: Session) -> bool:
    """Whether its time is up and nothing that was begun can still pay it; swept or not. Costs a query only when its
    time is up."""
    if session.state != State.OPEN or session.expires_at > now():
        return False
    return not any(holds_up(attempt, session.expires_at) for attempt in open_tries(session))


def cards_are_used_up(session: Session) -> bool:
    """Whether no more cards are taken for it."""
    return session.tries.filter(method=Method.CARD).count() >= MOST_CARDS


def open_tries(session: Session) -> Iterable[Try]:
    """What is under way, the newest first."""
    return session.tries.filter(is_over=False).select_related("card_payment__card", "deposit").order_by("-id")


def _is_asked_about(deposit: Deposit) -> bool:
    """Whether OVO's minute is over and OVO has not said yet what came of it."""
    picture = deposits.picture_of(deposit)
    return picture.stage == "ended" and picture.account is not None and picture.account.state == "open"


def _stage(deposit: Deposit) -> str:
    return deposits.picture_of(deposit).stage
