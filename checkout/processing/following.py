"""What comes next for a try: collect what a card has promised, release what nobody needs, stop what is not paid.

The request of the payer does it first; what it could not finish is done by a sweep. Nothing here holds a lock while it
talks to others.
"""

from contextlib import suppress
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max, Q

from cards.models import Act, ActState, CardPayment
from cards.models import State as CardState
from cards.services import acts
from checkout import stages
from checkout.models import Method, Session, State, Try
from checkout.processing import closing
from config.lib.clock import now
from config.lib.errors import ServiceError
from payments.models import Deposit
from payments.services import collecting

# The request that had a card approved goes on to collect by itself; the sweep comes after it.
_HEAD_START = timedelta(seconds=3)
_AT_ONCE, _MOST = 100, 1000


def due() -> list[int]:
    """Tries for which something is to be done now."""
    moment = now()
    lost = Q(method=Method.CARD, card_payment__isnull=True, created_at__lt=moment - stages.LOST_AFTER)
    ended = Q(deposit__isnull=False) & (~Q(session__state=State.OPEN) | ~Q(deposit__state=Deposit.State.PENDING))
    left = Q(is_over=True, deposit__state=Deposit.State.PENDING)
    found: list[int] = []
    for wanted in (Q(is_over=False) & (lost | ended), left):
        found += Try.objects.filter(wanted).order_by("id").values_list("pk", flat=True)[:_AT_ONCE]
    return found + _approved(moment)[:_AT_ONCE]


def _approved(moment: datetime) -> list[int]:
    """Tries with a card that is neither collected nor released. After a refusal they are left alone for as long again:
    a processor that is away, or that refuses for good, is not told so with every sweep."""
    # Whatever is authorised is due one day, which is what its index is made of.
    waiting = Try.objects.filter(card_payment__due_at__isnull=False, card_payment__state=CardState.AUTHORIZED)
    rows = waiting.filter(card_payment__authorized_at__lt=moment - _HEAD_START).order_by("id")
    tried = rows.annotate(tried=Max("card_payment__acts__done_at"))
    found = tried.values_list("pk", "card_payment__authorized_at", "tried")
    return [pk for pk, since, last in found[:_MOST] if last is None or moment - last > last - since]


def carry_on(try_id: int) -> None:
    """Do what is to be done for one try; nothing is a good answer. Call it outside any transaction."""
    attempt = Try.objects.select_related("session__client", "card_payment", "deposit").get(pk=try_id)
    if attempt.deposit is not None:
        _follow_deposit(attempt, attempt.deposit)
    elif attempt.card_payment is None:
        _find(attempt)
    elif attempt.card_payment.state == CardState.AUTHORIZED:
        _use(attempt, attempt.card_payment)


def _use(attempt: Try, payment: CardPayment) -> None:
    """Collect what was approved for a checkout that waits for it, of a client that is not switched off; release it
    otherwise."""
    session, asked_by = attempt.session, f"checkout {attempt.session.reference}"
    is_wanted = not attempt.is_over and session.state == State.OPEN and session.client.is_active
    # Refused: somebody else is at it, or the processor is away. The sweep looks again.
    with suppress(ServiceError):
        if is_wanted and not _was_refused(payment):
            act = acts.capture(payment=payment, amount=session.amount, asked_by=asked_by)
            if act.state != ActState.FAILED:
                return
        released = acts.void(payment=payment, asked_by=asked_by)
        if released.state == ActState.FAILED:
            _end(attempt, "processing")


def _end(attempt: Try, reason: str) -> None:
    """Nothing is waited for any more by this way: what a card has promised is only released from now on."""
    with transaction.atomic():
        held = closing.hold(attempt.session)
        attempt.refresh_from_db()
        closing.end(attempt, reason)
        closing.move(held)


def _was_refused(payment: CardPayment) -> bool:
    return payment.acts.filter(kind=Act.CAPTURE, state=ActState.FAILED).exists()


def _find(attempt: Try) -> None:
    """A try whose request died: its payment is there under its reference, or never began."""
    with transaction.atomic():
        held = closing.hold(attempt.session)
        attempt.refresh_from_db()
        if attempt.is_over or attempt.card_payment_id is not None:
            return
        attempt.card_payment = CardPayment.objects.filter(reference=attempt.reference).first()
        if attempt.card_payment is not None:
            attempt.save(update_fields=["card_payment"])
        elif attempt.created_at < now() - stages.LOST_AFTER:
            closing.end(attempt, "never_arrived")
        closing.move(held)


def _follow_deposit(attempt: Try, deposit: Deposit) -> None:
    if deposit.state == Deposit.State.PENDING:
        if attempt.is_over or attempt.session.state != State.OPEN:
            collecting.stop(deposit=deposit)
        return
    _end(attempt, deposit.state)


def expire() -> int:
    """End what is out of time; how many those were. What waits for money on its way is left for later."""
    overdue = Session.objects.filter(state=State.OPEN, expires_at__lte=now()).order_by("expires_at")
    return sum(_expire(session) for session in overdue[:_AT_ONCE])


@transaction.atomic
def _expire(session: Session) -> bool:
    held = closing.hold(session)
    if not stages.is_out_of_time(held):
        return False
    closing.close(held, State.EXPIRED)
    return True
