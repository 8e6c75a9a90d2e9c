"""A permanent number is asked about, paid, paid again, contradicted and taken back: through the signed door, and by
our own questions."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pgtrigger
import pytest
from django.utils import timezone

from accounts.access.actors import Actor, Origin
from accounts.access.credentials import rights_of_portal
from accounts.models import Role
from payments import tasks
from payments.checks import ledger_problems
from payments.models import Deposit, PaymentCase, ProviderExchange, Receipt, StaticPayment
from payments.services import cases, static_accounts
from payments.settlement import static
from payments.settlement.static_booking import receipt_key
from tests.accounts import cast
from tests.payments.conftest import work_off
from tests.payments.static_bank import StaticBank, Truth, code_of, new_name
from tests.simulators import Simulator
from wallets.services import wallet_of

pytestmark = pytest.mark.django_db


def backdated(payment: StaticPayment, **fields: Any) -> None:
    """Move moments of a row that may not be rewritten otherwise."""
    with pgtrigger.ignore("payments.StaticPayment:announced_once"):
        StaticPayment.objects.filter(pk=payment.pk).update(**fields)


def _company_admin(name: str) -> Actor:
    portal = cast.person(name, Role.COMPANY_ADMIN)
    roles, permissions = rights_of_portal(portal)
    origin = Origin(via="page")
    return Actor(kind="session", origin=origin, user=portal.user, portal=portal, roles=roles, permissions=permissions)


# --- inquiry ----------------------------------------------------------------------------------------


def test_a_bank_learns_who_stands_behind_a_number(bank: StaticBank) -> None:
    number = bank.number_at().number
    answer = bank.inquire(number, "0ab1").json()
    assert answer["responseCode"] == "2002400"
    data = answer["virtualAccountData"]
    assert data["virtualAccountName"] == "Ayu Lestari"
    assert data["virtualAccountEmail"] == "ayu@example.id"
    assert data["totalAmount"] == {"value": "0.00", "currency": "IDR"}
    assert data["inquiryRequestId"] == "0ab1"
    assert data["virtualAccountNo"] == f"  {number}"
    assert StaticPayment.objects.count() == 0


def test_a_bank_hears_no_about_what_cannot_be_paid(bank: StaticBank) -> None:
    account = bank.number_at()
    wrong = account.number[:-1] + str((int(account.number[-1]) + 1) % 10)
    assert code_of(bank.inquire(wrong)) == "4042412"
    assert code_of(bank.flag(wrong)) == "4042512"
    static_accounts.close_number(account=account)
    assert code_of(bank.inquire(account.number)) == "4042419"
    assert code_of(bank.flag(account.number)) == "4042519"
    other = bank.number_at("802")
    user = bank.customer.user
    user.is_active = False
    user.save()
    assert code_of(bank.inquire(other.number)) == "4042412"
    assert code_of(bank.flag(other.number)) == "4042512"
    assert StaticPayment.objects.count() == 0


def test_a_name_is_said_in_plain_letters(bank: StaticBank) -> None:
    user = bank.customer.user
    user.display_name = "Ünal  <Ayu> & Söhne"
    user.save()
    said = bank.inquire(bank.number_at().number).json()["virtualAccountData"]["virtualAccountName"]
    assert said == "Unal Ayu Sohne"


# --- the flag ---------------------------------------------------------------------------------------


def test_a_flag_is_written_down_and_moves_no_money(bank: StaticBank) -> None:
    account = bank.number_at()
    answer = bank.flag(account.number, 75_000, "first", reference="F-1")
    assert code_of(answer) == "2002500"
    assert answer.json()["virtualAccountData"]["virtualAccountName"] == "Ayu Lestari"
    payment = bank.payment("first")
    assert (payment.state, payment.amount, payment.reference_no) == ("flagged", Decimal(75_000), "F-1")
    waits = payment.next_check_at - payment.created_at if payment.next_check_at else timedelta(0)
    assert timedelta(minutes=4) < waits < timedelta(minutes=6)
    assert (bank.credits, Deposit.objects.count()) == (0, 0)


def test_the_same_flag_again_is_answered_the_same_and_other_facts_are_not(bank: StaticBank) -> None:
    number = bank.number_at().number
    assert [code_of(bank.flag(number, 75_000, "first")) for _ in range(3)] == ["2002500"] * 3
    assert code_of(bank.flag(number, 75_001, "first")) == "4042518"
    assert code_of(bank.flag(number, 75_000, "first", reference="OTHER")) == "4042518"
    assert StaticPayment.objects.count() == 1
    bank.told(number, 75_000, "first")
    assert code_of(bank.flag(number, 75_000, "first")) == "2002500"
    assert code_of(bank.flag(number, 1, "first")) == "4042518"
    assert bank.credits == 1


@pytest.mark.parametrize("amount", ["50000.50", "0.00", "9999999999999999.00"])
def test_odd_amounts_are_declined_before_money_moves(bank: StaticBank, amount: str) -> None:
    number = bank.number_at().number
    assert code_of(bank.flag(number, amount, "odd")) == "4042513"
    assert StaticPayment.objects.count() == 0


def test_what_the_wallet_may_not_hold_is_declined_before_money_moves(bank: StaticBank) -> None:
    number = bank.number_at().number
    assert code_of(bank.flag(number, 2_000_001)) == "4042513"
    assert code_of(bank.flag(number, 1_500_000)) == "2002500"
    assert code_of(bank.flag(number, 500_001)) == "4042513", "what is announced counts"
    assert code_of(bank.flag(number, 500_000)) == "2002500"


def test_what_is_paid_is_taken_whatever_the_limit(bank: StaticBank) -> None:
    assert bank.told(bank.number_at().number, 3_000_000).decision == "credited"
    assert bank.balance == Decimal(3_000_000)


# --- news -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flagged", [True, False])
def test_a_notification_books_once(bank: StaticBank, no_ledger_problems: None, flagged: bool) -> None:
    """With a flag before it, and without: a lost flag loses no money."""
    account = bank.number_at()
    if flagged:
        bank.flag(account.number, 50_000, "one", reference="FASPAY-1")
    message = bank.told(account.number, 50_000, "one")
    again = bank.told(account.number, 50_000, "one")
    assert (message.decision, again.decision) == ("credited", "repeated")
    assert message.static_account == account
    payment = bank.payment("one")
    deposit = payment.deposit
    assert deposit is not None
    assert (payment.state, payment.next_check_at) == ("booked", None)
    assert (deposit.method, deposit.bank, deposit.state, deposit.outcome) == ("va_static", "702", "success", "")
    assert (deposit.amount, deposit.received_amount) == (Decimal(50_000), Decimal(50_000))
    receipt = Receipt.objects.get()
    assert (receipt.key, receipt.place) == (receipt_key(account.number, "one"), "wallet")
    assert (receipt.static_payment, receipt.deposit, receipt.message) == (payment, deposit, message)
    assert (bank.credits, bank.balance) == (1, Decimal(50_000))
    assert deposit.ledger_reference == deposit.reference


def test_a_number_is_paid_as_often_as_one_likes(bank: StaticBank, no_ledger_problems: None) -> None:
    account, other = bank.number_at(), bank.number_at("802")
    for amount in (10_000, 10_000, 25_500):
        assert bank.told(account.number, amount).decision == "credited"
    # The same name at another number is another payment.
    same = new_name()
    assert bank.told(account.number, 1, same).decision == "credited"
    assert bank.told(other.number, 1, same).decision == "credited"
    assert (bank.credits, bank.balance) == (5, Decimal(45_502))


def test_the_time_is_the_banks_if_it_can_be_true(bank: StaticBank) -> None:
    number = bank.number_at().number
    letter = bank.letter(number, request_id="odd")
    letter["additionalInfo"]["paymentDate"] = "2001-01-01 00:00:00"
    assert code_of(bank.post("/v1.0/transfer-va/payment", letter)) == "2002500"
    work_off()
    deposit = Deposit.objects.get()
    assert deposit.paid_at == deposit.created_at


def test_money_to_a_closed_number_goes_to_its_owner(bank: StaticBank, no_ledger_problems: None) -> None:
    account = bank.number_at()
    bank.flag(account.number, 40_000, "before")
    static_accounts.close_number(account=account)
    assert bank.told(account.number, 40_000, "before").decision == "credited"
    assert bank.told(account.number, 7_000, "after").decision == "credited"
    user = bank.customer.user
    user.is_active = False
    user.save()
    assert bank.told(account.number, 500, "much later").decision == "credited"
    assert bank.balance == Decimal(47_500)


def test_another_amount_after_the_credit_is_a_case_and_no_credit(bank: StaticBank, no_ledger_problems: None) -> None:
    number = bank.number_at().number
    bank.told(number, 50_000, "one")
    for _ in range(2):
        message = bank.told(number, 60_000, "one")
        assert (message.decision, message.note) == ("flagged", "other_amount")
    deposit = Deposit.objects.get()
    assert (bank.credits, bank.cases, deposit.attention) == (1, ["other_amount"], "other_amount")
    assert PaymentCase.objects.get().deposit == deposit


def test_another_amount_than_announced_waits_in_suspense(bank: StaticBank, no_ledger_problems: None) -> None:
    account = bank.number_at()
    bank.flag(account.number, 50_000, "one")
    assert bank.told(account.number, 60_000, "one").decision == "flagged"
    assert bank.told(account.number, 60_000, "one").decision == "repeated"
    assert bank.told(account.number, 50_000, "one").decision == "flagged"
    receipt = Receipt.objects.get()
    assert (receipt.place, receipt.amount, receipt.key) == (
        "suspense",
        Decimal(60_000),
        receipt_key(account.number, "one"),
    )
    first, second = PaymentCase.objects.order_by("id")
    assert (first.kind, first.receipt, first.customer) == ("other_amount", receipt, bank.customer)
    assert (second.kind, second.receipt) == ("other_amount", None)
    assert (bank.credits, bank.payment("one").next_check_at) == (0, None)


def test_what_staff_credited_by_hand_is_not_booked_again(bank: StaticBank) -> None:
    """Found in a settlement file under Faspay's own id before any letter came."""
    number = bank.number_at().number
    bank.flag(number, 50_000, "one", reference="FASPAY-1")
    Receipt.objects.create(
        channel="faspay_va",
        key="FASPAY-1",
        amount=Decimal(50_000),
        currency="IDR",
        place="wallet",
        customer=bank.customer,
        ledger_reference="case:by-hand",
    )
    assert bank.told(number, 50_000, "one").decision == "repeated"
    assert bank.credits == 0


