"""A processor that breaks off, is silent, or talks nonsense: nothing is charged twice, nothing is lost, no silence
counts as a no."""

import time
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, transaction
from django.db.models import F

from accounts.access.actors import Actor, system
from accounts.errors import NotAllowed
from accounts.models import AuditEntry, Client
from cards import processors
from cards.errors import CardsClosed, ClosingMoved, NotInDoubt, NotInState, OrderTaken, OutcomeUnknown, SamePerson
from cards.models import CardAct, CardPayment, Closing
from cards.models.states import ActState, Reason, State
from cards.processing import asking, claiming, judging, moving
from cards.services import acts, payments, settling
from cards.wire import wire_status
from config.lib.clock import now
from tests.cards.house import (
    ASKS,
    GOOD,
    NO_REFUND,
    SILENT,
    SILENT_CAPTURE,
    answer_of,
    at_processor,
    balance,
    card,
    charge,
    people,
    problems,
    time_passes,
    work,
    work_off,
)
from tests.simulators import Simulator
from wallets import proof
from wallets.models import Account
from wallets.services import Purse, client_account

pytestmark = pytest.mark.django_db

# What has reached the processor, whatever its answer looked like.
DONE_BUT = ["500_after_accept", "502_after_accept", "html", "truncated", "empty", "reset_after_accept"]
WRONG = ["wrong_amount", "wrong_currency", "wrong_reference", "unknown_status", "no_status"]
NOT_DONE = ["reset_before_accept", "502", "503"]


@pytest.fixture(autouse=True)
def _books_are_right(db: None) -> Any:
    yield
    assert problems() == []
    assert proof.run().problems == []


