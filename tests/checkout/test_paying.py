"""From a typed card to a paid checkout: every way that a bank and a processor answer on, without scripts."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client as Browser

from accounts.models import Client
from cards.errors import CardsClosed
from cards.models import Card, CardPayment
from cards.models import State as CardState
from cards.services import acts, tokens
from checkout import stages
from checkout.models import State, Try
from checkout.processing import following
from tests.cards.house import ASKS, CODE, DECLINES, GOOD, SILENT, SILENT_CAPTURE
from tests.cards.house import work_off as cards_work_off
from tests.checkout.house import (
    answer_of,
    ask_for,
    balance,
    fresh,
    look,
    pay,
    payment_of,
    press_on,
    problems,
    stage,
    sweep,
    time_passes,
    url,
)
from tests.simulators import Simulator
from wallets import proof

pytestmark = pytest.mark.django_db
DECLINED = "4000000000000002"


@pytest.fixture(autouse=True)
def _books_are_right(db: None) -> Any:
    yield
    assert problems() == []
    assert proof.run().problems == []


def test_a_good_card_pays_at_once(shop: Client) -> None:
    session, payer = ask_for(shop), Browser()
    answer = pay(session, press=press_on(payer.get(url(session))), payer=payer)
    assert (answer.status_code, answer["Location"]) == (303, url(session))
    paid, payment = fresh(session), payment_of(session)
    assert (paid.state, paid.payment_reference, payment.state) == (State.COMPLETED, payment.reference, "captured")
    assert balance(shop) == Decimal("250") - payment.fee
    page = payer.get(url(session))
    text = page.content.decode()
    assert "SLE 250.00 is paid" in text
    assert f"sessionId={session.public_id}&amp;status=Completed" in text
    assert page["Refresh"].startswith("5; url=https://shop.example/thanks?order=7&sessionId=")


def test_the_number_is_given_up_once_the_processor_has_it(shop: Client) -> None:
    session = ask_for(shop)
    pay(session)
    card = Card.objects.get()
    assert card.sealed_number is None
    assert card.removed_at is not None
    assert card.last4 == "4242"


@pytest.mark.parametrize("number", sorted(DECLINES))
def test_a_declined_card_is_explained_and_another_pays(shop: Client, number: str) -> None:
    session = ask_for(shop)
    pay(session, number)
    assert fresh(session).state == State.OPEN
    text = look(session)
    assert "failure-title" in text
    assert "Nothing was charged" in text
    assert "What happens next" in text
    assert "stolen" not in text.lower()
    assert 'id="card-form"' in text
    pay(session)
    assert fresh(session).state == State.COMPLETED
    assert [one.reason for one in Try.objects.order_by("id")] == [DECLINES[number], ""]


def test_a_mistyped_card_costs_no_try_and_is_not_repeated(shop: Client) -> None:
    session = ask_for(shop)
    answer = pay(session, "4242 4242 4242 4241", expiry="13/30", code="9871")
    assert answer.status_code == 400
    text = answer.content.decode()
    assert "Check the digits" in text
    assert "4242 4242 4242 4241" not in text
    assert "9871" not in text
    assert not Try.objects.exists()
    assert not Card.objects.exists()


@pytest.mark.parametrize(
    ("field", "typed"), [("expiry", "soon"), ("expiry", "1/20"), ("code", "12"), ("number", ""), ("press", "mine")]
)
def test_what_cannot_be_a_card_is_refused_at_its_field(shop: Client, field: str, typed: str) -> None:
    session = ask_for(shop)
    given = {"press": str(uuid4()), "number": GOOD, "expiry": "12/30", "code": "123", field: typed}
    answer = Browser().post(url(session, "card"), given)
    assert answer.status_code == 400
    assert not CardPayment.objects.exists()
    assert "Pay SLE 250.00" in answer.content.decode()


def test_a_second_press_charges_nothing(shop: Client) -> None:
    session, press = ask_for(shop), str(uuid4())
    first, second = pay(session, press=press), pay(session, press=press)
    assert (first.status_code, second.status_code) == (303, 303)
    assert CardPayment.objects.count() == 1
    assert CardPayment.objects.get().captured == 250


def test_nothing_is_charged_on_a_paid_checkout(shop: Client) -> None:
    session = ask_for(shop)
    pay(session)
    answer = pay(session)
    assert answer.status_code == 409
    assert "is paid" in answer.content.decode()
    assert CardPayment.objects.count() == 1


def test_the_bank_asks_and_the_holder_comes_back(shop: Client, cards: Simulator) -> None:
    session = ask_for(shop)
    pay(session, ASKS)
    text = look(session)
    assert stage(session) == "challenge"
    assert payment_of(session).acs_url in text
    assert 'name="PaReq"' in text
    assert fresh(session).state == State.OPEN
    answer = Browser(enforce_csrf_checks=True).post(url(session, "bank"), answer_of(cards, session))
    assert (answer.status_code, answer["Location"]) == (303, url(session))
    assert fresh(session).state == State.COMPLETED


def test_who_refuses_at_the_bank_may_pay_otherwise(shop: Client, cards: Simulator) -> None:
    session = ask_for(shop)
    pay(session, ASKS)
    Browser().post(url(session, "bank"), answer_of(cards, session, "N"))
    assert stage(session) == "choose"
    assert "You did not confirm the payment at your bank" in look(session)
    pay(session)
    assert fresh(session).state == State.COMPLETED


def test_an_answer_of_nobody_changes_nothing(shop: Client, cards: Simulator) -> None:
    session = ask_for(shop)
    pay(session, ASKS)
    for given in ({"PaRes": "Y"}, {}, {"PaRes": "x" * 9000, "MD": payment_of(session).reference}):
        answer = Browser().post(url(session, "bank"), given)
        assert (answer.status_code, answer["Location"]) == (303, url(session) + "?note=bank")
    assert stage(session) == "challenge"
    assert "could not be read" in Browser().get(url(session) + "?note=bank").content.decode()


def test_the_same_answer_twice_charges_once(shop: Client, cards: Simulator) -> None:
    session = ask_for(shop)
    pay(session, ASKS)
    given = answer_of(cards, session)
    for _turn in range(2):
        assert Browser().post(url(session, "bank"), given).status_code == 303
    assert fresh(session).state == State.COMPLETED
    assert balance(shop) == 250 - payment_of(session).fee


def test_who_leaves_the_bank_for_another_card_is_charged_once(shop: Client, cards: Simulator) -> None:
    session = ask_for(shop)
    pay(session, ASKS)
    late = answer_of(cards, session)
    pay(session)
    assert fresh(session).state == State.COMPLETED
    Browser().post(url(session, "bank"), late)
    sweep()
    assert CardPayment.objects.filter(state=CardState.CAPTURED).count() == 1
    assert not CardPayment.objects.filter(state=CardState.AUTHORIZED).exists()


def test_a_silent_processor_is_waited_for(shop: Client) -> None:
    session = ask_for(shop)
    pay(session, SILENT)
    assert stage(session) == "confirming"
    assert fresh(session).state == State.OPEN
    assert pay(session).status_code == 409
    cards_work_off()
    time_passes(timedelta(seconds=10))
    sweep()
    assert fresh(session).state == State.COMPLETED
    assert CardPayment.objects.count() == 1


def test_a_silent_capture_is_waited_for(shop: Client) -> None:
    session = ask_for(shop)
    pay(session, SILENT_CAPTURE)
    assert stage(session) == "confirming"
    cards_work_off()
    assert fresh(session).state == State.COMPLETED
    assert balance(shop) == 250 - payment_of(session).fee


def test_a_payment_in_doubt_keeps_the_checkout_open(shop: Client) -> None:
    session = ask_for(shop)
    pay(session, SILENT)
    time_passes(timedelta(hours=1))
    sweep()
    assert fresh(session).state == State.OPEN
    cards_work_off()
    time_passes(timedelta(seconds=10))
    sweep()
    assert fresh(session).state == State.COMPLETED


def test_a_refused_capture_gives_the_card_back(shop: Client, cards: Simulator) -> None:
    session = ask_for(shop)
    cards.control("misbehave", operation="captures", mode="invalid", times=1)
    pay(session)
    sweep()
    assert fresh(session).state == State.OPEN
    assert payment_of(session).state == CardState.VOIDED
    assert stage(session) == "choose"
    assert "set aside is released" in look(session)


def test_what_can_neither_be_collected_nor_released_holds_nobody_up(shop: Client, cards: Simulator) -> None:
    session = ask_for(shop)
    cards.control("misbehave", operation="captures", mode="invalid", times=1)
    cards.control("misbehave", operation="voids", mode="invalid", times=3)
    pay(session)
    held = payment_of(session)
    assert (held.state, stage(session)) == (CardState.AUTHORIZED, "choose")
    assert "set aside is released" in look(session)
    pay(session)
    assert fresh(session).state == State.COMPLETED
    time_passes(timedelta(hours=1))
    sweep()
    # Twice as long each time: not one more for each turn of the sweep.
    for _turn in range(5):
        sweep()
    assert held.acts.filter(kind="void").count() == 2
    for hours in (2, 5):
        time_passes(timedelta(hours=hours))
        sweep()
    held.refresh_from_db()
    assert held.state == CardState.VOIDED
    assert balance(shop) == 250 - payment_of(session).fee


def test_the_number_is_given_up_when_nobody_was_asked(shop: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(is_sandbox: bool) -> Any:
        raise CardsClosed

    session = ask_for(shop)
    monkeypatch.setattr("cards.services.payments.processors.processor_for", closed)
    assert pay(session).status_code == 503
    assert Try.objects.get().reason == "never_arrived"
    assert Card.objects.get().sealed_number is None


def test_a_part_that_was_captured_by_hand_pays_no_checkout(shop: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    session = ask_for(shop)
    with monkeypatch.context() as away:
        away.setattr(following, "carry_on", lambda try_id: None)
        pay(session)
    acts.capture(payment=payment_of(session), amount=Decimal(1))
    sweep()
    assert fresh(session).state == State.FAILED
    assert Try.objects.get().reason == "underpaid"
    assert "What you paid has reached the shop" in look(session)


def test_after_ten_declined_cards_no_more_are_taken(shop: Client) -> None:
    session = ask_for(shop)
    for _turn in range(stages.MOST_CARDS):
        pay(session, DECLINED)
    assert fresh(session).state == State.FAILED
    assert pay(session).status_code == 409
    assert "No more cards are taken here" in look(session)


def test_cards_are_not_tried_too_fast_from_one_place(shop: Client) -> None:
    answers = [pay(ask_for(shop), DECLINED) for _turn in range(21)]
    assert [one.status_code for one in answers[:20]] == [303] * 20
    assert (answers[20].status_code, int(answers[20]["Retry-After"]) > 0) == (429, True)


def test_what_is_out_of_time_cannot_be_paid(shop: Client) -> None:
    session = ask_for(shop)
    time_passes(timedelta(minutes=31))
    assert stage(session) == "expired"
    assert pay(session).status_code == 409
    sweep()
    assert fresh(session).state == State.EXPIRED
    assert not CardPayment.objects.exists()


def test_a_try_whose_request_died_is_ended(shop: Client) -> None:
    session = ask_for(shop)
    Try.objects.create(session=session, method="card", press=uuid4(), reference="CPDIED")
    assert stage(session) == "confirming"
    time_passes(timedelta(minutes=2))
    sweep()
    assert Try.objects.get().reason == "never_arrived"
    assert stage(session) == "choose"


@pytest.mark.parametrize("place", ["_authorize", "payments._begin"])
@pytest.mark.parametrize("way", ["waits", "goes-on-by-another-way"])
def test_a_number_whose_request_died_is_given_up(
    shop: Client, monkeypatch: pytest.MonkeyPatch, place: str, way: str
) -> None:
    def dies(*given: Any) -> None:
        raise KeyboardInterrupt

    session = ask_for(shop)
    with monkeypatch.context() as patched:
        patched.setattr(f"checkout.services.paying.{place}", dies)
        with pytest.raises(KeyboardInterrupt):
            pay(session)
    left = Card.objects.get()
    assert (left.sealed_number is None, left.api_user, stage(session)) == (False, None, "confirming")
    assert pay(session).status_code == 409
    sweep()
    left.refresh_from_db()
    assert left.sealed_number is not None, "its request may still be at it"
    time_passes(timedelta(seconds=70))
    if way != "waits":
        assert pay(session, next(iter(DECLINES))).status_code == 303
    time_passes(timedelta(seconds=60))
    sweep()
    left.refresh_from_db()
    assert (left.sealed_number, left.key_id, left.removed_at is None) == (None, "", False)
    assert pay(session).status_code == 303
    assert fresh(session).state == State.COMPLETED


def test_a_token_that_a_program_keeps_is_not_swept(shop: Client) -> None:
    kept = tokens.tokenize(client=shop, is_sandbox=False, number=GOOD, expiry_month=12, expiry_year=2030, code=CODE)
    time_passes(timedelta(days=400))
    sweep()
    kept.refresh_from_db()
    assert kept.sealed_number is not None


def test_a_checkout_of_play_money_pays_in_play_money(shop: Client) -> None:
    session = ask_for(shop, is_sandbox=True)
    text = look(session)
    assert "money and numbers here are not real" in text
    pay(session)
    assert fresh(session).state == State.COMPLETED
    assert balance(shop) == 0
    assert balance(shop, is_sandbox=True) > 0


def test_nothing_typed_stays_behind(shop: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        session, payer = ask_for(shop), Browser()
        pay(session, payer=payer, code="9173")
        pay(ask_for(shop), SILENT, payer=payer, code="9173")
        payer.get(url(session))
    shown = [line for line in caplog.messages if GOOD in line or "9173" in line or SILENT in line]
    assert shown == []
    assert "sessionid" not in payer.cookies


def test_a_client_that_is_switched_off_collects_nothing(shop: Client) -> None:
    session = ask_for(shop)
    Client.objects.filter(pk=shop.pk).update(status=Client.Status.DEACTIVATED)
    assert "No way to pay is open just now" in look(session)
    assert pay(session).status_code == 400
    assert not CardPayment.objects.exists()


def test_of_a_client_that_is_switched_off_meanwhile_the_card_is_released(shop: Client, cards: Simulator) -> None:
    session = ask_for(shop)
    pay(session, ASKS)
    Client.objects.filter(pk=shop.pk).update(status=Client.Status.DEACTIVATED)
    Browser().post(url(session, "bank"), answer_of(cards, session))
    assert payment_of(session).state == CardState.VOIDED
    assert fresh(session).state == State.OPEN
    assert balance(shop) == 0
