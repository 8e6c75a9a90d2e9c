"""The one place that ends a checkout: paid, called off, out of time or failed. Always under the lock of its row.

Whoever holds a payment or a deposit, and accounts of the ledger, may lock a checkout after them, never the other way
round.
"""

from typing import Any

from checkout import news
from checkout.models import Session, State, Try
from config.lib.clock import now


def hold(session: Session) -> Session:
    """``session`` as it is now, with its row locked until the transaction ends."""
    return Session.objects.select_for_update(no_key=True, of=("self",)).select_related("client").get(pk=session.pk)


def close(held: Session, state: State) -> None:
    """End it unpaid. Money that comes all the same completes it later."""
    move(held, state=state, closed_at=now())
    news.tell(held)


def complete(held: Session, reference: str) -> bool:
    """It is paid by what ``reference`` names; False when it was paid before by something else, which stands."""
    if held.state == State.COMPLETED:
        return held.payment_reference == reference
    moment = now()
    move(
        held,
        state=State.COMPLETED,
        payment_reference=reference,
        completed_at=moment,
        closed_at=held.closed_at or moment,
    )
    news.tell(held)
    return True


def end(attempt: Try, reason: str = "") -> None:
    """This way of paying is over; ``reason`` says why it did not work. The caller holds the checkout."""
    if attempt.is_over:
        return
    attempt.is_over, attempt.reason, attempt.ended_at = True, reason, now()
    attempt.save(update_fields=["is_over", "reason", "ended_at"])


def move(held: Session, **fields: Any) -> None:
    """Change a held checkout; whoever looks at it sees that something is new."""
    for name, value in fields.items():
        setattr(held, name, value)
    held.version += 1
    held.save(update_fields=[*fields, "version"])