@pytest.mark.parametrize(
    ("amount", "currency", "kind", "kept"),
    [
        ("50000.00", "USD", "wrong_currency", 1),
        ("50000.00", "SGD", "wrong_currency", 0),
        ("50000.50", "IDR", "odd_amount", 0),
    ],
)
def test_what_cannot_be_booked_is_a_case(
    bank: StaticBank, no_ledger_problems: None, amount: str, currency: str, kind: str, kept: int
) -> None:
    for _ in range(2):
        message = bank.told(bank.number_at().number, amount, "odd", currency=currency)
        assert (message.decision, message.note) == ("flagged", kind)
    assert (bank.cases, Receipt.objects.count(), bank.credits) == ([kind], kept, 0)


def test_paid_without_an_amount_is_asked_about_or_left_to_staff(bank: StaticBank) -> None:
    number = bank.number_at().number
    bank.flag(number, 50_000, "one")
    bank.desk.answers["one"] = Truth()
    message = bank.told(number, None, "one")
    assert (message.decision, message.note, bank.credits) == ("asked", "no_amount", 0)
    work_off()
    assert (bank.payment("one").state, bank.credits) == ("booked", 1)
    assert bank.told(number, None, "one").decision == "repeated"
    assert bank.told(number, None, "never announced").decision == "flagged"
    case = PaymentCase.objects.get()
    # By this name staff's credit will be known, so that a later letter with the amount is a repeat.
    assert (case.kind, case.reference) == ("paid_without_amount", receipt_key(number, "never announced"))


