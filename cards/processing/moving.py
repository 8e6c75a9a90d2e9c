"""The one place where a card payment and its acts change their states: under the lock of the payment's row, together
with the money that follows. Whoever has lost the lease changes nothing.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from cards import fees, news
from cards.models import CardAct, CardPayment
from cards.models.states import ENDS, Act, ActState, Reason, State
from cards.processing import listeners, money
from cards.processing.judging import ActVerdict, Verdict
from config.lib.clock import now

_FREE: dict[str, Any] = {"lease_token": None, "lease_until": None}


def hold(payment_id: int) -> CardPayment:
    """The payment as it is now, locked to the end of the caller's transaction."""
    rows = CardPayment.objects.select_related("client", "card").select_for_update(of=("self",), no_key=True)
    return rows.get(pk=payment_id)


def write(held: CardPayment, **changes: Any) -> None:
    """Write fields of a held payment; whoever listens is told when its state is another one."""
    is_move = changes.get("state", held.state) != held.state
    changes["version"] = held.version + 1
    for name, value in changes.items():
        setattr(held, name, value)
    held.save(update_fields=list(changes))
    if is_move:
        listeners.tell(held)
        news.changed(held)


@transaction.atomic
def settle(payment: CardPayment, verdict: Verdict) -> CardPayment:
    """Write down what came of asking the processor about ``payment``, unless somebody else has it by now.

    Returns the payment as it is then. Raises what a listener raises, and nothing is written.
    """
    held = hold(payment.pk)
    if held.lease_token is not None and held.lease_token == payment.lease_token:
        write(held, **_changes(held, verdict))
    return held


def _changes(held: CardPayment, verdict: Verdict) -> dict[str, Any]:
    changes: dict[str, Any] = {**_FREE, "state": verdict.state, "asked": verdict.asked, "in_doubt_since": None}
    changes["processor_id"] = verdict.processor_id or held.processor_id
    if verdict.code or verdict.message:
        changes |= {"processor_code": verdict.code[:40], "processor_message": verdict.message[:200]}
    match verdict.state:
        case State.IN_DOUBT:
            since = held.in_doubt_since or held.created_at
            changes |= {"in_doubt_since": since, "due_at": now() + timedelta(seconds=verdict.wait)}
        case State.REQUIRES_3DS:
            changes |= _challenge(held, verdict)
        case State.AUTHORIZED:
            changes |= _authorized()
        case _:
            changes |= {"reason": verdict.reason, **_over()}
    return changes


def _challenge(held: CardPayment, verdict: Verdict) -> dict[str, Any]:
    if verdict.is_open_again:
        return {"challenge_used_at": None, "due_at": held.challenge_until or now()}
    latest = now() + timedelta(minutes=settings.CARD_CHALLENGE_MINUTES)
    until = min(verdict.challenge_until or latest, latest)
    return {"acs_url": verdict.acs_url, "pa_req": verdict.pa_req, "challenge_until": until, "due_at": until}


def _authorized() -> dict[str, Any]:
    until = now() + timedelta(days=settings.CARD_AUTHORIZATION_DAYS)
    return {"authorized_at": now(), "expires_at": until, "due_at": until}


def _over() -> dict[str, Any]:
    return {**_FREE, "due_at": None, "closed_at": now()}


def decline(held: CardPayment, reason: Reason) -> None:
    """End a held payment that never was authorised."""
    write(held, state=State.DECLINED, reason=reason, in_doubt_since=None, **_over())


def expire(held: CardPayment) -> None:
    """The authorisation ran out: nothing more can be collected of it."""
    write(held, state=State.EXPIRED, **_over())


@transaction.atomic
def settle_act(act: CardAct, verdict: ActVerdict) -> CardAct:
    """Write down what came of ``act`` with everything that follows: the payment's state and the money."""
    payment = hold(act.payment_id)
    held = CardAct.objects.select_for_update(of=("self",), no_key=True).get(pk=act.pk)
    held.payment = payment
    if held.lease_token is not None and held.lease_token == act.lease_token:
        _write_act(held, verdict)
        _follow(held)
    return held


def _write_act(held: CardAct, verdict: ActVerdict) -> None:
    is_over = verdict.state in (ActState.DONE, ActState.FAILED)
    changes: dict[str, Any] = {"state": verdict.state, "asked": verdict.asked, "reason": verdict.reason}
    changes |= {"processor_code": verdict.code[:40], "processor_id": verdict.processor_id or held.processor_id}
    # What goes out again stays in the hands of whoever sends it.
    changes |= {} if verdict.state == ActState.SENDING else _FREE
    changes["done_at"] = now() if is_over else None
    changes["due_at"] = _due(held, verdict)
    changes["in_doubt_since"] = _since(held) if verdict.state == ActState.IN_DOUBT else None
    _save(held, changes)


def _due(held: CardAct, verdict: ActVerdict) -> datetime | None:
    if verdict.state == ActState.SENDING:
        return held.lease_until
    return now() + timedelta(seconds=verdict.wait) if verdict.state == ActState.IN_DOUBT else None


def _since(held: CardAct) -> datetime:
    return held.in_doubt_since or held.created_at


def _save(held: CardAct, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        setattr(held, name, value)
    held.save(update_fields=list(changes))


def _follow(act: CardAct) -> None:
    """The payment and the money behind an act that has ended."""
    match (Act(act.kind), ActState(act.state)):
        case (Act.CAPTURE, ActState.DONE):
            _captured(act)
        case (Act.VOID, ActState.DONE):
            _require_open(act)
            write(act.payment, state=State.VOIDED, **_over())
        case (Act.REFUND, ActState.DONE):
            money.post_refund(act)
            news.refunded(act)
        case (Act.REFUND, ActState.FAILED):
            write(act.payment, refunded=act.payment.refunded - act.amount)
            money.return_refund(act)


def _captured(act: CardAct) -> None:
    _require_open(act)
    fee = fees.fee_of(act.amount, act.payment.currency)
    # First the money, then whoever listens, as with deposits: who locks accounts and checkouts takes them in one order.
    money.post_capture(act, fee)
    write(act.payment, state=State.CAPTURED, captured=act.amount, fee=fee, captured_at=now(), **_over())


def _require_open(act: CardAct) -> None:
    if act.payment.state in ENDS:
        raise RuntimeError(f"act {act.reference} is done on a payment that is {act.payment.state}")
