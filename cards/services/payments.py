"""Payments by card: authorised, and confirmed by the holder (TeraPay contract 11)."""

import logging
from contextlib import suppress
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from accounts.errors import BadField
from accounts.models import ApiUser, Client, User
from cards import fees, numbers, processors, vault
from cards.errors import BadAnswer, CardsClosed, NoSuchCard, NotInState, OrderTaken, OutcomeUnknown, ProcessorAway
from cards.models import Card, CardPayment
from cards.models.states import State
from cards.processing import asking, claiming, expiring, judging, moving
from cards.providers.types import CardProcessor, Plain, Wanted
from config.lib.clock import now
from config.lib.ids import new_reference
from config.lib.money import InvalidAmount, check_amount

LONGEST_ORDER, _LONGEST_ANSWER = 100, 4000
_UNKNOWN = (State.SENDING, State.IN_DOUBT)

logger = logging.getLogger(__name__)


def is_open(*, is_sandbox: bool, currency: str) -> bool:
    """Whether cards are charged in this world and currency now."""
    return currency in fees.currencies() and processors.is_open(is_sandbox) and vault.is_open()


@sensitive_variables("code")
def authorize(
    *,
    client: Client,
    is_sandbox: bool,
    card: Card,
    amount: Decimal,
    currency: str,
    order_id: str = "",
    code: str = "",
    return_url: str = "",
    origin: str = "",
    api_user: ApiUser | None = None,
    caused_by: User | None = None,
    reference: str = "",
) -> CardPayment:
    """Ask the processor for ``amount``; the state tells: authorized, requires_3ds or declined.

    ``code`` is the security code where a payer has just typed it; it goes to the processor and nowhere else. The holder
    comes back to ``return_url`` after a challenge. An order is authorised once, as long as that is not declined,
    released or expired. ``reference`` (of a call that may be repeated) makes a repetition find what it has begun. Call
    it outside any transaction: it waits for the processor, at most CARD_TIMEOUT_SECONDS.

    Raises `CardsClosed`, `NoSuchCard`, `BadField` (amount, currency, order_id), `OrderTaken`; `OutcomeUnknown` with
    ``.payment``, which is being checked then and must not be made again.
    """
    if reference and (known := CardPayment.objects.filter(client=client, reference=reference).first()):
        return look(known)
    _check(amount, currency, order_id)
    processor = processors.processor_for(is_sandbox)
    if (card.client_id, card.is_sandbox, card.removed_at) != (client.pk, is_sandbox, None):
        raise NoSuchCard
    plain = _opened(card, code)
    payment = _begin(
        CardPayment(
            reference=reference or new_reference("CP"),
            client=client,
            is_sandbox=is_sandbox,
            card=card,
            api_user=api_user,
            created_by=caused_by,
            origin=origin,
            order_id=order_id,
            amount=amount,
            currency=currency,
            processor=processor.name,
        )
    )
    return _sent(processor, payment, plain, return_url)


def _check(amount: Decimal, currency: str, order_id: str) -> None:
    if currency not in fees.currencies():
        raise BadField("currency", _("Cards are charged in %(list)s.") % {"list": ", ".join(fees.currencies())})
    try:
        check_amount(amount, currency)
    except InvalidAmount as error:
        words = _("Enter whole rupiah.") if currency == "IDR" else _("Enter an amount with at most two decimals.")
        raise BadField("amount", words) from error
    if len(order_id) > LONGEST_ORDER or not order_id.isprintable():
        raise BadField("order_id", _("At most 100 characters on one line."))
    if numbers.hides_number(order_id):
        raise BadField("order_id", _("This looks like the number of a card, which we keep nowhere but behind a token."))


@sensitive_variables()
def _opened(card: Card, code: str) -> Plain:
    if not vault.is_open():
        raise CardsClosed
    try:
        number = vault.unseal(card.token, card.sealed_number or b"")
    except vault.Unreadable as error:
        logger.error("no key opens the card with the id %s", card.pk)
        raise CardsClosed from error
    return Plain(number, card.expiry_month, card.expiry_year, code)


