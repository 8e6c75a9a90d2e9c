"""A top-up by API: a deposit with its number at once, whatever the bank does, and sandbox money without any bank."""

from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Customer
from payments.models import Deposit, PaymentAttempt
from payments.selectors import staff_counts
from tests.accounts.calling import key_of
from tests.api import Program, program_of
from tests.payments.conftest import House
from wallets.models import Account
from wallets.selectors import balance_in

pytestmark = pytest.mark.django_db

TOP_UP, STATEMENT = "/customer-wallet/top-up", "/customer-wallet/statement"


@pytest.fixture
def ayu(house: House, no_ledger_problems: None) -> Program:
    return program_of(house.customer)


def top_up(program: Program, amount: Any = 50_000, key: str = "", **more: Any) -> Any:
    return program.post(TOP_UP, key=key, **{"amount": amount, "description": "my savings", **more})


def test_a_top_up_says_what_to_pay_where(house: House, ayu: Program) -> None:
    answer = top_up(ayu)
    told = answer.json()
    assert answer.status_code == 201
    deposit = Deposit.objects.get(public_id=told["depositId"])
    (at_bank,) = house.sim.look("accounts")["accounts"]
    assert told["instructions"] == {
        "method": "virtual_account",
        "bank": "702",
        "bankName": "BCA",
        "virtualAccountNumber": at_bank["virtualAccountNo"].strip(),
        "amount": 50_000,
        "expiresAt": told["instructions"]["expiresAt"],
    }
    assert (told["type"], told["amount"], told["balance"], told["status"]) == ("credit", 50_000, 0, "pending")
    assert told["pageUrl"].endswith(f"/topup/deposits/{deposit.public_id}/")
    assert (deposit.memo, told["description"]) == ("my savings", "my savings")


def test_paid_it_is_a_line_with_the_promised_id(house: House, ayu: Program) -> None:
    told = top_up(ayu).json()
    house.deliver(house.pay(Deposit.objects.get())[0])
    house.work()
    (line,) = ayu.get(STATEMENT).json()["entries"]
    assert (line["entryId"], line["description"], line["amount"]) == (told["entryId"], "my savings", 50_000)


def test_a_repeated_call_sees_the_deposit_as_it_is(house: House, ayu: Program) -> None:
    first = top_up(ayu, key="k").json()
    again = top_up(ayu, key="k")
    assert again["Idempotent-Replayed"] == "true"
    assert again.json() == first
    house.deliver(house.pay(Deposit.objects.get())[0])
    house.work()
    later = top_up(ayu, key="k").json()
    assert (later["status"], later["balance"], later["instructions"]) == ("success", 50_000, None)
    assert later["depositId"] == first["depositId"]
    assert len(house.requests("create-va")) == 1


def test_two_calls_are_two_deposits(house: House, ayu: Program) -> None:
    assert top_up(ayu).json()["depositId"] != top_up(ayu).json()["depositId"]
    assert len(house.requests("create-va")) == 2


@pytest.mark.parametrize(
    "mode", ["timeout_after_accept", "reset_after_accept", "502_after_accept", "html", "truncated"]
)
def test_in_doubt_it_is_answered_without_a_number(house: House, ayu: Program, mode: str) -> None:
    house.sim.control("misbehave", operation="create-va", mode=mode, seconds=2)
    answer = top_up(ayu, key="k")
    told = answer.json()
    assert (answer.status_code, told["status"], told["instructions"]) == (201, "pending", None)
    assert told["pageUrl"]
    deposit = Deposit.objects.get()
    assert house.account(deposit).state == PaymentAttempt.State.IN_DOUBT
    house.question(deposit)
    again = top_up(ayu, key="k").json()
    assert again["depositId"] == told["depositId"]
    assert len(house.requests("create-va")) == 1


def test_refused_by_the_bank_it_has_failed(house: House, ayu: Program) -> None:
    house.sim.control("misbehave", operation="create-va", mode="unauthorized")
    told = top_up(ayu, key="k").json()
    assert (told["status"], told["instructions"]) == ("failed", None)


def test_an_unreachable_bank_is_asked_again_by_the_next_call(house: House, ayu: Program, settings: Any) -> None:
    address, settings.FASPAY_BASE_URL = settings.FASPAY_BASE_URL, "http://127.0.0.1:9"
    told = top_up(ayu, key="k").json()
    assert (told["status"], told["instructions"]) == ("pending", None)
    settings.FASPAY_BASE_URL = address
    assert top_up(ayu, key="k").json()["instructions"] is not None


