"""Money that comes in an order, or under a name, that no part of the house had for itself."""

import hashlib
import hmac
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DataError, OperationalError, transaction
from django.utils import timezone

from accounts.models import Customer
from payments import settlement
from payments.models import Deposit, PaymentAttempt, PaymentCase, ProviderMessage, Receipt
from payments.providers.faspay_snap import schemas
from payments.services.incoming.legacy import PATH as LEGACY
from payments.settlement import asking, messages, pace
from payments.settlement.cases import open_case
from payments.settlement.rows import lock
from tests.payments import gate as doors
from tests.payments.cases_desk import Desk, problems
from tests.payments.cases_desk import wallet as balance_of
from tests.payments.gate import NUMBER, PAYMENT, QR, Gate, news, notice, qr_news
from tests.payments.test_btcpay_flow import CoinHouse
from tests.simulators import Simulator

pytestmark = pytest.mark.django_db
TRX = "REVIEWED00000001"
Kind, State = PaymentCase.Kind, PaymentAttempt.State


@pytest.fixture
def coins(btcpay_sim: Simulator, customer: Customer, settings: Any) -> CoinHouse:
    settings.BTCPAY_READ_TIMEOUT_SECONDS = 0.6
    return CoinHouse(btcpay_sim, customer)


def _failed(customer: Customer, method: str = "va") -> PaymentAttempt:
    attempt = doors.open_number(customer, TRX, NUMBER, method=method)
    PaymentAttempt.objects.filter(pk=attempt.pk).update(state=State.FAILED, reason="not_made")
    return attempt


# --- word of money for an attempt that nobody asks about any more ------------------------------------------------


def test_paid_without_a_figure_to_a_failed_number_is_told_to_staff(gate: Gate, customer: Customer) -> None:
    attempt = _failed(customer)
    gate.send(PAYMENT, news(NUMBER, trxId=TRX, paidAmount=...))
    doors.work()
    case = PaymentCase.objects.get()
    assert (case.kind, case.attempt) == (Kind.NO_AMOUNT, attempt)
    assert balance_of(customer) == 0
    assert doors.last_message().decision == "flagged"


def test_so_is_a_failed_qr(gate: Gate, customer: Customer) -> None:
    attempt = _failed(customer, "qris")
    gate.send(QR, qr_news(TRX, amount=...))
    doors.work()
    assert PaymentCase.objects.get().attempt == attempt


def test_a_legacy_word_of_money_for_a_failed_number_is_told_to_staff(gate: Gate, customer: Customer) -> None:
    attempt = _failed(customer)
    gate.client.post(LEGACY, data=json.dumps(notice(TRX)), content_type="application/json")
    doors.work()
    case = PaymentCase.objects.get()
    assert case.attempt == attempt
    assert balance_of(customer) == 0


def test_no_figure_of_what_is_credited_already_is_a_repeat(gate: Gate, customer: Customer) -> None:
    doors.open_number(customer, TRX, NUMBER)
    gate.send(PAYMENT, news(NUMBER, trxId=TRX))
    doors.work()
    gate.send(PAYMENT, news(NUMBER, trxId=TRX, paidAmount=...))
    doors.work()
    assert (doors.last_message().decision, PaymentCase.objects.count()) == ("repeated", 0)


# --- a way that was left for another one ------------------------------------------------------------------------


def test_what_was_left_is_watched_after_the_deposit_is_paid(customer: Customer) -> None:
    """Nobody can call a QR off: whoever scans it after another way has paid must be found without a letter."""
    attempt = doors.open_number(customer, TRX, "", method="qris")
    PaymentAttempt.objects.filter(pk=attempt.pk).update(state=State.CLOSED)
    Deposit.objects.filter(pk=attempt.deposit_id).update(
        state="success", received_amount=50_000, paid_at=timezone.now(), ledger_reference="deposit:other"
    )
    with transaction.atomic():
        rows = lock(attempt.pk)
    assert rows is not None
    soon = asking._next(rows)
    assert soon is not None
    assert soon <= rows.now + timedelta(hours=1)
    rows.now = rows.ends_at + pace.WATCH
    assert asking._next(rows) is None


# --- coins that come in parts -----------------------------------------------------------------------------------


def _tell(coins: CoinHouse, event: dict[str, Any], **changes: Any) -> None:
    body = json.loads(event["body"])
    moved = changes.pop("later_by", 0)
    body |= changes
    body["payment"]["receivedDate"] += moved
    raw = json.dumps(body).encode()
    digest = hmac.new(coins.sim.secrets["webhook_secret"].encode(), raw, hashlib.sha256).hexdigest()
    coins.tell({"headers": {"BTCPay-Sig": f"sha256={digest}"}}, body=raw)


