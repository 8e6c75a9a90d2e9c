"""What people complain about: each has a state, a place in the ledger, a sentence, and an action of two people."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import Customer
from notifications.models import Mail
from payments import settlement, wording
from payments.models import Deposit, PaymentAttempt, PaymentCase, ProviderMessage, Receipt
from payments.settlement.cases import open_case
from tests.payments.cases_desk import Desk, address, closed_wallet, house_balance, place_of, problems, wallet
from tests.payments.conftest import House, body_of, last_message, news_of
from wallets.services import transfer

pytestmark = pytest.mark.django_db
RP, NIL = Decimal(50_000), Decimal(0)


@pytest.fixture(autouse=True)
def _everything_adds_up(db: None) -> Iterator[None]:
    yield
    assert problems() == []


def paid(house: House, amount: int = 50_000) -> Deposit:
    deposit = house.ask_for(amount)
    house.deliver(house.pay(deposit)[0])
    house.work()
    deposit.refresh_from_db()
    return deposit


def told(house: House, deposit: Deposit, **changes: object) -> Deposit:
    house.deliver(house.sign(news_of(house, deposit, **changes)))
    house.work()
    deposit.refresh_from_db()
    return deposit


def paid_twice(house: House) -> tuple[Deposit, PaymentCase]:
    """Two attempts of one deposit, both paid."""
    house.sim.control("misbehave", operation="create-va", mode="429")
    deposit = house.ask_for()
    first, second = deposit.attempts.order_by("id")
    settlement.submit(second.pk)
    house.deliver(house.pay(deposit)[0])
    house.work()
    PaymentAttempt.objects.filter(pk=first.pk).update(number="3702010000000001")
    first.refresh_from_db()
    body = body_of("3702010000000001", trxId=first.trx_id)
    house.deliver(house.sign(body))
    house.work()
    deposit.refresh_from_db()
    return deposit, deposit.cases.get(kind="paid_twice")


# --- what settles itself ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "outcome", "word"),
    [("40000.00", "underpaid", "Rp40.000"), ("60000.00", "overpaid", "Rp60.000"), ("50000.00", "", "")],
)
def test_what_arrived_is_in_the_wallet_and_said(house: House, amount: str, outcome: str, word: str) -> None:
    deposit = told(house, house.ask_for(), paidAmount={"value": amount, "currency": "IDR"})
    assert (deposit.state, deposit.outcome, wallet(house.customer)) == ("success", outcome, Decimal(amount))
    assert word in wording.outcome_sentence(deposit)
    assert not deposit.cases.exists()


@pytest.mark.parametrize("end", ["expired", "cancelled"])
def test_money_after_the_end_is_credited_and_said(house: House, end: str) -> None:
    deposit = house.ask_for()
    letters = house.pay(deposit)
    if end == "expired":
        house.outlive(deposit)
    else:
        Deposit.objects.filter(pk=deposit.pk).update(state="cancelled")
    house.deliver(letters[0])
    house.work()
    deposit.refresh_from_db()
    assert (deposit.state, deposit.outcome, wallet(house.customer)) == ("success", "paid_late", RP)
    assert "after the invoice had ended. It is in your wallet" in wording.outcome_sentence(deposit)


# --- what waits for two people ----------------------------------------------------------------------------------


def test_the_second_payment_waits_in_suspense_and_is_credited_by_two(house: House, desk: Desk) -> None:
    deposit, case = paid_twice(house)
    assert (deposit.attention, wallet(house.customer), house_balance("suspense:faspay_va")) == ("paid_twice", RP, RP)
    assert house_balance("clearing:faspay_va") == -2 * RP
    [sentence] = wording.case_sentences(deposit)
    assert "Rp50.000 more arrived" in sentence
    assert "set aside until we have decided" in sentence

    desk.settle(case, "credit")
    deposit.refresh_from_db()
    assert (case.state, place_of(case), case.ledger_reference) == ("settled", "wallet", case.subject)
    assert (wallet(house.customer), house_balance("suspense:faspay_va"), deposit.attention) == (2 * RP, Decimal(0), "")
    assert (deposit.received_amount, deposit.receipts.count()) == (RP, 2)
    assert "Rp50.000 is in your wallet now" in wording.case_sentences(deposit)[0]
    mail = Mail.objects.latest("id")
    assert (mail.recipients, mail.subject) == ([house.customer.user.email], "Rp50.000 is in your wallet")


def test_the_same_news_again_opens_nothing_before_or_after_the_decision(house: House, desk: Desk) -> None:
    deposit, case = paid_twice(house)
    first = deposit.attempts.order_by("id")[0]
    body = body_of(first.number, trxId=first.trx_id)
    for settled in (False, True):
        if settled:
            desk.settle(case, "return")
        house.deliver(house.sign(body))
        house.work()
        deposit.refresh_from_db()
        assert last_message().decision == "repeated"
        assert (deposit.cases.count(), Receipt.objects.count()) == (1, 2)
        assert deposit.attention == ("" if settled else "paid_twice")


def test_given_back_it_leaves_suspense_and_clearing(house: House, desk: Desk) -> None:
    deposit, case = paid_twice(house)
    desk.settle(case, "return")
    assert (place_of(case), house_balance("suspense:faspay_va")) == ("returned", Decimal(0))
    assert (house_balance("clearing:faspay_va"), wallet(house.customer)) == (-RP, RP)
    assert "goes back the way it came" in wording.case_sentences(deposit)[0]
    assert Mail.objects.latest("id").subject == "Rp50.000 goes back the way it came"


def test_unclaimed_money_becomes_ours(house: House, desk: Desk) -> None:
    _deposit, case = paid_twice(house)
    desk.settle(case, "write_off")
    assert (place_of(case), house_balance("revenue:unclaimed")) == ("kept", RP)
    assert house_balance("clearing:faspay_va") == -2 * RP


def test_money_in_suspense_cannot_be_explained_away_or_split(house: House, desk: Desk) -> None:
    _deposit, case = paid_twice(house)
    assert desk.propose(case, "explain").status_code == 422
    assert desk.propose(case, "credit", amount="20.000").status_code == 422
    assert desk.propose(case, "take_back").status_code == 422
    assert case.state == "open"


def test_another_currency_waits_in_its_own_suspense(house: House, desk: Desk) -> None:
    deposit = told(house, house.ask_for(), paidAmount={"value": "12.50", "currency": "USD"})
    told(house, deposit, paidAmount={"value": "12.50", "currency": "USD"})
    case = deposit.cases.get()
    assert (deposit.state, case.kind, house_balance("suspense:faspay_va", "USD")) == (
        "pending",
        "wrong_currency",
        Decimal("12.50"),
    )
    told(house, deposit)
    assert (deposit.state, wallet(house.customer)) == ("success", RP)
    desk.propose(case, "credit")
    assert "SuperAdmin" in desk.said(desk.checker, case)
    desk.decide(case)
    assert case.state == "proposed", "another currency is above every limit"
    desk.decide(case, by=desk.other)
    assert (case.state, wallet(house.customer, "USD")) == ("settled", Decimal("12.50"))


def test_a_currency_nobody_knows_is_a_case_without_money(house: House, desk: Desk) -> None:
    deposit = told(house, house.ask_for(), paidAmount={"value": "12.50", "currency": "EUR"})
    case = deposit.cases.get()
    assert (case.kind, case.receipt, case.currency) == ("wrong_currency", None, "EUR")
    assert "12.50" in desk.said(desk.maker, case)
    desk.settle(case, "explain")
    deposit.refresh_from_db()
    assert (case.state, case.ledger_reference, deposit.attention) == ("settled", "", "")


def test_another_amount_later_moves_nothing_until_two_have_found_out(house: House, desk: Desk) -> None:
    deposit = paid(house)
    for _again in range(2):
        told(house, deposit, paidAmount={"value": "70000.00", "currency": "IDR"})
    case = deposit.cases.get()
    assert (case.kind, case.receipt, wallet(house.customer)) == ("other_amount", None, RP)
    desk.settle(case, "credit", amount="20.000")
    assert (wallet(house.customer), house_balance("clearing:faspay_va")) == (Decimal(70_000), Decimal(-70_000))
    assert Receipt.objects.get(ledger_reference=case.subject).key == case.subject
    told(house, deposit, paidAmount={"value": "70000.00", "currency": "IDR"})
    assert (last_message().decision, deposit.attention, deposit.cases.count()) == ("repeated", "", 1)


def test_taken_back_by_the_bank_leaves_the_wallet_by_the_mirror_of_its_credit(house: House, desk: Desk) -> None:
    deposit = paid(house)
    info = {**body_of()["additionalInfo"], "latestTransactionStatus": "04"}
    told(house, deposit, additionalInfo=info)
    case = deposit.cases.get()
    assert (case.kind, case.receipt) == ("refunded", deposit.receipts.get())
    desk.settle(case, "take_back")
    assert (wallet(house.customer), house_balance("clearing:faspay_va"), place_of(case)) == (NIL, NIL, "returned")
    told(house, deposit, additionalInfo=info)
    assert (deposit.state, deposit.attention, deposit.cases.count()) == ("success", "", 1)
    assert "was taken out of your wallet" in Mail.objects.latest("id").subject


def test_money_that_was_spent_is_not_taken_back_but_may_be_lost(
    house: House, desk: Desk, other_customer: Customer
) -> None:
    deposit = paid(house)
    desk.maker.post(address("deposit_correct", deposit), {"note": "The bank asks for it back."})
    case = deposit.cases.get()
    desk.propose(case, "take_back")
    transfer(
        sender=house.customer,
        recipient=other_customer,
        amount=Decimal(45_000),
        currency="IDR",
        reference="spent",
        memo="",
        caused_by=None,
    )
    desk.decide(case)
    assert case.state == "proposed"
    assert "only Rp5.000 can be taken out" in desk.said(desk.checker, case)
    desk.decide(case, "reject")
    desk.settle(case, "take_back", amount="5.000")
    assert (wallet(house.customer), house_balance("clearing:faspay_va")) == (NIL, Decimal(-45_000))

    desk.maker.post(address("deposit_correct", deposit), {"note": "The rest is lost."})
    rest = deposit.cases.exclude(pk=case.pk).get()
    assert desk.propose(rest, "write_off", amount="45.001").status_code == 422
    desk.settle(rest, "write_off", amount="45.000")
    assert (house_balance("clearing:faspay_va"), house_balance("expense:payment_losses")) == (NIL, Decimal(-45_000))
    assert "Your wallet has not changed" in wording.case_sentences(deposit)[1]


def test_money_for_a_blocked_wallet_waits_and_pays_the_deposit_later(house: House, desk: Desk) -> None:
    deposit = house.ask_for()
    with closed_wallet(house.customer):
        house.deliver(house.pay(deposit)[0])
        house.work()
        case = deposit.cases.get()
        assert (case.kind, place_of(case), house_balance("clearing:faspay_va")) == (
            "ledger_refused",
            "suspense",
            -RP,
        )
        told(house, deposit)
        assert (last_message().decision, deposit.cases.count()) == ("repeated", 1)
        desk.propose(case, "credit")
        desk.decide(case)
        assert case.state == "proposed"
        assert "This wallet is blocked" in desk.said(desk.checker, case)
    desk.decide(case)
    deposit.refresh_from_db()
    assert (deposit.state, deposit.received_amount, deposit.ledger_reference) == ("success", RP, case.subject)
    assert (wallet(house.customer), deposit.attention) == (RP, "")
    told(house, deposit)
    assert (last_message().decision, wallet(house.customer)) == ("repeated", RP)


# --- a reference nobody knows -----------------------------------------------------------------------------------


def unknown(house: House, **changes: object) -> PaymentCase:
    """A signed payment for a trxId that nobody here has, looked for until it is sheltered."""
    house.deliver(house.sign(body_of("3702011234567890", trxId="NOBODYKNOWS12345", **changes)))
    for _try in range(4):
        ProviderMessage.objects.filter(decision="unmatched").update(next_try_at=timezone.now() - timedelta(seconds=1))
        house.work()
    return PaymentCase.objects.get(kind="unknown_reference")


def appears(house: House) -> Deposit:
    """The reference is ours after all."""
    deposit = house.ask_only()
    PaymentAttempt.objects.create(
        deposit=deposit, bank="702", trx_id="NOBODYKNOWS12345", number="3702011234567890", state="open"
    )
    return deposit


def look_again(house: House) -> None:
    ProviderMessage.objects.filter(decision="unmatched").update(next_try_at=timezone.now() - timedelta(seconds=1))
    house.work()


def test_money_of_nobody_waits_in_suspense_until_its_reference_appears(house: House) -> None:
    case = unknown(house)
    assert (place_of(case), house_balance("suspense:faspay_va"), case.customer) == ("suspense", RP, None)
    deposit = appears(house)
    look_again(house)
    deposit.refresh_from_db()
    case.refresh_from_db()
    assert (deposit.state, wallet(house.customer), house_balance("suspense:faspay_va")) == ("success", RP, NIL)
    assert (case.state, case.action, case.deposit, Receipt.objects.count()) == ("settled", "matched", deposit, 1)
    told(house, deposit)
    assert (last_message().decision, wallet(house.customer)) == ("repeated", RP)


def test_staff_say_whose_it_is_and_its_reference_changes_nothing_later(house: House, desk: Desk) -> None:
    case = unknown(house)
    assert desk.propose(case, "credit").status_code == 422, "whose wallet?"
    desk.settle(case, "credit", customer=house.customer.user.email)
    assert wallet(house.customer) == RP
    deposit = appears(house)
    look_again(house)
    deposit.refresh_from_db()
    assert (deposit.state, wallet(house.customer), Receipt.objects.count()) == ("success", RP, 1)
    assert deposit.ledger_reference == case.subject


def test_given_to_somebody_else_the_deposit_is_not_paid(house: House, desk: Desk, other_customer: Customer) -> None:
    case = unknown(house)
    desk.settle(case, "credit", customer=str(other_customer.public_id))
    deposit = appears(house)
    look_again(house)
    deposit.refresh_from_db()
    assert (deposit.state, wallet(house.customer), wallet(other_customer)) == ("pending", NIL, RP)


def test_staff_find_out_that_it_arrived_and_the_letter_that_comes_later_is_a_repeat(house: House, desk: Desk) -> None:
    deposit = house.ask_for()
    desk.maker.post(address("deposit_correct", deposit), {"note": "The customer sent the bank's receipt."})
    case = deposit.cases.get()
    desk.settle(case, "credit", amount="50.000")
    deposit.refresh_from_db()
    assert (deposit.state, deposit.ledger_reference, wallet(house.customer)) == ("success", case.subject, RP)
    house.deliver(house.pay(deposit)[0])
    house.work()
    assert (last_message().decision, wallet(house.customer), Receipt.objects.count()) == ("repeated", RP, 1)


def test_what_arrives_by_itself_after_the_proposal_is_not_credited_by_hand_as_well(house: House, desk: Desk) -> None:
    deposit = house.ask_for()
    desk.maker.post(address("deposit_correct", deposit), {"note": "The customer sent the bank's receipt."})
    case = deposit.cases.get()
    desk.propose(case, "credit", amount="50.000")
    house.deliver(house.pay(deposit)[0])
    house.work()
    assert "This does not fit any more" in desk.said(desk.checker, case)
    desk.decide(case)
    assert (case.state, wallet(house.customer), Receipt.objects.count()) == ("proposed", RP, 1)
    desk.decide(case, "reject")
    desk.settle(case, "explain")
    assert wallet(house.customer) == RP


def test_money_nobody_assigned_that_comes_after_the_proposal_stays_in_suspense(house: House, desk: Desk) -> None:
    with transaction.atomic():
        listed = open_case(
            PaymentCase.Kind.MISSING_HERE,
            key="missing_here:x",
            channel="faspay_va",
            amount=RP,
            currency="IDR",
            reference="NOBODYKNOWS12345",
        )
    desk.propose(listed, "credit", amount="50.000", customer=house.customer.user.email)
    unknown(house)
    desk.decide(listed)
    assert (listed.state, wallet(house.customer), house_balance("suspense:faspay_va")) == ("proposed", NIL, RP)