def test_a_second_reference_of_the_same_name_is_for_staff(bank: StaticBank) -> None:
    number = bank.number_at().number
    bank.told(number, 50_000, "one", reference="BILL-1")
    assert bank.told(number, 50_000, "one", reference="BILL-1").decision == "repeated"
    assert bank.told(number, 50_000, "one", reference="BILL-2").decision == "flagged"
    assert (bank.cases, bank.credits) == (["paid_twice"], 1)


def test_a_letter_that_names_only_the_number_is_for_staff(bank: StaticBank) -> None:
    """Were the number taken for a payment's name, the second payment would pass for a repeat of the first."""
    number = bank.number_at().number
    bank.flag(number, 50_000, "one")
    bank.desk.answers["one"] = Truth()
    for _ in range(2):
        assert bank.told(number, 50_000, number).decision == "flagged"
    assert bank.cases == ["unknown_reference"] * 2
    work_off()
    assert (bank.payment("one").state, bank.credits) == ("booked", 1)


def test_money_for_a_closed_wallet_waits_in_suspense(bank: StaticBank, no_ledger_problems: None) -> None:
    number = bank.number_at().number
    wallet = wallet_of(bank.customer)
    wallet.status = "closed"
    wallet.save(update_fields=["status"])
    message = bank.told(number, 50_000, "one")
    assert (message.decision, message.note, bank.cases) == ("flagged", "ledger_refused", ["ledger_refused"])
    payment, receipt = bank.payment("one"), Receipt.objects.get()
    assert (payment.state, payment.next_check_at, Deposit.objects.count()) == ("flagged", None, 0)
    assert (receipt.place, receipt.static_payment) == ("suspense", payment)
    assert bank.told(number, 50_000, "one").decision == "repeated"


