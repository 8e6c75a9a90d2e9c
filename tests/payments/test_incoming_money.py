"""Money told of by notifications: each distinct payment counts once (V1), and none is dropped (V4)."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import Customer
from payments.models import Deposit, PaymentAttempt, PaymentCase, ProviderMessage, Receipt
from payments.settlement import messages
from tests.examples import examples
from tests.payments import gate as g
from tests.payments.conftest import rewritten_history
from tests.payments.gate import PAYMENT, QR, Gate, code_of, last_message, news, qr_news
from wallets import proof
from wallets.models import Account, Posting
from wallets.selectors import balances

pytestmark = pytest.mark.django_db
TRX, NUMBER = "TRX0000000000001", "3702011111111111"


def balance_of(customer: Customer) -> int:
    """In rupiah."""
    return int(sum(row.balance for row in balances(customer) if row.currency == "IDR"))


def house(code: str) -> int:
    """What stands on an account of the house, in rupiah."""
    return int(sum(row.balance for row in Account.objects.filter(code=code, currency="IDR")))


# --- V4: a reference that we do not know yet --------------------------------------------------------------


def test_nobodys_money_goes_to_suspense_and_finds_its_owner(
    gate: Gate, customer: Customer, no_ledger_problems: None
) -> None:
    letter = news(NUMBER, trxId=TRX)
    assert code_of(gate.send(PAYMENT, letter)) == "4042512"
    g.work(2)
    assert not PaymentCase.objects.exists(), "it may only be early"
    g.work(4)
    case = PaymentCase.objects.get()
    assert (case.kind, case.state, case.customer) == ("unknown_reference", "open", None)
    assert case.amount == 50_000
    assert (case.reference, case.message) == (NUMBER, last_message())
    assert (house("suspense:faspay_va"), house("clearing:faspay_va")) == (50_000, -50_000)
    assert proof.run().problems == []
    g.open_number(customer, TRX, NUMBER)
    g.work()
    case.refresh_from_db()
    receipt = Receipt.objects.get()
    assert (case.state, case.action, receipt.place, receipt.customer) == ("settled", "matched", "wallet", customer)
    assert (balance_of(customer), house("suspense:faspay_va")) == (50_000, 0)
    assert Deposit.objects.get().state == "success"
    assert last_message().decision == "credited"
    for _ in range(2):
        assert code_of(gate.send(PAYMENT, letter)) == "2002500"
        g.work(2)
    assert (balance_of(customer), Receipt.objects.count()) == (50_000, 1)


def test_nobodys_qr_money_too(gate: Gate, customer: Customer, no_ledger_problems: None) -> None:
    assert code_of(gate.send(QR, qr_news("QR00000000000001"))) == "4045201"
    g.work(4)
    assert house("suspense:faspay_qris") == 50_000
    g.open_number(customer, "QR00000000000001", "", method="qris")
    g.work()
    assert (balance_of(customer), house("suspense:faspay_qris")) == (50_000, 0)
    assert PaymentCase.objects.get().action == "matched"


def test_several_letters_about_nobodys_payment_are_one_payment(gate: Gate, no_ledger_problems: None) -> None:
    for _ in range(3):
        gate.send(PAYMENT, news(NUMBER, trxId=TRX))
    g.work(4)
    assert (PaymentCase.objects.count(), Receipt.objects.count()) == (1, 1)
    assert house("suspense:faspay_va") == 50_000


def test_two_payments_to_an_unknown_permanent_number_are_two(
    gate: Gate, customer: Customer, no_ledger_problems: None
) -> None:
    for name in ("pay-1", "pay-2", "pay-1"):
        gate.send(PAYMENT, news(g.NUMBER, paymentRequestId=name, referenceNo="1"))
    g.work(4)
    assert (PaymentCase.objects.count(), house("suspense:faspay_va")) == (2, 100_000)
    g.permanent(customer)
    g.work(2)
    assert (balance_of(customer), house("suspense:faspay_va")) == (100_000, 0)
    assert set(PaymentCase.objects.values_list("action", flat=True)) == {"matched"}


@pytest.mark.parametrize("status", ["01", "03", "05", "07"])
def test_news_of_no_money_open_no_case(gate: Gate, status: str) -> None:
    gate.send(PAYMENT, news(NUMBER, trxId=TRX, additionalInfo={"latestTransactionStatus": status}))
    g.work(5)
    assert not PaymentCase.objects.exists()
    assert last_message().decision == "unmatched"


def test_nobodys_money_in_a_currency_without_a_place_gets_a_case_all_the_same(gate: Gate) -> None:
    gate.send(PAYMENT, news(NUMBER, trxId=TRX, paidAmount={"value": "5.00", "currency": "XAU"}))
    g.work(4)
    case = PaymentCase.objects.get()
    assert (case.kind, case.currency, case.receipt) == ("unknown_reference", "XAU", None)
    assert not Posting.objects.exists()


def test_a_legacy_notice_of_an_unknown_bill_gets_a_case_without_money(gate: Gate) -> None:
    """Its digest covers no amount, so nothing is booked for it; but nothing is dropped either."""
    gate.client.generic("POST", g.LEGACY, g.compact(g.notice("OVO0000000000001")), "application/json")
    g.work(4)
    case = PaymentCase.objects.get()
    assert (case.kind, case.receipt, case.reference) == ("unknown_reference", None, "OVO0000000000001")
    assert not Posting.objects.exists()


def test_after_a_week_it_is_no_longer_looked_for(gate: Gate) -> None:
    gate.send(PAYMENT, news(NUMBER, trxId=TRX))
    g.work(4)
    with rewritten_history():
        ProviderMessage.objects.update(received_at=timezone.now() - timedelta(days=8))
    g.work()
    assert last_message().next_try_at is None
    assert PaymentCase.objects.get().state == "open", "the case stays for staff"


def test_a_message_that_nobody_can_act_on_keeps_no_other_waiting(
    gate: Gate, customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(message: ProviderMessage) -> Any:
        raise RuntimeError("as ordered")

    g.open_number(customer, "QR00000000000001", "", method="qris")
    g.open_number(customer, TRX, NUMBER)
    gate.send(QR, qr_news("QR00000000000001"))
    gate.send(PAYMENT, news(NUMBER, trxId=TRX))
    monkeypatch.setitem(messages.HANDLERS, "qr", stumble)
    g.work()
    stumbled, done = ProviderMessage.objects.order_by("id")
    assert (stumbled.note, stumbled.tries, done.decision) == ("stumbled", 1, "credited")
    assert stumbled.next_try_at
    assert stumbled.next_try_at > timezone.now() + timedelta(minutes=4)
    monkeypatch.undo()
    g.work()
    assert balance_of(customer) == 100_000


# --- V1: what is credited is the sum of distinct payments ---------------------------------------------------

PAYMENTS = 4
EVENTS = st.lists(
    st.tuples(
        st.integers(0, PAYMENTS - 1),
        st.sampled_from(["00", "00", "00", "01", "03", "07"]),
        st.sampled_from(["send", "again", "work", "expire", "appear"]),
    ),
    min_size=1,
    max_size=25,
)


@pytest.mark.examples
@hypothesis_settings(
    max_examples=examples(10, 200),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(events=EVENTS, late=st.sets(st.integers(0, PAYMENTS - 1)))
def test_any_mix_of_letters_credits_each_payment_once(
    gate: Gate, customer: Customer, events: list[tuple[int, str, str]], late: set[int]
) -> None:
    """Duplicates, any order, news before the row, news after its end: the wallet and suspense hold what was paid."""
    play = Play(gate, customer, late)
    for which, status, step in events:
        play.step(which, status, step)
    play.finish()


class Play:
    """Some payments of different amounts; those in ``late`` are told of before we know them."""

    def __init__(self, gate: Gate, customer: Customer, late: set[int]) -> None:
        self.gate, self.customer = gate, customer
        self.round = Deposit.objects.count()
        self.before = balance_of(customer), house("suspense:faspay_va")
        self.paid: set[int] = set()
        self.known: set[int] = set()
        for which in set(range(PAYMENTS)) - late:
            self.appear(which)

    def trx_id(self, which: int) -> str:
        return f"P{self.round:08}{which:07}"

    def number(self, which: int) -> str:
        return f"370201{self.round:07}{which:03}"

    def amount(self, which: int) -> int:
        return 10_000 + 1_000 * which

    def appear(self, which: int) -> None:
        if which not in self.known:
            self.known.add(which)
            g.open_number(self.customer, self.trx_id(which), self.number(which), self.amount(which))

    def step(self, which: int, status: str, step: str) -> None:
        if step == "work":
            g.work()
        elif step == "appear":
            self.appear(which)
        elif step == "expire":
            Deposit.objects.filter(attempts__trx_id=self.trx_id(which)).update(expires_at=timezone.now())
        else:
            self.tell(which, status, {"X-EXTERNAL-ID": f"{self.round}-{which}-{status}"} if step == "again" else {})

    def tell(self, which: int, status: str, headers: dict[str, str]) -> None:
        amount = {"value": f"{self.amount(which)}.00", "currency": "IDR"}
        info = {"latestTransactionStatus": status, "paymentDate": "2026-11-21 09:00:00"}
        letter = news(self.number(which), trxId=self.trx_id(which), paidAmount=amount, additionalInfo=info)
        assert code_of(self.gate.send(PAYMENT, letter, **headers)) in {"2002500", "4042512"}
        if status == "00":
            self.paid.add(which)

    def finish(self) -> None:
        g.work(4)
        wallet, suspense = self.before
        told = {which: self.amount(which) for which in self.paid}
        assert balance_of(self.customer) - wallet == sum(told[which] for which in self.paid & self.known)
        assert house("suspense:faspay_va") - suspense == sum(told[which] for which in self.paid - self.known)
        for which in range(PAYMENTS):
            self.appear(which)
        g.work(2)
        assert balance_of(self.customer) - wallet == sum(told.values())
        assert house("suspense:faspay_va") == suspense
        self.check_rows()

    def check_rows(self) -> None:
        keys = {self.trx_id(which) for which in range(PAYMENTS)}
        assert set(Receipt.objects.filter(key__in=keys).values_list("key", flat=True)) == {
            self.trx_id(which) for which in self.paid
        }
        states = dict(PaymentAttempt.objects.filter(trx_id__in=keys).values_list("trx_id", "deposit__state"))
        assert {key for key, state in states.items() if state == "success"} == {
            self.trx_id(which) for which in self.paid
        }
        assert proof.run().problems == []
