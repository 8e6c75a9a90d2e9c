"""What is done with an authorised payment: captured, released, given back (TeraPay contract 11)."""

from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.access.actors import Actor, system
from accounts.errors import BadField
from accounts.models import User
from accounts.services import audit
from cards import numbers, processors
from cards.errors import ActRefused, CardsClosed, NotInState, OutcomeUnknown, TooMuch
from cards.models import CardAct, CardPayment
from cards.models.states import ACT_OPEN, Act, ActState, State
from cards.processing import asking, claiming, expiring, money, moving
from cards.providers.types import CardProcessor
from config.lib.errors import Text
from config.lib.ids import new_reference
from config.lib.money import InvalidAmount, check_amount, format_money

_LONGEST_NOTE = 200
_PAST = {Act.CAPTURE: "capture_asked", Act.VOID: "release_asked", Act.REFUND: "refund_asked"}


def capture(
    *,
    payment: CardPayment,
    amount: Decimal,
    asked_by: str = "",
    caused_by: User | None = None,
    actor: Actor | None = None,
    reference: str = "",
) -> CardAct:
    """Collect ``amount`` of an authorised payment, once; the rest is released. The client gets it less our fee.

    The act's state tells: done, or failed because the processor refused. ``reference`` (of a call that may be repeated)
    makes a repetition find what it has begun. Call it outside any transaction. Raises `TooMuch`, `BadField`,
    `NotInState`, `CardsClosed`; `OutcomeUnknown` when the processor did not answer.
    """
    if reference and (begun := _begun(payment, reference)):
        return look(begun)
    processor = processors.processor_of(payment)
    act = CardAct(payment=payment, kind=Act.CAPTURE, amount=amount, asked_by=asked_by, created_by=caused_by)
    act.reference = reference
    return _do(processor, act, actor)


def void(
    *,
    payment: CardPayment,
    asked_by: str = "",
    caused_by: User | None = None,
    actor: Actor | None = None,
    reference: str = "",
) -> CardAct:
    """Release an authorised payment: nothing can be collected of it any more. As `capture` otherwise."""
    if reference and (begun := _begun(payment, reference)):
        return look(begun)
    processor = processors.processor_of(payment)
    act = CardAct(payment=payment, kind=Act.VOID, amount=payment.amount, asked_by=asked_by, created_by=caused_by)
    act.reference = reference
    return _do(processor, act, actor)


def refund(
    *,
    payment: CardPayment,
    amount: Decimal,
    note: str = "",
    asked_by: str = "",
    caused_by: User | None = None,
    actor: Actor | None = None,
    reference: str = "",
) -> CardAct:
    """Give back a part of what was captured, or all; ``note`` says why. The client's balance pays, the fee stays ours.

    The money is on its way from now on and comes back to the client when the processor refuses. As `capture`
    otherwise; raises `NotEnoughMoney` and `AccountFrozen` besides.
    """
    if reference and (begun := _begun(payment, reference)):
        return look(begun)
    processor = processors.processor_of(payment)
    words = note.strip()
    if len(words) > _LONGEST_NOTE or not words.isprintable() or numbers.hides_number(words):
        raise BadField("note", _("At most 200 characters on one line, and no card numbers."))
    act = CardAct(payment=payment, kind=Act.REFUND, amount=amount, note=words, asked_by=asked_by, created_by=caused_by)
    act.reference = reference
    return _do(processor, act, actor)


def look(act: CardAct) -> CardAct:
    """``act`` as it is now; one whose end is open is asked about once more. Raises `OutcomeUnknown`, also when there is
    nobody to ask: it was begun, and must not be begun again."""
    if act.state in ACT_OPEN:
        with suppress(CardsClosed):
            asking.ask_act(act.pk)
        act = CardAct.objects.select_related("payment__client").get(pk=act.pk)
    return known(act)


def require_done(act: CardAct) -> CardAct:
    """``act``, if it was done. Raises `ActRefused`."""
    if act.state == ActState.FAILED:
        raise ActRefused(act)
    return act


def _begun(payment: CardPayment, reference: str) -> CardAct | None:
    rows = CardAct.objects.select_related("payment__client")
    return rows.filter(payment__client_id=payment.client_id, reference=reference).first()


def _do(processor: CardProcessor, act: CardAct, actor: Actor | None) -> CardAct:
    act.reference = act.reference or new_reference("CA")
    if actor is not None:
        act.asked_by, act.created_by = act.asked_by or actor.label, act.created_by or actor.user
    _begin(act, actor or system("cards"))
    return known(asking.send_act(processor, act))


@transaction.atomic(durable=True)
def _begin(act: CardAct, actor: Actor) -> None:
    """Committed before the first byte leaves, with the money of a refund already aside."""
    act.payment = held = expiring.end(act.payment_id)
    _check(act, held)
    for name, value in claiming.lease().items():
        setattr(act, name, value)
    act.save(force_insert=True)
    if act.kind == Act.REFUND:
        moving.write(held, refunded=held.refunded + act.amount)
        money.set_refund_aside(act)
    facts: Mapping[str, Any] = {"amount": f"{act.amount} {held.currency}", "act": act.reference}
    audit.record(actor, f"card_payment.{_PAST[Act(act.kind)]}", target=held, client=held.client, after=facts)


def _check(act: CardAct, held: CardPayment) -> None:
    wanted = State.CAPTURED if act.kind == Act.REFUND else State.AUTHORIZED
    if held.state != wanted or (wanted == State.AUTHORIZED and expiring.is_busy(held)):
        raise NotInState(held)
    try:
        check_amount(act.amount, held.currency)
    except InvalidAmount as error:
        raise BadField("amount", _("Enter an amount of the payment's currency.")) from error
    most = held.refundable if act.kind == Act.REFUND else held.amount
    if act.amount > most:
        raise TooMuch(_too_much(act, held, most), fields={"amount": [_too_much(act, held, most)]})


def _too_much(act: CardAct, held: CardPayment, most: Decimal) -> Text:
    words = (
        _("At most %(most)s can be given back.") if act.kind == Act.REFUND else _("At most %(most)s was authorised.")
    )
    return words % {"most": format_money(most, held.currency)}


def known(act: CardAct) -> CardAct:
    """``act``, if it is known what became of it. Raises `OutcomeUnknown`."""
    if act.state in ACT_OPEN:
        raise OutcomeUnknown(act.payment)
    return act