def _begin(payment: CardPayment) -> CardPayment:
    """Committed before the first byte leaves: whatever happens then, the processor can be asked about it."""
    try:
        with transaction.atomic(durable=True):
            for name, value in claiming.lease().items():
                setattr(payment, name, value)
            payment.save(force_insert=True)
            Card.objects.filter(pk=payment.card_id).update(last_used_at=payment.created_at)
    except IntegrityError as error:
        if "card_pay_order_once" not in str(error):
            raise
        raise OrderTaken from None
    return payment


@sensitive_variables("plain")
def _sent(processor: CardProcessor, payment: CardPayment, plain: Plain, return_url: str) -> CardPayment:
    wanted = Wanted(
        reference=payment.reference,
        amount=payment.amount,
        currency=payment.currency,
        order_id=payment.order_id,
        return_url=return_url,
        ask_holder=fees.asks_holder(payment.amount, payment.currency),
    )
    answer = asking.answer_of(lambda: processor.authorize(wanted, plain))
    return known(moving.settle(payment, judging.of_authorizing(payment, answer)))


def known(payment: CardPayment) -> CardPayment:
    """``payment``, if it is known what became of it. Raises `OutcomeUnknown`."""
    if payment.state in _UNKNOWN:
        raise OutcomeUnknown(payment)
    return payment


def look(payment: CardPayment) -> CardPayment:
    """``payment`` as it is now; one that is being checked is asked about once more, if nobody does at this moment.

    Call it outside any transaction. Raises `OutcomeUnknown`, also when there is nobody to ask: it was begun, and must
    not be made again.
    """
    if payment.state not in _UNKNOWN:
        return payment
    with suppress(CardsClosed):
        asking.ask_payment(payment.pk)
    return known(CardPayment.objects.select_related("card").get(pk=payment.pk))


def verify(*, payment: CardPayment, pa_res: str) -> CardPayment:
    """Hand over the answer to the challenge of ``payment``; the state tells: authorized or declined. An answer that
    comes too late ends the payment as declined.

    One answer, once: of several at the same time one is taken. Call it outside any transaction. Raises `BadAnswer`
    (nothing changed, another one may come), `NotInState` when no challenge is open, `CardsClosed`, `ProcessorAway`,
    `OutcomeUnknown`.
    """
    processor = processors.processor_of(payment)
    if len(pa_res) > _LONGEST_ANSWER or not processor.could_be(payment.reference, pa_res):
        _require_challenge(CardPayment.objects.get(pk=payment.pk))
        raise BadAnswer
    taken = _take_challenge(payment.pk)
    if taken.state == State.DECLINED:
        return taken
    answer = asking.answer_of(lambda: processor.verify(taken.reference, pa_res))
    settled = known(moving.settle(taken, judging.of_verifying(taken, answer)))
    if settled.state == State.REQUIRES_3DS:
        # Nobody has seen it, or it was refused as nobody's: the challenge waits as before.
        raise BadAnswer if getattr(answer, "code", "") == "bad_pares" else ProcessorAway
    return settled


def _take_challenge(payment_id: int) -> CardPayment:
    """The payment with its challenge in our hands: from now on nobody else's answer counts."""
    with transaction.atomic(durable=True):
        held = expiring.end(payment_id)
        if held.state == State.DECLINED and held.reason == "challenge_too_late" and held.challenge_used_at is None:
            return held
        _require_challenge(held)
        lease = claiming.lease()
        moving.write(held, state=State.IN_DOUBT, in_doubt_since=now(), challenge_used_at=now(), asked=0, **lease)
    return held


def _require_challenge(payment: CardPayment) -> None:
    if payment.state != State.REQUIRES_3DS or payment.challenge_used_at is not None:
        raise NotInState(payment)