def test_silent_payments_leave_their_turn_to_what_was_done_with_others(
    shop: Client, cards: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid = charge(shop)
    cards.control("misbehave", operation="captures", mode="502_after_accept", times=1)
    with pytest.raises(OutcomeUnknown):
        acts.capture(payment=paid, amount=Decimal(100))
    for _payment in range(3):
        doubtful(shop, cards, "502")
    time_passes(30)
    with monkeypatch.context() as silent:
        silent.setattr(asking, "ask_payment", lambda payment_id: time.sleep(0.6))
        asking.ask_due(seconds=1.0)
    assert CardAct.objects.get().state == ActState.DONE


def doubtful(shop: Client, cards: Simulator, mode: str, number: str = GOOD, **given: Any) -> CardPayment:
    cards.control("misbehave", operation="authorizations", mode=mode, times=1)
    with pytest.raises(OutcomeUnknown) as raised:
        charge(shop, number, **given)
    payment: CardPayment = raised.value.payment
    assert (payment.state, wire_status(payment)) == (State.IN_DOUBT, "Pending")
    return payment


@pytest.mark.parametrize("mode", [*DONE_BUT, *WRONG])
def test_what_was_authorised_behind_a_broken_answer_is_found_by_asking(
    shop: Client, cards: Simulator, mode: str
) -> None:
    payment = doubtful(shop, cards, mode, order_id="order-1")
    with pytest.raises(OrderTaken):
        charge(shop, order_id="order-1")
    with pytest.raises(NotInState):
        acts.capture(payment=payment, amount=Decimal(1))
    time_passes(2)
    work()
    payment.refresh_from_db()
    assert payment.state == State.AUTHORIZED
    acts.capture(payment=payment, amount=Decimal(100))
    assert [one["what"] for one in cards.look(f"payments?reference={payment.reference}")["log"]] == [
        "capture",
        "authorize",
    ]


@pytest.mark.parametrize("mode", NOT_DONE)
def test_what_never_arrived_is_declined_only_when_it_cannot_be_on_its_way_any_more(
    shop: Client, cards: Simulator, mode: str
) -> None:
    payment = doubtful(shop, cards, mode, order_id="order-1")
    time_passes(30)
    work()
    payment.refresh_from_db()
    assert payment.state == State.IN_DOUBT
    time_passes(40)
    work()
    payment.refresh_from_db()
    assert (payment.state, payment.reason) == (State.DECLINED, Reason.NEVER_ARRIVED)
    # It was never sent again, and the order is free.
    assert at_processor(cards, payment) == {}
    assert charge(shop, order_id="order-1").state == State.AUTHORIZED


@pytest.mark.parametrize("mode", ["unauthorized", "invalid", "429"])
def test_a_clear_refusal_of_the_call_is_no_doubt(shop: Client, cards: Simulator, mode: str) -> None:
    cards.control("misbehave", operation="authorizations", mode=mode, times=1)
    payment = charge(shop)
    assert (payment.state, payment.reason) == (State.DECLINED, Reason.PROCESSING)


def test_nobody_there_is_no_doubt(shop: Client, settings: Any) -> None:
    settings.CARD_PROCESSOR_URL = "http://127.0.0.1:9/cards/v1"
    payment = charge(shop)
    assert (payment.state, payment.reason) == (State.DECLINED, Reason.NEVER_ARRIVED)


def test_silence_is_asked_about_and_not_repeated(shop: Client, cards: Simulator) -> None:
    with pytest.raises(OutcomeUnknown) as raised:
        charge(shop, SILENT)
    payment = raised.value.payment
    assert raised.value.more == {"authorizationId": str(payment.public_id), "paymentStatus": "Pending"}
    time_passes(2)
    assert payments.look(payment).state == State.AUTHORIZED


def test_a_challenge_behind_a_broken_answer(shop: Client, cards: Simulator) -> None:
    payment = doubtful(shop, cards, "html", ASKS)
    payment = payments.look(payment)
    assert payment.state == State.REQUIRES_3DS
    assert payments.verify(payment=payment, pa_res=answer_of(cards, payment)).state == State.AUTHORIZED


def test_a_processor_that_goes_on_talking_nonsense_is_asked_on(shop: Client, cards: Simulator) -> None:
    payment = doubtful(shop, cards, "html")
    for mode in ("wrong_amount", "html", "unknown_status", "502", "truncated"):
        cards.control("misbehave", operation="ask", mode=mode, times=1)
        time_passes(400)
        work()
        payment.refresh_from_db()
        assert (payment.state, payment.lease_token) == (State.IN_DOUBT, None), mode
    assert payment.asked == 5
    time_passes(400)
    work()
    payment.refresh_from_db()
    assert payment.state == State.AUTHORIZED


def test_what_was_taken_and_is_not_known_any_more_waits_for_a_person(shop: Client, cards: Simulator) -> None:
    payment = charge(shop, ASKS)
    answer = answer_of(cards, payment)
    cards.control("misbehave", operation="verify", mode="502", times=1)
    with pytest.raises(OutcomeUnknown):
        payments.verify(payment=payment, pa_res=answer)
    cards.control("misbehave", operation="ask", mode="unknown", times=1)
    time_passes(400)
    work()
    payment.refresh_from_db()
    assert payment.state == State.IN_DOUBT


# --- the answer to a challenge


@pytest.mark.parametrize("mode", DONE_BUT)
def test_a_confirmation_behind_a_broken_answer(shop: Client, cards: Simulator, mode: str) -> None:
    payment = charge(shop, ASKS)
    answer = answer_of(cards, payment)
    cards.control("misbehave", operation="verify", mode=mode, times=1)
    with pytest.raises(OutcomeUnknown):
        payments.verify(payment=payment, pa_res=answer)
    with pytest.raises(NotInState):
        payments.verify(payment=payment, pa_res=answer)
    time_passes(2)
    work()
    payment.refresh_from_db()
    assert payment.state == State.AUTHORIZED


def test_a_confirmation_that_never_arrived_may_come_again(shop: Client, cards: Simulator) -> None:
    payment = charge(shop, ASKS)
    answer = answer_of(cards, payment)
    cards.control("misbehave", operation="verify", mode="reset_before_accept", times=1)
    with pytest.raises(OutcomeUnknown):
        payments.verify(payment=payment, pa_res=answer)
    time_passes(10)
    work()
    payment.refresh_from_db()
    assert payment.state == State.IN_DOUBT
    time_passes(60)
    work()
    payment.refresh_from_db()
    assert (payment.state, payment.challenge_used_at) == (State.REQUIRES_3DS, None)
    assert payments.verify(payment=payment, pa_res=answer).state == State.AUTHORIZED


# --- acts


@pytest.mark.parametrize("mode", [*DONE_BUT, *WRONG])
def test_a_capture_behind_a_broken_answer_is_found_by_asking(shop: Client, cards: Simulator, mode: str) -> None:
    payment = charge(shop)
    cards.control("misbehave", operation="captures", mode=mode, times=1)
    with pytest.raises(OutcomeUnknown):
        acts.capture(payment=payment, amount=Decimal(60))
    assert balance(shop) == 0
    with pytest.raises(NotInState):
        acts.capture(payment=payment, amount=Decimal(60))
    with pytest.raises(NotInState):
        acts.void(payment=payment)
    time_passes(2)
    work()
    payment.refresh_from_db()
    assert (payment.state, payment.captured, balance(shop)) == (State.CAPTURED, Decimal(60), Decimal("57.50"))
    assert cards.look("totals")["by_currency"]["SLE"]["captured"] == 6000


@pytest.mark.parametrize("mode", NOT_DONE)
def test_an_act_that_never_arrived_goes_out_again_under_its_reference(
    shop: Client, cards: Simulator, mode: str
) -> None:
    payment = charge(shop)
    cards.control("misbehave", operation="captures", mode=mode, times=1)
    with pytest.raises(OutcomeUnknown):
        acts.capture(payment=payment, amount=Decimal(60))
    time_passes(10)
    work()
    act = CardAct.objects.get()
    assert act.state == ActState.IN_DOUBT
    time_passes(60)
    work()
    act.refresh_from_db()
    assert act.state == ActState.DONE
    assert list(at_processor(cards, payment)["acts"]) == [act.reference]
    assert balance(shop) == Decimal("57.50")


def test_an_act_that_goes_out_again_and_is_lost_again(shop: Client, cards: Simulator) -> None:
    payment = charge(shop)
    cards.control("misbehave", operation="captures", mode="reset_before_accept", times=1)
    with pytest.raises(OutcomeUnknown):
        acts.capture(payment=payment, amount=Decimal(60))
    for mode in ("429", "reset_before_accept", "unauthorized", "500_after_accept"):
        cards.control("misbehave", operation="captures", mode=mode, times=1)
        time_passes(400)
        work()
        assert CardAct.objects.get().state == ActState.IN_DOUBT, mode
    work_off()
    assert CardAct.objects.get().state == ActState.DONE
    assert cards.look("totals")["by_currency"]["SLE"]["captured"] == 6000


@pytest.mark.parametrize("mode", ["unauthorized", "invalid", "429"])
def test_an_act_that_was_clearly_not_taken_may_be_tried_again(shop: Client, cards: Simulator, mode: str) -> None:
    payment = charge(shop)
    cards.control("misbehave", operation="captures", mode=mode, times=1)
    assert acts.capture(payment=payment, amount=Decimal(60)).state == ActState.FAILED
    assert acts.capture(payment=payment, amount=Decimal(60)).state == ActState.DONE


def test_a_capture_that_times_out_after_it_was_done(shop: Client, cards: Simulator) -> None:
    payment = charge(shop, SILENT_CAPTURE)
    with pytest.raises(OutcomeUnknown):
        acts.capture(payment=payment, amount=Decimal(100))
    time_passes(2)
    assert acts.look(CardAct.objects.select_related("payment").get()).state == ActState.DONE
    assert balance(shop) == Decimal("96.50")


def test_an_authorisation_does_not_run_out_while_it_is_captured(shop: Client, cards: Simulator) -> None:
    payment = charge(shop)
    cards.control("misbehave", operation="captures", mode="500_after_accept", times=1)
    cards.control("misbehave", operation="ask", mode="502", times=1)
    with pytest.raises(OutcomeUnknown):
        acts.capture(payment=payment, amount=Decimal(60))
    time_passes(8 * 24 * 3600)
    work()
    payment.refresh_from_db()
    assert payment.state == State.AUTHORIZED
    time_passes(400)
    work()
    payment.refresh_from_db()
    assert payment.state == State.CAPTURED


@pytest.mark.parametrize("number", [GOOD, NO_REFUND], ids=["done", "refused"])
def test_a_refund_in_doubt_is_on_its_way_until_its_end_is_known(shop: Client, cards: Simulator, number: str) -> None:
    payment = charge(shop, number)
    acts.capture(payment=payment, amount=Decimal(100))
    cards.control("misbehave", operation="refunds", mode="500_after_accept", times=1)
    with pytest.raises(OutcomeUnknown):
        acts.refund(payment=payment, amount=Decimal(90), note="half")
    payment.refresh_from_db()
    assert (balance(shop), payment.refunded, problems()) == (Decimal("6.50"), Decimal(90), [])
    time_passes(2)
    work()
    assert balance(shop) == (Decimal("6.50") if number == GOOD else Decimal("96.50"))


# --- workers that are gone


def test_a_worker_that_died_after_it_had_sent(shop: Client, cards: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = card(shop)

    def dies(*given: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("cards.processing.moving.settle", dies)
        with pytest.raises(KeyboardInterrupt):
            charge(shop, card=kept)
    payment = CardPayment.objects.get()
    assert payment.state == State.SENDING
    work()
    assert CardPayment.objects.get().state == State.SENDING
    time_passes(30)
    work()
    assert CardPayment.objects.get().state == State.AUTHORIZED
    with monkeypatch.context() as patched:
        patched.setattr("cards.processing.moving.settle_act", dies)
        with pytest.raises(KeyboardInterrupt):
            acts.capture(payment=payment, amount=Decimal(100))
    assert balance(shop) == 0
    time_passes(30)
    work()
    assert balance(shop) == Decimal("96.50")


def test_who_lost_the_lease_writes_nothing(shop: Client, cards: Simulator) -> None:
    payment = doubtful(shop, cards, "html")
    slow = claiming.take_payment(payment.pk)
    assert slow is not None
    assert claiming.take_payment(payment.pk) is None
    time_passes(60)
    quick = asking.ask_payment(payment.pk)
    assert quick is not None
    assert quick.state == State.AUTHORIZED

    late = moving.settle(slow, judging.Verdict(State.DECLINED, Reason.NEVER_ARRIVED))
    assert late.state == State.AUTHORIZED


def test_one_that_cannot_be_asked_keeps_nobody_else_waiting(shop: Client, cards: Simulator, settings: Any) -> None:
    live = doubtful(shop, cards, "html")
    play = doubtful(shop, cards, "html", is_sandbox=True)
    settings.CARD_PROCESSOR_URL = ""
    with pytest.raises(CardsClosed):
        processors.processor_for(False)
    time_passes(400)
    work()
    live.refresh_from_db()
    play.refresh_from_db()
    assert (live.state, play.state) == (State.IN_DOUBT, State.AUTHORIZED)


def test_a_balance_that_is_closed_while_the_processor_collects(shop: Client) -> None:
    payment = charge(shop)
    account = client_account(Purse(shop, "SLE"))
    Account.objects.filter(pk=account.pk).update(status=Account.Status.CLOSED)
    with pytest.raises(OutcomeUnknown):
        acts.capture(payment=payment, amount=Decimal(100))
    time_passes(60)
    work()
    assert CardAct.objects.get().state in (ActState.SENDING, ActState.IN_DOUBT)
    Account.objects.filter(pk=account.pk).update(status=Account.Status.OPEN)
    work_off()
    assert balance(shop) == Decimal("96.50")


# --- people: one proposes, another one confirms

SAID = {"evidence": "mail of the processor", "reason": "called them on Monday"}


@pytest.fixture
def pair(db: None) -> tuple[Actor, Actor]:
    return people()


def stuck(shop: Client, cards: Simulator) -> CardPayment:
    payment = doubtful(shop, cards, "html")
    time_passes(13 * 3600)
    CardPayment.objects.filter(pk=payment.pk).update(due_at=now() + timedelta(minutes=5))
    payment.refresh_from_db()
    return payment


def propose(actor: Actor, payment: CardPayment, act: CardAct | None = None, *, is_done: bool = True) -> Closing:
    return settling.propose(actor=actor, payment=payment, act=act, is_done=is_done, **SAID)


def test_two_people_close_what_was_never_answered_after_twelve_hours(
    shop: Client, cards: Simulator, pair: tuple[Actor, Actor]
) -> None:
    one, other = pair
    payment = doubtful(shop, cards, "html")
    with pytest.raises(NotInDoubt):
        propose(one, payment)
    time_passes(13 * 3600)
    closing = propose(one, payment)
    payment.refresh_from_db()
    assert payment.state == State.IN_DOUBT, "nothing changes before the second person"
    with pytest.raises(SamePerson):
        settling.confirm(actor=one, closing=closing)
    settling.confirm(actor=other, closing=closing)
    payment.refresh_from_db()
    assert payment.state == State.AUTHORIZED
    assert settling.confirm(actor=other, closing=closing).state == "confirmed", "pressed twice"

    cards.control("misbehave", operation="captures", mode="html", times=1)
    with pytest.raises(OutcomeUnknown):
        acts.capture(payment=payment, amount=Decimal(100))
    act = CardAct.objects.get()
    with pytest.raises(NotInDoubt):
        propose(other, payment, act)
    time_passes(13 * 3600)
    closing = propose(other, payment, act)
    with pytest.raises(ClosingMoved):
        propose(one, payment, act, is_done=False)
    settling.confirm(actor=one, closing=closing)
    assert balance(shop) == Decimal("96.50")
    said = AuditEntry.objects.filter(object_type="cardpayment").order_by("id").values_list("action", "actor_label")
    assert [pair for pair in said if "clos" in pair[0] or "settled" in pair[0]] == [
        ("card_payment.closing_proposed", "dewi@example.id"),
        ("card_payment.settled", "eko@example.id"),
        ("card_payment.closing_proposed", "eko@example.id"),
        ("card_payment.settled", "dewi@example.id"),
    ]


def test_two_people_find_that_nothing_happened(shop: Client, cards: Simulator, pair: tuple[Actor, Actor]) -> None:
    payment = stuck(shop, cards)
    settling.confirm(actor=pair[1], closing=propose(pair[0], payment, is_done=False))
    payment.refresh_from_db()
    assert (payment.state, payment.reason) == (State.DECLINED, Reason.SETTLED_BY_STAFF)


@pytest.mark.parametrize("who", [0, 1], ids=["own", "somebody-else's"])
def test_either_of_the_two_takes_a_proposal_back(
    shop: Client, cards: Simulator, pair: tuple[Actor, Actor], who: int
) -> None:
    payment = stuck(shop, cards)
    closing = propose(pair[0], payment)
    settling.withdraw(actor=pair[who], closing=closing, note="The mail was about another payment")
    with pytest.raises(ClosingMoved):
        settling.confirm(actor=pair[1], closing=closing)
    entry = AuditEntry.objects.get(action="card_payment.closing_withdrawn")
    assert (entry.actor_label, entry.after["note"]) == (pair[who].label, "The mail was about another payment")
    other = propose(pair[1], payment, is_done=False)
    payment.refresh_from_db()
    assert (payment.state, other.state) == (State.IN_DOUBT, "proposed")


def test_a_proposal_is_for_the_doubt_that_it_speaks_of(
    shop: Client, cards: Simulator, pair: tuple[Actor, Actor]
) -> None:
    payment = stuck(shop, cards)
    first = propose(pair[0], payment)
    CardPayment.objects.filter(pk=payment.pk).update(in_doubt_since=F("in_doubt_since") + timedelta(minutes=1))
    with pytest.raises(ClosingMoved):
        settling.confirm(actor=pair[1], closing=first)
    second = propose(pair[0], payment)
    first.refresh_from_db()
    assert (first.state, second.state) == ("overtaken", "proposed")
    time_passes(400)
    CardPayment.objects.filter(pk=payment.pk).update(lease_until=None, lease_token=None)
    work()
    payment.refresh_from_db()
    assert payment.state == State.AUTHORIZED, "the processor has answered meanwhile"
    with pytest.raises(NotInDoubt):
        settling.confirm(actor=pair[1], closing=second)


def test_programs_and_one_person_twice_are_not_two_people(
    shop: Client, cards: Simulator, pair: tuple[Actor, Actor]
) -> None:
    payment = stuck(shop, cards)
    with pytest.raises(NotAllowed):
        propose(system("test"), payment)
    closing = propose(pair[0], payment)
    rows = Closing.objects.filter(pk=closing.pk)
    for by in (pair[0].user, None):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(state="confirmed", decided_by=by, decided_at=now())
    with pytest.raises(ProgrammingError), transaction.atomic():
        rows.update(is_done=False)