def test_each_coin_after_the_credit_is_told_also_when_one_before_was_settled(coins: CoinHouse, desk: Desk) -> None:
    deposit = coins.ask_for()
    events = coins.do(deposit, "pay")
    for event in events:
        coins.tell(event)
    _tell(coins, events[0], deliveryId="Second", later_by=3600)
    desk.settle(PaymentCase.objects.get(), "explain")
    _tell(coins, events[0], deliveryId="SecondAgain", later_by=3600)
    assert not PaymentCase.objects.exclude(state="settled").exists(), "the same coin told again"
    _tell(coins, events[0], deliveryId="Third", later_by=7200)
    assert PaymentCase.objects.exclude(state="settled").count() == 1


def test_more_late_coins_than_wait_are_told(coins: CoinHouse) -> None:
    deposit = coins.ask_for()
    coins.do(deposit, "late")
    coins.question(deposit)
    assert PaymentCase.objects.get().kind == Kind.OUT_OF_TERMS
    coins.do(deposit, "late")
    coins.question(deposit)
    assert {case.kind for case in PaymentCase.objects.all()} == {Kind.OUT_OF_TERMS, Kind.OTHER_AMOUNT}
    assert (Receipt.objects.count(), problems()) == (1, [])


@pytest.mark.parametrize("settled", [False, True])
def test_a_figure_that_comes_after_its_case_has_somebody_to_look_at_it(
    gate: Gate, customer: Customer, desk: Desk, settled: bool
) -> None:
    attempt = doors.open_number(customer, TRX, NUMBER)
    about: dict[str, Any] = {"channel": "faspay_va", "deposit": attempt.deposit, "attempt": attempt}
    first = open_case(Kind.OUT_OF_TERMS, key=f"{Kind.OUT_OF_TERMS}:{TRX}", **about)
    if settled:
        desk.settle(first, "explain")
    more: dict[str, Any] = {"amount": Decimal(50_000), "currency": "IDR", "receipt_key": TRX}
    for _again in range(2):
        case = open_case(Kind.OUT_OF_TERMS, key=f"{Kind.OUT_OF_TERMS}:{TRX}", **about, **more)
    assert case.receipt == Receipt.objects.get(place="suspense")
    assert case.state != "settled"
    assert PaymentCase.objects.count() == (2 if settled else 1)
    assert problems() == []


# --- names ------------------------------------------------------------------------------------------------------


def test_another_figure_for_the_same_unknown_name_is_told(gate: Gate) -> None:
    for amount in ("50000.00", "70000.00"):
        gate.send(PAYMENT, news(NUMBER, trxId=TRX, paidAmount={"value": amount, "currency": "IDR"}))
        doors.work(4)
    assert set(PaymentCase.objects.values_list("amount", flat=True)) == {50_000, 70_000}
    assert Receipt.objects.count() == 1
    assert problems() == []


def test_money_that_staff_gave_to_somebody_else_leaves_a_case_for_its_owner(
    gate: Gate, customer: Customer, other_customer: Customer, desk: Desk
) -> None:
    gate.send(PAYMENT, news(NUMBER, trxId=TRX))
    doors.work(4)
    desk.settle(PaymentCase.objects.get(), "credit", customer=str(other_customer.public_id))
    attempt = doors.open_number(customer, TRX, NUMBER)
    doors.work()
    case = PaymentCase.objects.exclude(state="settled").get()
    deposit = Deposit.objects.get(pk=attempt.deposit_id)
    assert (case.attempt, deposit.attention) == (attempt, case.kind)
    assert (balance_of(customer), balance_of(other_customer)) == (Decimal(0), Decimal(50_000))
    assert problems() == []


def test_a_currency_that_is_none_is_not_cut_to_ours() -> None:
    for word in ("IDRX", "RUPIAH"):
        amount, currency = schemas.amount_of({"value": "50000.00", "currency": word})
        assert (amount, currency) == (Decimal(50_000), "XXX")
    assert schemas.amount_of({"value": "50000.00", "currency": "IDR"})[1] == "IDR"


# --- rows that keep others waiting ------------------------------------------------------------------------------


def test_a_message_that_the_database_cannot_take_is_put_off(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but time heals a database that is away; what it says no to is no reason to try at once for ever."""
    gate.send(PAYMENT, news(NUMBER, trxId=TRX))
    message = doors.last_message()

    def _broken(error: Exception) -> Any:
        def handle(_message: ProviderMessage) -> Any:
            raise error

        return handle

    ProviderMessage.objects.update(next_try_at=timezone.now())
    monkeypatch.setitem(messages.HANDLERS, "notification", _broken(DataError("value too long")))
    settlement.apply_message(message.pk)
    message.refresh_from_db()
    assert message.next_try_at is not None
    assert message.next_try_at > timezone.now()
    ProviderMessage.objects.update(next_try_at=timezone.now())
    monkeypatch.setitem(messages.HANDLERS, "notification", _broken(OperationalError("gone")))
    with pytest.raises(OperationalError):
        settlement.apply_message(message.pk)