# --- taken back -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"), [("04", "refunded"), ("05", "closed_after_success"), ("06", "closed_after_success")]
)
def test_what_is_taken_back_after_booking_needs_staff(
    bank: StaticBank, no_ledger_problems: None, status: str, kind: str
) -> None:
    number = bank.number_at().number
    bank.told(number, 50_000, "one")
    for _ in range(2):
        assert bank.told(number, 50_000, "one", status=status).decision == "flagged"
    payment = bank.payment("one")
    assert payment.deposit is not None
    case = PaymentCase.objects.get()
    assert (case.kind, case.deposit, case.amount) == (kind, payment.deposit, Decimal(50_000))
    assert (payment.state, payment.deposit.attention, bank.balance) == ("booked", kind, Decimal(50_000))


def test_two_people_take_back_what_the_bank_took_back(bank: StaticBank, no_ledger_problems: None) -> None:
    number = bank.number_at().number
    bank.told(number, 50_000, "one")
    bank.told(number, 50_000, "one", status="04")
    first, second = (_company_admin(name) for name in ("dewi", "eko"))
    case = cases.propose(actor=first, case=PaymentCase.objects.get(), action="take_back", note="They took it back.")
    cases.approve(actor=second, case=case)
    payment = bank.payment("one")
    assert (payment.state, bank.balance) == ("reversed", Decimal(0))
    assert payment.deposit is not None
    static.mark_reversed(payment.deposit)
    assert bank.told(number, 50_000, "one").decision == "repeated"
    assert bank.told(number, 50_000, "one", status="04").decision == "acknowledged"
    assert (bank.balance, list(ledger_problems())) == (Decimal(0), [])


