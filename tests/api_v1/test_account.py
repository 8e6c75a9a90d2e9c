"""Balance, deposits and the webhook's configuration over the compatible API."""

from decimal import Decimal
from typing import Any

import pytest

from accounts.models import AuditEntry, Customer
from config.lib.clock import wib
from payments import services, settlement
from payments.models import Deposit, PaymentAttempt
from tests.api_v1.calling import Program, data_of, refusal_of
from tests.simulators import Simulator
from wallets.selectors import balance_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def bank(faspay_sim: Simulator, settings: Any) -> Simulator:
    settings.FASPAY_QRIS_CHANNEL = "711"
    settings.FASPAY_READ_TIMEOUT_SECONDS = 0.6
    return faspay_sim


# --- deposits --------------------------------------------------------------------------------------


def test_a_deposit_is_a_qris_on_our_pay_page(program: Program, ayu: Customer, bank: Simulator, settings: Any) -> None:
    told = data_of(program.post("/topup/create", amount=50_000))
    deposit = Deposit.objects.get()
    assert told == {
        "order_id": f"APIDEP-{deposit.public_id.hex.upper()}",
        "amount": 50_000,
        "total_amount": 50_000,
        "payment_url": f"{settings.BASE_URL}/pay/{deposit.public_id}",
        "expired_at": wib(deposit.expires_at),
    }
    assert (deposit.customer, deposit.method, deposit.amount) == (ayu, "qris", 50_000)
    page = program.client.get(f"/pay/{deposit.public_id}")
    assert page.status_code == 200
    assert "<svg" in page.content.decode()


def test_it_is_checked_until_it_is_paid(program: Program, ayu: Customer, bank: Simulator) -> None:
    order_id = data_of(program.post("/topup/create", amount=50_000))["order_id"]
    waiting = data_of(program.get("/topup/check", order_id=order_id))
    assert (waiting["status"], waiting["paid_at"], waiting["amount"]) == ("pending", None, 50_000)
    attempt = PaymentAttempt.objects.get()
    assert attempt.next_check_at is not None
    bank.control("qr/pay", qrContent=attempt.content, send=False)
    settlement.ask(attempt.pk)
    paid = data_of(program.get("/topup/check", order_id=order_id))
    deposit = Deposit.objects.get()
    assert (paid["status"], paid["paid_at"]) == ("success", wib(deposit.paid_at or deposit.created_at))
    assert paid["created_at"] == wib(deposit.created_at)
    assert balance_in(ayu, "IDR") == 150_000
    assert data_of(program.get("/balance"))["balance"] == 150_000


def test_a_cancelled_one_reads_expired(program: Program, bank: Simulator) -> None:
    order_id = data_of(program.post("/topup/create", amount=50_000))["order_id"]
    services.cancel_deposit(deposit=Deposit.objects.get())
    assert data_of(program.get("/topup/check", order_id=order_id))["status"] == "expired"


@pytest.mark.parametrize("amount", [0, 4_999, 100_000_000, 10**17, "x", None, 5_000.5, True, [50_000], "5e4", -50_000])
def test_amounts_are_whole_rupiah_within_bounds(program: Program, bank: Simulator, amount: Any) -> None:
    told = refusal_of(program.post("/topup/create", amount=amount), 422, "VALIDATION_ERROR")
    assert list(told["details"]["fields"]) == ["amount"]
    assert not Deposit.objects.exists()


@pytest.mark.parametrize("amount", [5_000, "5000", 5_000.0])
def test_five_thousand_is_enough(program: Program, bank: Simulator, amount: Any) -> None:
    assert data_of(program.post("/topup/create", amount=amount))["amount"] == 5_000


def test_once_is_once(program: Program, bank: Simulator) -> None:
    first = data_of(program.post("/topup/create", amount=50_000, key="a"))
    again = program.post("/topup/create", amount="50000", key="a")
    assert data_of(again) == first
    assert again["Idempotent-Replayed"] == "true"
    refusal_of(program.post("/topup/create", amount=60_000, key="a"), 422, "IDEMPOTENCY_KEY_REUSED")
    assert data_of(program.post("/topup/create", amount=50_000, key="b")) != first
    assert Deposit.objects.count() == 2


