"""Transfers to one receiver: asked for, let go by a code, called off (TeraPay contract 8)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.views.decorators.debug import sensitive_variables

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.errors import BadField
from accounts.services import audit
from config.lib.clock import now
from config.lib.errors import ServiceError
from payouts import fraud, news, rails, sending
from payouts.errors import BadDestination, NoRail, NotFound, NotPending, PayoutBlocked, TriesUsedUp
from payouts.models import Payout
from payouts.models.states import Kind, Problem, Reason, Source, State
from payouts.providers.types import Holder
from payouts.routing import Route, Routes
from payouts.services import codes, making
from payouts.services.making import Call, Wish
from payouts.wire import is_overdue

# How long a call that lets a payment go waits for its end; it goes on without the caller after that.
PATIENCE_SECONDS = 5.0


def initiate(
    *,
    actor: Actor,
    amount: Decimal,
    account_number: str = "",
    phone: str = "",
    narration: str = "",
    receiver_name: str = "",
) -> Payout:
    """Ask for a transfer of ``amount`` SLE to an account or a phone number; its code is sent to whoever asks.

    Nothing is taken from the balance yet. Raises `NoClient`, `BadDestination`, `BadField`, `Invalid`, `NoRail`;
    `PayoutBlocked` with ``.payout``, which is kept as rejected.
    """
    call = Call(actor, policy.own_client(actor))
    wish = _wish(account_number, phone, amount, narration, receiver_name)
    rails.rail_for(wish.route.kind, actor.is_sandbox)
    holder = _holder(actor, wish.route)
    with transaction.atomic():
        payout = _initiate(call, wish, holder)
    if payout.state == State.REJECTED:
        raise PayoutBlocked(payout)
    return payout


@sensitive_variables("code")
def authorise(*, actor: Actor, payout: Payout, code: str) -> Payout:
    """Let ``payout`` go with its code: its money is set aside, and the worker sends it. Whoever may act for the same
    client may do so.

    Raises `WrongCode`, `CodeExpired`, `TriesUsedUp` (it has failed then), `NotPending`, `PayoutBlocked`, `NoRail`;
    `NotEnoughMoney`, which leaves the code good.
    """
    with transaction.atomic():
        held = _hold(actor, payout)
        refusal = _let_go(actor, held, code)
    if refusal is not None:
        raise refusal
    return held


def resend(*, actor: Actor, payout: Payout) -> Payout:
    """Send a new code to whoever asked for ``payout``; the old one is worth nothing then.

    Raises `NotPending`, `CodeTooSoon`, `NoResendsLeft`.
    """
    with transaction.atomic():
        held = _hold(actor, payout)
        waits = _waits(held)
        if waits:
            codes.send_again(held)
            audit.record(actor, "payout.code_resent", target=held)
    if not waits:
        raise NotPending
    return held


def cancel(*, actor: Actor, payout: Payout) -> Payout:
    """Call it off as long as nothing was given to the bank or operator; money set aside comes back. Also one of a call
    that paid many.

    Raises `NotPending`.
    """
    with transaction.atomic():
        held = _hold(actor, payout, but=[Source.BATCH])
        is_off = _call_off(held)
        if is_off:
            audit.record(actor, "payout.cancelled", target=held)
    if not is_off:
        raise NotPending
    return held


def wait_for(payouts: Sequence[Payout], seconds: float = PATIENCE_SECONDS) -> None:
    """Send them now, in the caller's thread and outside any transaction, instead of at the worker's next turn."""
    sending.attend([payout.pk for payout in payouts], seconds)


def _wish(account_number: str, phone: str, amount: Decimal, narration: str, receiver_name: str) -> Wish:
    routes = Routes()
    if phone and not account_number:
        route = making.phone_of(routes, phone, "phone")
    else:
        route = making.account_of(routes, account_number, "account_number")
    making.check(amount)
    words, name = making.texts({"narration": narration, "receiver_name": receiver_name})
    return Wish(route, amount, words or f"Transfer to {route.receiver}", name)


def _holder(actor: Actor, route: Route) -> Holder | None:
    """Whose account it is. Only people wait for that: a program asks for what it knows."""
    if actor.kind != "session":
        return None
    holder = rails.holder_of(route.kind, route.code, route.receiver)
    if holder is not None and not holder.found:
        field = "phone" if route.phone else "account_number"
        raise BadField(field, Reason.NO_ACCOUNT.label)
    return holder


def _initiate(call: Call, wish: Wish, holder: Holder | None) -> Payout:
    payout = making.store(call, [wish])[0]
    if holder is not None and holder.name:
        payout.holder_name = holder.name[: making.LONGEST_NAME]
        payout.save(update_fields=["holder_name"])
    is_blocked = payout.state == State.REJECTED
    if not is_blocked:
        codes.send_first(payout)
    audit.record(call.actor, "payout.blocked" if is_blocked else "payout.asked", target=payout, after=_facts(payout))
    return payout


def _facts(payout: Payout) -> dict[str, Any]:
    return {"receiver": payout.receiver, "amount": f"{payout.amount} {payout.currency}", "status": payout.state}


_WITHOUT_CODE = [source for source in Source if source != Source.TRANSFER]


def _hold(actor: Actor, payout: Payout, but: Sequence[Source] = _WITHOUT_CODE) -> Payout:
    """The row as it is now, locked: one of the actor's own client in the actor's own world. What belongs to a batch
    goes by the batch's rules. Raises `NoClient`, `NotFound`."""
    own = Payout.objects.filter(client=policy.own_client(actor), is_sandbox=actor.is_sandbox)
    rows = (
        own.exclude(source__in=but).select_related("api_user", "created_by", "client").select_for_update(of=("self",))
    )
    held = rows.filter(pk=payout.pk).first()
    if held is None:
        raise NotFound
    return held