@pytest.mark.parametrize("status", ["04", "05", "06"])
def test_taken_back_before_it_was_booked_comes_to_nothing(bank: StaticBank, status: str) -> None:
    number = bank.number_at().number
    bank.flag(number, 50_000, "one")
    bank.desk.answers["one"] = Truth(status)
    assert bank.told(number, 50_000, "one", status=status).decision == "asked"
    work_off()
    assert bank.payment("one").state == "failed"
    assert bank.told(number, 50_000, "one", status=status).decision == "acknowledged"
    assert (bank.credits, bank.cases) == (0, [])


@pytest.mark.parametrize("flagged", [True, False])
@pytest.mark.parametrize(("truth", "count"), [("04", 0), ("00", 1)])
def test_paid_and_taken_back_in_the_wrong_order_is_decided_by_the_bank(
    bank: StaticBank, flagged: bool, truth: str, count: int
) -> None:
    """The refund overtakes the payment: crediting what was told last would give the money away."""
    number = bank.number_at().number
    if flagged:
        bank.flag(number, 50_000, "one")
    bank.told(number, 50_000, "one", status="04")
    assert bank.told(number, 50_000, "one").decision == "asked"
    assert bank.credits == 0
    bank.desk.answers["one"] = Truth(truth)
    work_off()
    assert bank.credits == count


@pytest.mark.parametrize("status", ["01", "02", "03", "07", "99"])
def test_other_news_moves_nothing(bank: StaticBank, status: str) -> None:
    number = bank.number_at().number
    assert bank.told(number, 50_000, "unknown", status=status).decision == "acknowledged"
    bank.flag(number, 50_000, "one")
    message = bank.told(number, 50_000, "one", status=status)
    assert message.decision == ("asked" if status in {"07", "99"} else "acknowledged")
    assert (bank.credits, bank.payment("one").state) == (0, "flagged")


# --- our questions ----------------------------------------------------------------------------------


def test_a_flag_without_news_is_asked_about(bank: StaticBank, no_ledger_problems: None) -> None:
    account = bank.number_at()
    bank.flag(account.number, 50_000, "one")
    bank.desk.answers["one"] = Truth()
    work_off()
    assert bank.desk.asked == [], "not before patience is over"
    StaticPayment.objects.update(next_check_at=timezone.now())
    work_off()
    (question,) = bank.desk.asked
    assert question["inquiryRequestId"] == "one"
    assert question["virtualAccountNo"] == f"  {account.number}"
    assert question["additionalInfo"] == {"channelCode": "702"}
    assert (bank.payment("one").state, bank.credits) == ("booked", 1)
    assert bank.told(account.number, 50_000, "one").decision == "repeated"
    exchange = ProviderExchange.objects.get()
    assert (exchange.operation, exchange.reference, exchange.outcome) == ("status", "one", "ok")


@pytest.mark.parametrize(
    ("truth", "state", "kinds"),
    [
        (Truth("06"), "failed", []),
        (Truth("00", 60_000), "flagged", ["other_amount"]),
        (Truth("00", 50_000, currency="USD"), "flagged", ["wrong_currency"]),
        (Truth("00", "50000.50"), "flagged", ["odd_amount"]),
    ],
)
def test_what_the_bank_answers_decides(
    bank: StaticBank, no_ledger_problems: None, truth: Truth, state: str, kinds: list[str]
) -> None:
    bank.flag(bank.number_at().number, 50_000, "one")
    bank.desk.answers["one"] = truth
    payment = bank.ask(bank.payment("one"))
    assert (payment.state, payment.next_check_at, bank.cases, bank.credits) == (state, None, kinds, 0)


