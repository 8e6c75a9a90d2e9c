"""What a payer does on the page: pays by card, answers the bank's question, or has a number or a QR made.

One try at a time: whoever begins another way leaves the one before. Every press of a button carries a key of its own,
so a second one finds what the first began.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from cards.errors import NotInState, OrderTaken, OutcomeUnknown
from cards.models import Card
from cards.services import payments, tokens
from checkout import choices, stages
from checkout.errors import MoneyIsChecked, NotOffered, SessionOver, TooManyTries, TryUnderWay
from checkout.models import Method, Session, State, Try
from checkout.processing import closing, following
from checkout.wire import page_url
from config.lib.addresses import network_of
from config.lib.clock import now
from config.lib.errors import ServiceError
from config.lib.ids import new_reference
from config.lib.limits import TokenWindow, take_from_all
from payments.services import collecting

# Somebody who tries stolen cards uses many checkouts from one place; an office behind one address pays a few.
CARDS_PER_ADDRESS, WAYS_PER_ADDRESS = 20, 30
WAYS_PER_SESSION = 12
WINDOW_SECONDS = 600
# With less time left nothing new is begun: nobody could pay it in peace.
LEAST_TIME = timedelta(minutes=1)
# The number of a typed card is given up as soon as the processor has it; after so long even if its request died.
KEPT_FOR = timedelta(minutes=2)
# Why a try is over that the payer has left for another way.
LEFT = "left"


@dataclass(frozen=True)
class TypedCard:
    """What the payer has typed, for as long as the request lasts. Its text shows nothing of it."""

    number: str = field(repr=False)
    expiry_month: int = field(repr=False)
    expiry_year: int = field(repr=False)
    code: str = field(repr=False)


@sensitive_variables("card")
def pay_by_card(*, session: Session, press: UUID, card: TypedCard, address: str | None = None) -> Try:
    """Charge ``card`` with the whole amount, in this request as far as the processor answers in time. What became of it
    stands in the try; a second call with the same ``press`` gives the first try. Call it outside any transaction.

    Raises `cards.errors.BadCard` (nothing was begun), `SessionOver`, `TryUnderWay`, `NotOffered`, `TooManyTries`,
    `cards.errors.CardsClosed`.
    """
    if (same := session.tries.filter(press=press).first()) is not None:
        return same
    _count(TokenWindow(f"checkout:cards:{network_of(address)}", limit=CARDS_PER_ADDRESS, seconds=WINDOW_SECONDS))
    attempt, kept = _begin_card(session, press, card)
    if kept is None:
        return attempt
    try:
        _authorize(attempt, kept, card.code)
    except OutcomeUnknown:
        return attempt
    except OrderTaken:
        _give_up(attempt, kept)
        raise TryUnderWay from None
    except ServiceError:
        _give_up(attempt, kept)
        raise
    following.carry_on(attempt.pk)
    return attempt


def answer_challenge(*, session: Session, pa_res: str, reference: str = "") -> None:
    """Hand over what the bank sent back with the holder of the card; ``reference`` is the payment that it names.

    Quiet when no such question is open any more: the page tells how things stand. Raises `cards.errors.BadAnswer`,
    `cards.errors.CardsClosed`.
    """
    asked = [one for one in stages.open_tries(session) if stages.is_challenged(one)]
    attempt = next((one for one in asked if reference in {"", one.reference}), None)
    if attempt is None or attempt.card_payment is None:
        return
    try:
        payments.verify(payment=attempt.card_payment, pa_res=pa_res)
    except (NotInState, OutcomeUnknown):
        return
    following.carry_on(attempt.pk)


def collect(
    *, session: Session, press: UUID, method: str, bank: str = "", phone: str = "", address: str | None = None
) -> Try:
    """Have the amount collected by ``va`` (at ``bank``), ``qris`` or ``ovo`` (of ``phone``). What is open that same way
    already is given again; a task makes the rest payable.

    Raises `NotOffered`, `SessionOver`, `TryUnderWay`, `TooManyTries`, and what `payments.services.collecting` refuses.
    """
    if method not in {Method.VA, Method.QRIS, Method.OVO}:
        raise NotOffered
    if (same := session.tries.filter(press=press).first()) is not None:
        return same
    _count(
        TokenWindow(f"checkout:ways:{session.pk}", limit=WAYS_PER_SESSION, seconds=WINDOW_SECONDS),
        TokenWindow(f"checkout:ways:{network_of(address)}", limit=WAYS_PER_ADDRESS, seconds=WINDOW_SECONDS),
    )
    with transaction.atomic():
        held = closing.hold(session)
        if (same := _same(held, press, method, bank)) is not None:
            return same
        _leave(_free(held, method))
        deposit = collecting.collect(
            client=held.client,
            is_sandbox=held.is_sandbox,
            amount=held.amount,
            method=method,
            bank=bank,
            phone=phone,
            expires_at=held.expires_at,
            memo=held.description or _("Checkout %(reference)s") % {"reference": held.reference},
        )
        attempt = Try.objects.create(session=held, method=method, press=press, deposit=deposit)
        closing.move(held)
    return attempt


@sensitive_variables("card")
def _begin_card(session: Session, press: UUID, card: TypedCard) -> tuple[Try, Card | None]:
    """The try and the kept card, in one transaction; no card when this press has begun already."""
    with transaction.atomic():
        held = closing.hold(session)
        if (same := held.tries.filter(press=press).first()) is not None:
            return same, None
        standing = _free(held, Method.CARD)
        kept = tokens.tokenize(
            client=held.client,
            is_sandbox=held.is_sandbox,
            number=card.number,
            expiry_month=card.expiry_month,
            expiry_year=card.expiry_year,
            code=card.code,
            keep_for=KEPT_FOR,
        )
        _leave(standing)
        attempt = Try.objects.create(session=held, method=Method.CARD, press=press, reference=new_reference("CP"))
        closing.move(held)
    return attempt, kept


@sensitive_variables("code")
def _authorize(attempt: Try, card: Card, code: str) -> None:
    session = attempt.session
    payments.authorize(
        client=session.client,
        is_sandbox=session.is_sandbox,
        card=card,
        amount=session.amount,
        currency=session.currency,
        # One order each: a card that was left at the bank's question does not stand in the way of the next.
        order_id=f"{session.reference}-{session.tries.filter(pk__lte=attempt.pk).count()}",
        code=code,
        return_url=page_url(session) + "/bank",
        origin=session.subject,
        reference=attempt.reference,
    )


def _same(held: Session, press: UUID, method: str, bank: str) -> Try | None:
    """What a second press, or the same choice in a second tab, finds."""
    for attempt in stages.open_tries(held):
        deposit = attempt.deposit
        is_it = deposit is not None and attempt.method == method and deposit.bank in {bank, ""}
        if attempt.press == press or (is_it and stages.is_payable(attempt)):
            return attempt
    return held.tries.filter(press=press).first()


def _free(held: Session, method: str) -> Sequence[Try]:
    """The tries that would be left for ``method``. Raises where nothing new may begin."""
    if held.state != State.OPEN or held.expires_at < now() + LEAST_TIME:
        raise SessionOver
    if method not in choices.offered(held):
        raise NotOffered
    standing = list(stages.open_tries(held))
    if any(stages.is_confirming(attempt) or stages.is_pushed(attempt) for attempt in standing):
        raise TryUnderWay
    if stages.has_money_waiting(held):
        raise MoneyIsChecked
    return standing


def _leave(standing: Sequence[Try]) -> None:
    """What was open is not waited for any more; the sweep has it closed or released where it is."""
    for attempt in standing:
        closing.end(attempt, LEFT)


def _give_up(attempt: Try, kept: Card) -> None:
    """The processor was never asked, and nobody asked us to keep the card for another time."""
    with transaction.atomic():
        held = closing.hold(attempt.session)
        attempt.refresh_from_db()
        closing.end(attempt, "never_arrived")
        tokens.forget(card=kept)
        closing.move(held)


def _count(*windows: TokenWindow) -> None:
    wait, _full = take_from_all(windows)
    if wait:
        raise TooManyTries(retry_after=wait)