def test_only_a_few_calls_wait_for_the_bank(house: House, ayu: Program, monkeypatch: Any) -> None:
    monkeypatch.setattr("payments.services.topups.LANES", 0)
    assert top_up(ayu, key="k").json()["instructions"] is None
    assert house.requests("create-va") == []
    monkeypatch.setattr("payments.services.topups.LANES", 1)
    assert top_up(ayu, key="k").json()["instructions"] is not None
    assert top_up(ayu, key="k2").json()["instructions"] is not None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": 9_999}, "amount"),
        ({"amount": 10_000_001}, "amount"),
        ({"amount": 50_000.5}, "amount"),
        ({"amount": 0}, "amount"),
        ({"amount": "50000"}, "amount"),
        ({"bank": "999"}, "bank"),
        ({"bank": "x" * 9}, "bank"),
        ({"description": ""}, "description"),
        ({"description": "x" * 201}, "description"),
    ],
    ids=str,
)
def test_what_is_wrong_is_named(ayu: Program, change: dict[str, Any], field: str) -> None:
    answer = top_up(ayu, **change)
    assert answer.status_code == 400
    assert field in answer.json()["errors"]
    assert Deposit.objects.count() == 0


def test_another_bank_may_be_named(house: House, ayu: Program) -> None:
    assert top_up(ayu, bank="802").json()["instructions"]["bankName"] == "Mandiri"


def test_a_wallet_holds_so_much_and_no_more(ayu: Program, settings: Any) -> None:
    settings.KYC_LEVELS = {"basic": [100_000, 1, 1], "verified": [0, 0, 0]}
    answer = top_up(ayu, 100_001)
    assert (answer.status_code, answer.json()["code"]) == (422, "balance_limit")
    assert top_up(ayu, 60_000).status_code == 201
    waiting = top_up(ayu, 40_001)
    assert waiting.status_code == 422
    assert "Rp40.000" in waiting.json()["detail"]
    assert top_up(ayu, 40_000).status_code == 201


def test_the_page_keeps_the_same_limit(house: House, signed_in: Any, settings: Any) -> None:
    settings.KYC_LEVELS = {"basic": [40_000, 1, 1], "verified": [0, 0, 0]}
    form = {"preset": "50000", "amount": "", "bank": "702", "idempotency_key": "k" * 20}
    answer = signed_in.post("/topup/", form)
    assert answer.status_code == 422
    assert "Rp40.000" in answer.content.decode()
    assert Deposit.objects.count() == 0


def test_leones_cannot_be_paid_in_by_virtual_account(ayu: Program, settings: Any) -> None:
    settings.CUSTOMER_WALLET_CURRENCY = "SLE"
    answer = top_up(ayu, 100.50)
    assert (answer.status_code, answer.json()["code"]) == (422, "no_top_up")


# --- the sandbox --------------------------------------------------------------------------------------------


@pytest.fixture
def sandbox(customer: Customer, no_ledger_problems: None) -> Program:
    return Program(key_of(customer, is_sandbox=True).raw)


def test_sandbox_money_comes_at_once_and_from_nowhere(sandbox: Program, customer: Customer) -> None:
    answer = top_up(sandbox, key="k")
    told = answer.json()
    assert (answer.status_code, told["status"], told["balance"]) == (201, "success", 50_000)
    assert (told["instructions"], told["pageUrl"]) == (None, None)
    assert top_up(sandbox, key="k").json() == told
    assert Account.objects.get(code="clearing:sandbox").balance == Decimal(-50_000)
    deposit = Deposit.objects.get(public_id=told["depositId"])
    assert (deposit.customer.is_sandbox, deposit.state, deposit.received_amount) == (True, "success", 50_000)
    assert (staff_counts()["success"], balance_in(customer, "IDR")) == (0, 0)
    (line,) = sandbox.get(STATEMENT).json()["entries"]
    assert (line["entryId"], line["description"]) == (told["entryId"], "my savings")


def test_sandbox_wallets_have_the_same_limit(sandbox: Program, settings: Any) -> None:
    settings.KYC_LEVELS = {"basic": [100_000, 1, 1], "verified": [0, 0, 0]}
    assert top_up(sandbox, 100_000).status_code == 201
    assert top_up(sandbox, 1).status_code == 422


def test_sandbox_leones_have_cents(sandbox: Program, settings: Any) -> None:
    settings.CUSTOMER_WALLET_CURRENCY = "SLE"
    told = top_up(sandbox, 12.34).json()
    assert (told["amount"], told["balance"], told["currency"]) == (12.34, 12.34, "SLE")
    assert top_up(sandbox, 0.001).status_code == 400
    assert sandbox.get("/customer-wallet/balance").json()["balance"] == 12.34