@pytest.mark.parametrize("truth", [None, Truth("01"), Truth("07"), Truth("00", "x"), Truth(named="another")])
def test_without_an_answer_we_ask_ever_more_rarely_and_at_last_tell_staff(
    bank: StaticBank, no_ledger_problems: None, truth: Truth | None
) -> None:
    bank.flag(bank.number_at().number, 50_000, "one")
    if truth is not None:
        bank.desk.answers["one"] = truth
    payment, waits = bank.payment("one"), []
    for _ in range(8):
        asked = timezone.now()
        payment = bank.ask(payment)
        assert payment.next_check_at is not None
        waits.append(round((payment.next_check_at - asked) / timedelta(minutes=1)))
    assert waits == [10, 20, 40, 80, 120, 120, 120, 120]
    backdated(payment, created_at=timezone.now() - timedelta(hours=25))
    payment = bank.ask(payment)
    denied = truth is None or truth.status == "07"
    assert (payment.next_check_at, payment.state) == (None, "failed" if denied else "flagged")
    assert bank.cases == ["missing_there"]
    # What comes after all is booked.
    bank.told(payment.account.number, 50_000, "one")
    assert bank.payment("one").state == "booked"


def test_a_provider_that_is_away_costs_nothing_but_time(bank: StaticBank) -> None:
    bank.flag(bank.number_at().number, 50_000, "one")
    bank.desk.is_down = True
    payment = bank.ask(bank.payment("one"))
    assert (payment.state, payment.questions, payment.last_code, payment.lease_token) == ("flagged", 1, "5032600", None)
    bank.desk.is_down, bank.desk.answers["one"] = False, Truth()
    assert bank.ask(payment).state == "booked"


def test_a_worker_that_died_leaves_the_question_to_the_next(bank: StaticBank) -> None:
    bank.flag(bank.number_at().number, 50_000, "one")
    bank.desk.answers["one"] = Truth()
    payment = bank.payment("one")
    StaticPayment.objects.update(
        next_check_at=timezone.now(), lease_token=new_name(), lease_until=timezone.now() + timedelta(seconds=60)
    )
    work_off()
    assert bank.payment("one").state == "flagged", "somebody is at it"
    StaticPayment.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    tasks.call(provider="faspay_snap")
    payment.refresh_from_db()
    assert payment.state == "booked"


def test_long_names_are_told_apart(bank: StaticBank, no_ledger_problems: None) -> None:
    number = bank.number_at().number
    names = [letter * 127 + end for letter in "ab" for end in "12"]
    for name in names:
        assert bank.told(number, 1_000, name).decision == "credited"
        assert bank.told(number, 1_000, name).decision == "repeated"
    assert len({receipt_key(number, name) for name in names}) == 4
    assert max(len(receipt_key(number, name)) for name in names) <= 64
    assert bank.balance == Decimal(4_000)


def test_the_proof_finds_money_without_a_payment_and_a_payment_without_money(bank: StaticBank) -> None:
    bank.told(bank.number_at().number, 50_000, "one")
    assert list(ledger_problems()) == []
    payment = bank.payment("one")
    Receipt.objects.update(static_payment=None)
    assert any(f"payment {payment.pk} to a permanent number is booked" in line for line in ledger_problems())
    Receipt.objects.update(static_payment=payment)
    with pgtrigger.ignore("payments.StaticPayment:legal_moves"):
        StaticPayment.objects.update(state="failed", deposit=None)
    assert any("and no payment of it is booked" in line for line in ledger_problems())


def test_the_simulated_bank_understands_our_question(bank: StaticBank, faspay_sim: Simulator, settings: Any) -> None:
    """Written by others from the same contract: it finds the payment by what we ask with."""
    settings.FASPAY_BASE_URL = faspay_sim.url
    number = bank.number_at().number
    bank.flag(number, 75_000, "0123456789abcdef0123456789abcdef")
    faspay_sim.control(
        "static/pay",
        virtualAccountNo=number,
        amount=75_000,
        paymentRequestId="0123456789abcdef0123456789abcdef",
        inquire=False,
        flag=False,
        notify=False,
        insist=True,
    )
    payment = bank.ask(bank.payment("0123456789abcdef0123456789abcdef"))
    assert (payment.state, bank.balance) == ("booked", Decimal(75_000))