def _waits(held: Payout) -> bool:
    """Whether a code may still come; one that waited in vain is closed here, if nobody did it before."""
    if is_overdue(held):
        _close(held, State.EXPIRED, Reason.CODE_TOO_LATE)
    return held.state == State.PENDING


@sensitive_variables("code")
def _let_go(actor: Actor, held: Payout, code: str) -> ServiceError | None:
    if not _waits(held):
        return NotPending()
    # Closed since it was asked for: the code stays good until somebody opens a way.
    rails.rail_for(held.kind, held.is_sandbox)
    _require_served(held)
    refusal = codes.use(held, code) or _barred(held)
    if refusal is not None:
        if held.state == State.PENDING and isinstance(refusal, TriesUsedUp):
            _close(held, State.FAILED, Reason.WRONG_CODE)
        if held.state != State.PENDING:
            audit.record(actor, "payout.stopped", target=held, after={"status": held.state, "reason": held.reason})
        return refusal
    sending.reserve([held], memo=held.narration, caused_by=actor.user)
    audit.record(actor, "payout.authorized", target=held, after=_facts(held))
    return None


def _require_served(held: Payout) -> None:
    try:
        Routes().of(held.receiver) if held.kind == Kind.MOBILE else Routes().account(held.receiver)
    except BadDestination as error:
        raise NoRail from error


def _barred(held: Payout) -> PayoutBlocked | None:
    """A receiver that was blocked while the code was on its way."""
    if not fraud.is_on_blocklist(held.client, held.receiver):
        return None
    held.flags = [
        *held.flags,
        {"rule": "Blocklist", "severity": fraud.BLOCK, "detail": str(Problem.BLOCKED_RECEIVER.label)},
    ]
    held.is_flagged = True
    held.save(update_fields=["flags", "is_flagged"])
    _close(held, State.REJECTED, Reason.BLOCKED)
    return PayoutBlocked(held)


def _call_off(held: Payout) -> bool:
    if _waits(held):
        _close(held, State.CANCELLED, Reason.CANCELLED)
        return True
    if held.state != State.AUTHORIZED or not sending.release([held.pk], to=State.CANCELLED, reason=Reason.CANCELLED):
        return False
    held.refresh_from_db()
    return True


def _close(held: Payout, state: State, reason: Reason) -> None:
    """The end of a transfer that never had money set aside."""
    held.state, held.reason = state, reason
    held.closed_at, held.due_at = now(), None
    held.lease_token = held.lease_until = None
    held.version += 1
    held.save(update_fields=["state", "reason", "closed_at", "due_at", "lease_token", "lease_until", "version"])
    news.ended([held.pk])
