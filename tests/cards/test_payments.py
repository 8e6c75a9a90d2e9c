"""From a card to money on the balance, and back: every way that a processor answers on."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.errors import BadField
from accounts.models import AuditEntry, Client
from cards import fees
from cards.errors import (
    ActRefused,
    BadAnswer,
    BadCard,
    CardsClosed,
    NoSuchCard,
    NotEnoughMoney,
    NotInState,
    OrderTaken,
    ProcessorAway,
    TooMuch,
)
from cards.models import Card, CardPayment
from cards.models.states import ActState, Reason, State
from cards.processing import listeners
from cards.services import acts, payments, tokens
from cards.wire import wire_status
from tests.accounts import cast
from tests.cards.house import (
    ASKS,
    DECLINES,
    GOOD,
    NO_REFUND,
    answer_of,
    at_processor,
    balance,
    card,
    charge,
    fund,
    problems,
    time_passes,
    work,
)
from tests.simulators import Simulator
from wallets import proof
from wallets.models import Transaction

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _books_are_right(db: None) -> Any:
    yield
    assert problems() == []
    assert proof.run().problems == []


# --- a card is kept


def test_a_card_is_kept_as_first_six_and_last_four(shop: Client) -> None:
    kept = card(shop, "4242 4242-4242 4242")
    assert (kept.brand, kept.first6, kept.last4, str(kept)) == ("Visa", "424242", "4242", "Visa •••• 4242")
    assert len(kept.token) == 36
    assert kept.sealed_number is not None
    assert GOOD.encode() not in bytes(kept.sealed_number)
    again = card(shop)
    assert again.token != kept.token
    assert again.fingerprint == kept.fingerprint


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"number": "4242424242424241"}, "card_number"),
        ({"number": ""}, "card_number"),
        ({"expiry_month": 13}, "expiry_month"),
        ({"expiry_month": 0}, "expiry_month"),
        ({"expiry_year": 2020}, "expiry_year"),
        ({"expiry_year": 2101}, "expiry_year"),
        ({"expiry_year": 2021}, "expiry_month"),
        ({"code": "12"}, "cvv"),
        ({"code": "12345"}, "cvv"),
        ({"code": "abc"}, "cvv"),
        ({"code": "١٢٣"}, "cvv"),
    ],
    ids=str,
)
def test_what_cannot_be_a_card(shop: Client, given: dict[str, Any], field: str) -> None:
    details: dict[str, Any] = {"number": GOOD, "expiry_month": 12, "expiry_year": 2030, "code": "123"}
    with pytest.raises(BadCard) as raised:
        tokens.tokenize(client=shop, is_sandbox=False, **details | given)
    assert list(raised.value.fields) == [field]
    assert not Card.objects.exists()


def test_without_keys_no_card_is_kept(shop: Client, settings: Any) -> None:
    settings.CARD_ENCRYPTION_KEYS = []
    with pytest.raises(CardsClosed):
        card(shop)
    assert not payments.is_open(is_sandbox=False, currency="SLE")


# --- authorised, declined


def test_authorised_captured_and_on_the_balance_less_the_fee(shop: Client, cards: Simulator) -> None:
    payment = charge(shop, amount="200", order_id="order-1")
    assert (payment.state, wire_status(payment)) == (State.AUTHORIZED, "Authorized")
    assert balance(shop) == 0
    act = acts.capture(payment=payment, amount=Decimal(150), asked_by="a program")
    payment.refresh_from_db()
    assert (act.state, payment.state, payment.captured) == (ActState.DONE, State.CAPTURED, Decimal(150))
    # 2.5 % and one leone.
    assert payment.fee == Decimal("4.75")
    assert balance(shop) == Decimal("145.25")
    assert at_processor(cards, payment)["captured"] == "150.00"
    assert payment.due_at is None
    assert AuditEntry.objects.get(action="card_payment.capture_asked").object_id == str(payment.public_id)


@pytest.mark.parametrize(("number", "reason"), DECLINES.items(), ids=list(DECLINES.values()))
def test_declined_with_the_processors_reason(shop: Client, number: str, reason: str) -> None:
    payment = charge(shop, number)
    assert (payment.state, payment.reason, wire_status(payment)) == (State.DECLINED, reason, "Declined")
    with pytest.raises(NotInState):
        acts.capture(payment=payment, amount=Decimal(1))


def test_play_money_has_books_of_its_own(shop: Client) -> None:
    payment = charge(shop, is_sandbox=True)
    acts.capture(payment=payment, amount=payment.amount)
    assert (balance(shop), balance(shop, is_sandbox=True)) == (Decimal(0), Decimal("96.50"))


def test_rupiah_are_whole(shop: Client) -> None:
    with pytest.raises(BadField):
        charge(shop, amount="100000.50", currency="IDR")
    payment = charge(shop, amount="100001", currency="IDR")
    acts.capture(payment=payment, amount=payment.amount)
    payment.refresh_from_db()
    assert payment.fee == Decimal(4500)
    assert balance(shop, "IDR") == Decimal(95501)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "-1"}, "amount"),
        ({"amount": "1.005"}, "amount"),
        ({"amount": "1e17"}, "amount"),
        ({"currency": "USD"}, "currency"),
        ({"currency": "sle"}, "currency"),
        ({"order_id": "x" * 101}, "order_id"),
        ({"order_id": "a\nb"}, "order_id"),
        ({"order_id": f"for {GOOD}"}, "order_id"),
    ],
    ids=str,
)
def test_what_cannot_be_charged(shop: Client, given: dict[str, Any], field: str) -> None:
    with pytest.raises(BadField) as raised:
        charge(shop, **given)
    assert list(raised.value.fields) == [field]
    assert not CardPayment.objects.exists()


def test_a_card_is_its_clients_in_its_world(shop: Client) -> None:
    kept = card(shop)
    for client, is_sandbox in ((cast.company("Other"), False), (shop, True)):
        with pytest.raises(NoSuchCard):
            charge(client, card=kept, is_sandbox=is_sandbox)
    assert tokens.token_of(client=shop, is_sandbox=False, token=kept.token) == kept
    assert tokens.token_of(client=shop, is_sandbox=True, token=kept.token) is None


def test_an_order_is_authorised_once_unless_it_was_declined(shop: Client) -> None:
    charge(shop, "4000000000000002", order_id="order-1")
    first = charge(shop, order_id="order-1")
    with pytest.raises(OrderTaken):
        charge(shop, order_id="order-1")
    charge(shop, order_id="order-1", is_sandbox=True)
    acts.void(payment=first)
    charge(shop, order_id="order-1")
    assert charge(shop).state == charge(shop).state == State.AUTHORIZED


def test_closed_without_a_processor(shop: Client, settings: Any) -> None:
    payment, settings.CARD_PROCESSOR_KEY = charge(shop), ""
    with pytest.raises(CardsClosed):
        charge(shop)
    with pytest.raises(CardsClosed):
        acts.capture(payment=payment, amount=Decimal(1))
    # Play money goes to the simulated one whatever the live world has.
    assert charge(shop, is_sandbox=True).state == State.AUTHORIZED


def test_a_repetition_finds_what_it_has_begun(shop: Client, cards: Simulator) -> None:
    kept = card(shop)
    first = charge(shop, card=kept, reference="CP01KAJ0V9Y3ZJ8M4T6Q2X7W5R1D")
    assert charge(shop, card=kept, reference="CP01KAJ0V9Y3ZJ8M4T6Q2X7W5R1D").pk == first.pk
    assert len(cards.look("payments")["payments"]) == 1


# --- the holder is asked


def test_confirmed_by_the_holder(shop: Client, cards: Simulator) -> None:
    payment = charge(shop, ASKS)
    assert (payment.state, wire_status(payment)) == (State.REQUIRES_3DS, "Requires3DS")
    assert payment.acs_url.startswith(cards.url)
    assert payment.pa_req
    with pytest.raises(NotInState):
        acts.capture(payment=payment, amount=Decimal(1))
    verified = payments.verify(payment=payment, pa_res=answer_of(cards, payment))
    assert verified.state == State.AUTHORIZED
    acts.capture(payment=verified, amount=Decimal(100))


def test_refused_by_the_holder(shop: Client, cards: Simulator) -> None:
    payment = charge(shop, ASKS)
    ended = payments.verify(payment=payment, pa_res=answer_of(cards, payment, "N"))
    assert (ended.state, ended.reason) == (State.DECLINED, Reason.NOT_CONFIRMED)


@pytest.mark.parametrize(
    ("amount", "currency", "state"),
    [
        ("999.99", "SLE", State.AUTHORIZED),
        ("1000", "SLE", State.REQUIRES_3DS),
        ("499999", "IDR", State.AUTHORIZED),
        ("500000", "IDR", State.REQUIRES_3DS),
    ],
    ids=str,
)
def test_large_amounts_ask_the_holder(shop: Client, amount: str, currency: str, state: State) -> None:
    assert charge(shop, amount=amount, currency=currency).state == state


@pytest.mark.parametrize("said", ["Y", "", "x.y", "{}", "ä.ä", "." * 50, "A" * 4001], ids=range(7))
def test_an_answer_that_nobody_signed_changes_nothing(shop: Client, cards: Simulator, said: str) -> None:
    payment = charge(shop, ASKS)
    with pytest.raises(BadAnswer):
        payments.verify(payment=payment, pa_res=said)
    assert CardPayment.objects.get(pk=payment.pk).version == payment.version
    assert payments.verify(payment=payment, pa_res=answer_of(cards, payment)).state == State.AUTHORIZED


def test_an_answer_belongs_to_one_payment_and_is_good_once(shop: Client, cards: Simulator) -> None:
    payment, other = charge(shop, ASKS), charge(shop, ASKS)
    answer = answer_of(cards, payment)
    with pytest.raises(BadAnswer):
        payments.verify(payment=other, pa_res=answer)
    payments.verify(payment=payment, pa_res=answer)
    with pytest.raises(NotInState):
        payments.verify(payment=payment, pa_res=answer)


def test_without_the_key_of_challenges_the_processor_judges_answers(
    shop: Client, cards: Simulator, settings: Any
) -> None:
    settings.CARD_CHALLENGE_KEY = ""
    payment, other = charge(shop, ASKS), charge(shop, ASKS)
    for wrong in ("Y", answer_of(cards, other)):
        with pytest.raises(BadAnswer):
            payments.verify(payment=payment, pa_res=wrong)
        payment.refresh_from_db()
        assert (payment.state, payment.challenge_used_at) == (State.REQUIRES_3DS, None)
    assert payments.verify(payment=payment, pa_res=answer_of(cards, payment)).state == State.AUTHORIZED


def test_an_answer_that_comes_too_late(shop: Client, cards: Simulator) -> None:
    payment = charge(shop, ASKS)
    answer = answer_of(cards, payment)
    time_passes(16 * 60)
    payment.refresh_from_db()
    assert wire_status(payment) == "Declined"
    ended = payments.verify(payment=payment, pa_res=answer)
    assert (ended.state, ended.reason) == (State.DECLINED, Reason.CHALLENGE_TOO_LATE)


def test_a_challenge_that_nobody_answers_ends(shop: Client) -> None:
    payment = charge(shop, ASKS, order_id="order-1")
    work()
    assert CardPayment.objects.get(pk=payment.pk).state == State.REQUIRES_3DS
    time_passes(16 * 60)
    work()
    payment.refresh_from_db()
    assert (payment.state, payment.reason) == (State.DECLINED, Reason.CHALLENGE_TOO_LATE)
    charge(shop, order_id="order-1")


def test_a_processor_that_is_away_leaves_the_challenge_open(shop: Client, cards: Simulator, settings: Any) -> None:
    payment = charge(shop, ASKS)
    answer, right = answer_of(cards, payment), settings.CARD_PROCESSOR_URL
    settings.CARD_PROCESSOR_URL = "http://127.0.0.1:9/cards/v1"
    with pytest.raises(ProcessorAway):
        payments.verify(payment=payment, pa_res=answer)
    settings.CARD_PROCESSOR_URL = right
    assert payments.verify(payment=payment, pa_res=answer).state == State.AUTHORIZED


# --- captured, released, given back


def test_captured_once_and_at_most_what_was_authorised(shop: Client) -> None:
    payment = charge(shop)
    with pytest.raises(TooMuch):
        acts.capture(payment=payment, amount=Decimal("100.01"))
    with pytest.raises(BadField):
        acts.capture(payment=payment, amount=Decimal("1.001"))
    acts.capture(payment=payment, amount=Decimal(1))
    for again in (Decimal(1), Decimal(99)):
        with pytest.raises(NotInState):
            acts.capture(payment=payment, amount=again)
    with pytest.raises(NotInState):
        acts.void(payment=payment)


def test_released(shop: Client, cards: Simulator) -> None:
    payment = charge(shop)
    assert acts.void(payment=payment).state == ActState.DONE
    payment.refresh_from_db()
    assert (payment.state, wire_status(payment)) == (State.VOIDED, "Voided")
    assert at_processor(cards, payment)["is_void"]
    with pytest.raises(NotInState):
        acts.capture(payment=payment, amount=Decimal(1))


def test_an_authorisation_runs_out_after_seven_days(shop: Client) -> None:
    payment = charge(shop)
    time_passes(7 * 24 * 3600 - 60)
    work()
    assert CardPayment.objects.get(pk=payment.pk).state == State.AUTHORIZED
    time_passes(120)
    payment.refresh_from_db()
    assert wire_status(payment) == "Expired"
    with pytest.raises(NotInState):
        acts.capture(payment=payment, amount=Decimal(1))
    work()
    payment.refresh_from_db()
    assert payment.state == State.EXPIRED


def test_given_back_in_parts_and_the_fee_stays(shop: Client, cards: Simulator) -> None:
    payment = charge(shop)
    with pytest.raises(NotInState):
        acts.refund(payment=payment, amount=Decimal(1), note="too early")
    acts.capture(payment=payment, amount=Decimal(100))
    fund(shop, "50")
    acts.refund(payment=payment, amount=Decimal(30), note="one of three", asked_by="Fatu")
    acts.refund(payment=payment, amount=Decimal("69.99"), note="the rest")
    payment.refresh_from_db()
    assert (payment.refunded, payment.refundable) == (Decimal("99.99"), Decimal("0.01"))
    with pytest.raises(TooMuch):
        acts.refund(payment=payment, amount=Decimal("0.02"), note="more")
    assert balance(shop) == Decimal(50) + Decimal(100) - payment.fee - Decimal("99.99")
    assert at_processor(cards, payment)["refunded"] == 9999


def test_a_balance_that_does_not_cover_a_refund(shop: Client) -> None:
    payment = charge(shop)
    acts.capture(payment=payment, amount=Decimal(100))
    with pytest.raises(NotEnoughMoney):
        acts.refund(payment=payment, amount=Decimal(100), note="the fee is gone")
    payment.refresh_from_db()
    assert (payment.refunded, balance(shop)) == (Decimal(0), Decimal("96.50"))


def test_a_refund_that_is_refused_comes_back(shop: Client) -> None:
    payment = charge(shop, NO_REFUND)
    acts.capture(payment=payment, amount=Decimal(100))
    act = acts.refund(payment=payment, amount=Decimal(50), note="please")
    assert act.state == ActState.FAILED
    with pytest.raises(ActRefused):
        acts.require_done(act)
    payment.refresh_from_db()
    assert (payment.refunded, balance(shop)) == (Decimal(0), Decimal("96.50"))


@pytest.mark.parametrize("note", [f"card {GOOD}", "x" * 201, "a\x07b"], ids=["number", "long", "bell"])
def test_a_reason_that_is_not_kept(shop: Client, note: str) -> None:
    payment = charge(shop)
    acts.capture(payment=payment, amount=Decimal(100))
    with pytest.raises(BadField):
        acts.refund(payment=payment, amount=Decimal(1), note=note)


# --- around it


@pytest.mark.parametrize(
    ("amount", "currency", "fee"),
    [
        ("100", "SLE", "3.50"),
        ("0.5", "SLE", "0.50"),
        ("33.30", "SLE", "1.83"),
        ("10.60", "SLE", "1.27"),
        ("100001", "IDR", "4500"),
        ("100020", "IDR", "4501"),
        ("100", "IDR", "100"),
    ],
    ids=str,
)
def test_fees(amount: str, currency: str, fee: str) -> None:
    assert fees.fee_of(Decimal(amount), currency) == Decimal(fee)


def test_who_listens_is_told_of_every_state_within_the_change(shop: Client, cards: Simulator) -> None:
    told: list[tuple[str, Decimal]] = []

    def listen(payment: CardPayment) -> None:
        assert transaction.get_connection().in_atomic_block
        told.append((payment.state, payment.captured))

    listeners.on_change(listen)
    listeners.on_change(listen)
    try:
        payment = charge(shop, ASKS)
        payments.verify(payment=payment, pa_res=answer_of(cards, payment))
        acts.capture(payment=payment, amount=Decimal(5))
    finally:
        listeners.forget(listen)
    states = [state for state, _captured in told]
    assert states == [State.REQUIRES_3DS, State.IN_DOUBT, State.AUTHORIZED, State.CAPTURED]
    assert told[-1][1] == Decimal(5)


def test_the_database_refuses_what_cannot_follow(shop: Client) -> None:
    payment = charge(shop, "4000000000000002")
    for change in ({"state": "authorized"}, {"captured": 5}, {"amount": 5}, {"due_at": payment.created_at}):
        with pytest.raises((IntegrityError, Exception)) as raised, transaction.atomic():
            CardPayment.objects.filter(pk=payment.pk).update(**change)
        assert "card" in str(raised.value).lower()


def test_whoever_listens_to_a_capture_finds_the_money_booked(shop: Client) -> None:
    """Accounts are locked before whatever a listener locks, as with deposits: else two ways to pay one checkout could
    wait for each other."""
    found: list[tuple[str, bool]] = []

    def listen(changed: CardPayment) -> None:
        found.append((changed.state, Transaction.objects.filter(kind="card").exists()))

    listeners.on_change(listen)
    try:
        acts.capture(payment=charge(shop), amount=Decimal(100))
    finally:
        listeners.forget(listen)
    assert found == [("authorized", False), ("captured", True)]
