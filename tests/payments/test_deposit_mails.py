"""The mail that a deposit has arrived: one for each, however often its news comes, told with the money."""

from email import message_from_bytes, policy
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import Customer
from notifications import delivery
from notifications.models import Mail, Notice
from payments.models import Deposit
from tests.payments import gate as g
from tests.payments.gate import PAYMENT, QR, Gate, news, qr_news
from tests.payments.static_bank import StaticBank
from wallets.services import wallet_of

pytestmark = pytest.mark.django_db
TRX, NUMBER = "TRX0000000000001", "3702011111111111"


def mails() -> list[Any]:
    """What was written, after the worker has looked twice."""
    for _turn in range(2):
        delivery.mail_due_notices()
    return [message_from_bytes(bytes(mail.message), policy=policy.default) for mail in Mail.objects.order_by("id")]


def test_one_mail_for_a_deposit_however_often_it_is_told(gate: Gate, customer: Customer) -> None:
    g.open_number(customer, TRX, NUMBER)
    for _turn in range(3):
        gate.send(PAYMENT, news(NUMBER, trxId=TRX))
        g.work(2)
    (mail,) = mails()
    deposit = Deposit.objects.get()
    body = mail.get_content()
    assert (mail["To"], mail["Subject"]) == (customer.user.email, "Rp50.000 is in your wallet")
    assert "Paid by: Virtual account, BCA" in body
    assert "In your wallet after it: Rp50.000" in body
    assert f"Reference: {deposit.ledger_reference}" in body
    assert reverse("payments:deposit", args=[deposit.public_id]) in body
    assert reverse("wallets:statement") in body
    assert NUMBER not in body


def test_it_speaks_the_reader_s_language_and_says_what_arrived(gate: Gate, customer: Customer) -> None:
    customer.user.language = "id"
    customer.user.save(update_fields=["language"])
    g.open_number(customer, "QR00000000000001", "", amount=60_000, method="qris")
    gate.send(QR, qr_news("QR00000000000001"))
    g.work(2)
    (mail,) = mails()
    assert mail["Subject"] == "Rp50.000 ada di dompet Anda"
    assert ": QRIS\n" in mail.get_content()


def test_each_payment_to_a_permanent_number_is_told_with_what_stands_then(bank: StaticBank) -> None:
    account = bank.number_at()
    for name, amount in (("one", 10_000), ("two", 25_500), ("one", 10_000)):
        bank.told(account.number, amount, name)
    first, second = mails()
    assert "Paid by: Permanent number, BCA" in first.get_content()
    assert "In your wallet after it: Rp10.000" in first.get_content()
    assert (second["Subject"], "In your wallet after it: Rp35.500" in second.get_content()) == (
        "Rp25.500 is in your wallet",
        True,
    )


def test_money_that_is_not_in_the_wallet_is_not_told_of(gate: Gate, customer: Customer) -> None:
    g.open_number(customer, TRX, NUMBER)
    wallet = wallet_of(customer)
    wallet.status = "closed"
    wallet.save(update_fields=["status"])
    gate.send(PAYMENT, news(NUMBER, trxId=TRX))
    g.work(2)
    assert not Notice.objects.exists()
    assert mails() == []
