"""Money that is collected for a client: by real numbers to its balance, in the sandbox by a simulated bank."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import Client, Customer, User
from config.lib.clock import now
from notifications.models import Mail, Notice
from payments import payees, settlement, tasks
from payments.errors import AmountRefused, NotPayable, UnknownBank, UnknownMethod, UnusableOvoNumber
from payments.models import Deposit, PaymentAttempt, PaymentCase, ProviderMessage
from payments.services import collecting
from tests.accounts import cast
from tests.payments.cases_desk import Desk, address, house_balance, place_of, problems
from tests.payments.conftest import House, body_of, news_of
from wallets.models import Account
from wallets.selectors import client_balances
from wallets.services import Purse, client_account

pytestmark = pytest.mark.django_db
RP = Decimal(50_000)


@pytest.fixture(autouse=True)
def _everything_adds_up(db: None) -> Iterator[None]:
    yield
    assert problems() == []


@pytest.fixture
def shop(db: None) -> Client:
    return cast.company("Kush")


@pytest.fixture
def heard() -> Iterator[list[Deposit]]:
    """What somebody who asked is told of deposits that were paid."""
    told: list[Deposit] = []
    payees.on_settled(told.append)
    yield told
    payees._listeners.remove(told.append)


def collect(shop: Client, *, is_sandbox: bool = False, **more: Any) -> Deposit:
    wish: dict[str, Any] = {
        "amount": RP,
        "method": "va",
        "bank": "702",
        "expires_at": now() + timedelta(minutes=30),
        "memo": "Order 4711",
        **more,
    }
    return collecting.collect(client=shop, is_sandbox=is_sandbox, **wish)


def payable(house: House, shop: Client, **more: Any) -> Deposit:
    deposit = collect(shop, **more)
    settlement.submit(house.account(deposit).pk)
    deposit.refresh_from_db()
    return deposit


def told(house: House, deposit: Deposit, **changes: object) -> Deposit:
    house.deliver(house.sign(news_of(house, deposit, **changes)))
    house.work()
    deposit.refresh_from_db()
    return deposit


def balance(shop: Client, *, is_sandbox: bool = False) -> Decimal:
    found = [one.balance for one in client_balances(shop, is_sandbox=is_sandbox) if one.currency == "IDR"]
    return found[0] if found else Decimal(0)


@pytest.mark.parametrize(("amount", "outcome"), [("50000.00", ""), ("40000.00", "underpaid"), ("60000.00", "overpaid")])
def test_what_arrives_goes_to_the_balance(
    house: House, shop: Client, heard: list[Deposit], amount: str, outcome: str
) -> None:
    deposit = told(house, payable(house, shop), paidAmount={"value": amount, "currency": "IDR"})
    told(house, deposit, paidAmount={"value": amount, "currency": "IDR"})
    assert (deposit.state, deposit.outcome, balance(shop)) == ("success", outcome, Decimal(amount))
    assert [one.pk for one in heard] == [deposit.pk]
    assert not Mail.objects.exists()
    assert not Notice.objects.exists()


def test_money_that_comes_late(house: House, shop: Client, heard: list[Deposit]) -> None:
    deposit = payable(house, shop)
    letter = house.pay(deposit)[0]
    house.outlive(deposit)
    assert (deposit.state, heard) == ("expired", [])
    house.deliver(letter)
    house.work()
    deposit.refresh_from_db()
    assert (deposit.state, balance(shop), len(heard)) == ("success", RP, 1)


def test_a_listener_that_fails_undoes_the_credit(house: House, shop: Client) -> None:
    def refuse(_deposit: Deposit) -> None:
        raise RuntimeError("not now")

    deposit = payable(house, shop)
    payees.on_settled(refuse)
    try:
        house.deliver(house.pay(deposit)[0])
        house.work()
    finally:
        payees._listeners.remove(refuse)
    deposit.refresh_from_db()
    assert (deposit.state, balance(shop)) == ("pending", Decimal(0))
    ProviderMessage.objects.update(next_try_at=now())
    house.work()
    deposit.refresh_from_db()
    assert (deposit.state, balance(shop)) == ("success", RP)


def test_the_bank_is_told_who_is_paid(house: House, shop: Client) -> None:
    payable(house, shop)
    known = house.sim.look("accounts")["accounts"]
    assert known[0]["name"] == "Kush"


def test_it_ends_when_it_was_to(house: House, shop: Client, settings: Any) -> None:
    until = now() + timedelta(minutes=7)
    assert collect(shop, expires_at=until).expires_at == until
    longest = timedelta(minutes=settings.DEPOSIT_LIFETIME_MINUTES)
    far = collect(shop, expires_at=now() + timedelta(days=60))
    assert far.expires_at == far.created_at + longest


def test_calling_it_off(house: House, shop: Client) -> None:
    deposit = collect(shop)
    collecting.stop(deposit=deposit)
    deposit.refresh_from_db()
    assert deposit.state == "pending"
    settlement.submit(house.account(deposit).pk)
    for _ in range(2):
        collecting.stop(deposit=deposit)
    deposit.refresh_from_db()
    assert deposit.state == "cancelled"


@pytest.mark.parametrize(
    ("wish", "error"),
    [
        ({"method": "crypto"}, UnknownMethod),
        ({"method": "card"}, UnknownMethod),
        ({"bank": "999"}, UnknownBank),
        ({"amount": Decimal("0.5")}, AmountRefused),
        ({"amount": Decimal(1)}, AmountRefused),
        ({"method": "ovo", "phone": "12"}, UnusableOvoNumber),
        ({"expires_at": now() - timedelta(minutes=1)}, NotPayable),
    ],
    ids=["coins", "card", "bank", "fraction", "little", "phone", "late"],
)
@pytest.mark.parametrize("is_sandbox", [False, True], ids=["live", "play"])
@pytest.mark.usefixtures("all_ways")
def test_what_cannot_be_collected(shop: Client, wish: dict[str, Any], error: type[Exception], is_sandbox: bool) -> None:
    with pytest.raises(error):
        collect(shop, is_sandbox=is_sandbox, **wish)
    assert not Deposit.objects.exists()


def test_ways_that_are_open(settings: Any, all_ways: None) -> None:
    assert collecting.open_methods(is_sandbox=False) == ["qris", "va", "ovo"]
    settings.FASPAY_QRIS_CHANNEL = settings.FASPAY_OVO_BASE_URL = ""
    assert collecting.open_methods(is_sandbox=False) == ["va"]
    assert collecting.open_methods(is_sandbox=True) == ["qris", "va", "ovo"]


@pytest.mark.parametrize("method", ["va", "qris", "ovo"])
def test_play_money_is_paid_by_a_simulated_bank(shop: Client, heard: list[Deposit], method: str) -> None:
    deposit = collect(shop, is_sandbox=True, method=method, bank="702", phone="081234567890")
    assert not deposit.attempts.exists()
    for _ in range(2):
        tasks.sweep()
        tasks.pay_in_sandbox(deposit_id=deposit.pk)
    deposit.refresh_from_db()
    assert (deposit.state, balance(shop, is_sandbox=True), balance(shop)) == ("success", RP, Decimal(0))
    assert (house_balance("clearing:sandbox"), house_balance("clearing:faspay_va")) == (-RP, Decimal(0))
    assert [one.pk for one in heard] == [deposit.pk]


def test_play_money_called_off_is_not_paid(shop: Client, heard: list[Deposit]) -> None:
    deposit = collect(shop, is_sandbox=True)
    collecting.stop(deposit=deposit)
    tasks.pay_in_sandbox(deposit_id=deposit.pk)
    deposit.refresh_from_db()
    assert (deposit.state, balance(shop, is_sandbox=True), heard) == ("cancelled", Decimal(0), [])


def test_it_belongs_to_one(shop: Client, customer: Customer) -> None:
    wish = {"amount": RP, "bank": "702", "expires_at": timezone.now()}
    for owner in ({}, {"client": shop, "customer": customer}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Deposit.objects.create(**wish, **owner)


# --- what needs people --------------------------------------------------------------------------------------------


def paid_twice(house: House, shop: Client) -> tuple[Deposit, PaymentCase]:
    house.sim.control("misbehave", operation="create-va", mode="429")
    deposit = payable(house, shop)
    first, second = deposit.attempts.order_by("id")
    settlement.submit(second.pk)
    house.deliver(house.pay(deposit)[0])
    house.work()
    PaymentAttempt.objects.filter(pk=first.pk).update(number="3702010000000001")
    house.deliver(house.sign(body_of("3702010000000001", trxId=first.trx_id)))
    house.work()
    deposit.refresh_from_db()
    return deposit, deposit.cases.get(kind="paid_twice")


def test_a_second_payment_is_given_to_the_client_by_two_people(house: House, shop: Client, desk: Desk) -> None:
    deposit, case = paid_twice(house, shop)
    assert (balance(shop), place_of(case), deposit.attention) == (RP, "suspense", "paid_twice")
    shown = desk.said(desk.maker, case)
    assert "Kush" in shown
    desk.settle(case, "credit")
    assert (balance(shop), place_of(case)) == (2 * RP, "wallet")
    assert "It is in the balance of Kush." in desk.said(desk.maker, case)
    assert not Mail.objects.exists()


def test_a_second_payment_is_given_back(house: House, shop: Client, desk: Desk) -> None:
    _deposit, case = paid_twice(house, shop)
    desk.settle(case, "return")
    assert (balance(shop), place_of(case)) == (RP, "returned")


@pytest.mark.parametrize("amount", ["", "20.000"], ids=["all", "some"])
def test_money_is_taken_back_out_of_the_balance(house: House, shop: Client, desk: Desk, amount: str) -> None:
    deposit = told(house, payable(house, shop))
    desk.maker.post(address("deposit_correct", deposit), {"note": "The bank called it back."})
    case = deposit.cases.get()
    foreseen = desk.maker.get(address("case_foresee", case), {"action": "take_back", "amount": amount})
    assert "the balance of Kush" in foreseen.content.decode()
    desk.settle(case, "take_back", amount=amount)
    assert balance(shop) == (RP - 20_000 if amount else 0)


def test_a_closed_balance_waits_in_suspense(house: House, shop: Client, desk: Desk, heard: list[Deposit]) -> None:
    account = Account.objects.filter(pk=client_account(Purse(shop, "IDR")).pk)
    account.update(status="closed")
    deposit = told(house, payable(house, shop))
    case = deposit.cases.get(kind="ledger_refused")
    assert (deposit.state, place_of(case), heard) == ("pending", "suspense", [])
    account.update(status="open")
    desk.settle(case, "credit")
    deposit.refresh_from_db()
    assert (deposit.state, balance(shop), [one.pk for one in heard]) == ("success", RP, [deposit.pk])


def test_staff_find_it_and_customers_do_not(
    house: House, shop: Client, staff_user: User, client_for: Any, signed_in: Browser
) -> None:
    deposit = told(house, payable(house, shop))
    collect(shop, is_sandbox=True)
    staff = client_for(staff_user)
    assert staff.get(address("deposit", deposit)).status_code == 200
    found = staff.get("/staff/deposits/", {"q": "Kush"}).content.decode()
    assert found.count("Kush") == 2 or found.count("Rp50.000") == 2
    rows = b"".join(staff.get("/staff/deposits/export/").streaming_content).decode()
    assert rows.count("Kush") == 1
    for path in (f"/pay/{deposit.public_id}", f"/topup/deposits/{deposit.public_id}/"):
        assert signed_in.get(path).status_code == 404
    assert Browser().get(f"/pay/{deposit.public_id}/qr.png").status_code == 404