@pytest.mark.parametrize("mode", ["timeout_after_accept", "502", "html"])
def test_the_page_is_there_though_the_bank_is_slow(program: Program, bank: Simulator, mode: str) -> None:
    bank.control("misbehave", operation="*", mode=mode, seconds=2)
    assert data_of(program.post("/topup/create", amount=50_000))["payment_url"]
    assert Deposit.objects.get().state == "pending"


def test_where_there_is_no_qris_it_is_503(program: Program, faspay_sim: Simulator, settings: Any) -> None:
    settings.FASPAY_QRIS_CHANNEL = ""
    refusal_of(program.post("/topup/create", amount=50_000), 503, "SERVICE_UNAVAILABLE")


@pytest.mark.parametrize("order_id", ["", "x", "APIDEP-", "APIDEP-3-xxx", "APIDEP-" + "0" * 32])
def test_what_is_no_deposit_is_not_found(program: Program, order_id: str) -> None:
    refusal_of(program.get("/topup/check", order_id=order_id), 404, "NOT_FOUND")


def test_somebody_elses_is_not_there(program: Program, stranger: Program, bank: Simulator) -> None:
    order_id = data_of(program.post("/topup/create", amount=50_000))["order_id"]
    refusal_of(stranger.get("/topup/check", order_id=order_id), 404, "NOT_FOUND")
    refusal_of(program.get("/topup/check"), 422, "VALIDATION_ERROR")


def test_what_may_not_come_in_is_refused_with_its_own_code(
    program: Program, ayu: Customer, bank: Simulator, settings: Any
) -> None:
    settings.KYC_LEVELS = {**settings.KYC_LEVELS, "basic": [120_000, 120_000, 120_000]}
    refusal_of(program.post("/topup/create", amount=50_000), 422, "BALANCE_LIMIT")
    assert balance_in(ayu, "IDR") == Decimal(100_000)


# --- the webhook -----------------------------------------------------------------------------------

URL = "https://1.1.1.1/hook"


def test_a_webhook_that_was_never_set_up_is_nulls(program: Program) -> None:
    assert data_of(program.get("/webhook/get")) == {
        "url": None,
        "events": [],
        "is_active": False,
        "has_secret": False,
        "updated_at": None,
    }


def test_a_secret_is_shown_once(program: Program, ayu: Customer) -> None:
    made = data_of(program.patch("/webhook/update", url=URL, events=["order.otp_received"]))
    assert len(made["secret"]) == 48
    shown = data_of(program.get("/webhook/get"))
    assert shown == {name: value for name, value in made.items() if name != "secret"}
    assert (shown["url"], shown["events"], shown["is_active"], shown["has_secret"]) == (
        URL,
        ["order.otp_received"],
        True,
        True,
    )
    assert shown["updated_at"].endswith(" WIB")
    # What is left out stays, the secret too.
    changed = data_of(program.patch("/webhook/update", events=["*"], is_active=False))
    assert (changed["url"], changed["events"], changed["is_active"]) == (URL, ["*"], False)
    assert "secret" not in changed or changed["secret"] is None
    assert made["secret"] not in "".join(str(entry.after) for entry in AuditEntry.objects.all())


def test_ones_own_secret_is_taken_as_typed(program: Program) -> None:
    told = data_of(program.patch("/webhook/update", url=URL, secret="sixteen letters!"))
    assert told["secret"] == "sixteen letters!"
    assert len(data_of(program.patch("/webhook/update", secret="short"))["secret"]) == 48


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "url"),
        ({"url": "http://1.1.1.1/hook"}, "url"),
        ({"url": "https://127.0.0.1/hook"}, "url"),
        ({"url": "https://169.254.169.254/latest"}, "url"),
        ({"url": "https://[::1]/"}, "url"),
        ({"url": URL, "events": ["order.exploded"]}, "events"),
        ({"url": URL, "events": "order.finished"}, "events"),
        ({"url": URL, "is_active": "perhaps"}, "is_active"),
        ({"url": 5}, "url"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_would_not_work_is_422(program: Program, body: dict[str, Any], field: str) -> None:
    told = refusal_of(program.patch("/webhook/update", **body), 422, "VALIDATION_ERROR")
    assert any(name.startswith(field) for name in told["details"]["fields"])
    assert data_of(program.get("/webhook/get"))["url"] is None


def test_each_customer_has_its_own(program: Program, stranger: Program) -> None:
    data_of(program.patch("/webhook/update", url=URL))
    assert data_of(stranger.get("/webhook/get"))["url"] is None
