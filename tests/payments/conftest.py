"""Ayu tops up at the simulated Faspay; its letters are carried to our callback by hand, so that order is ours."""

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pgtrigger
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from django.core.cache import cache
from django.db.models import F
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import Customer, Role
from payments import services, settlement, tasks
from payments.methods import PROVIDERS
from payments.models import Deposit, PaymentAttempt, ProviderMessage
from payments.providers.faspay_snap import signing
from tests.accounts import cast
from tests.payments.cases_desk import Desk
from tests.payments.gate import BOT, PASSWORD, Gate, new_key, public_pem, write
from tests.payments.ovo_house import TOKEN, OvoHouse
from tests.payments.static_bank import SERVICE_IDS, StaticBank, running_desk
from tests.simulators import Simulator, private_key_of
from wallets.models import Posting
from wallets.selectors import balances

CALLBACK = "/v1.0/transfer-va/payment"


def work_off() -> None:
    """What the scheduler starts, once each: what is due here, then at every provider."""
    tasks.sweep()
    for provider in PROVIDERS:
        tasks.call(provider=provider)


@dataclass
class Letter:
    """One notification as Faspay would send it."""

    headers: dict[str, str]
    body: str

    @property
    def json(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed


@dataclass
class House:
    """Both sides of a top up, and the steps between them, one at a time."""

    sim: Simulator
    customer: Customer
    client: Client = field(default_factory=Client)

    def ask_for(self, amount: int = 50_000, bank: str = "702", key: str = "") -> Deposit:
        """A deposit with its number made (unless the simulator was told to misbehave)."""
        deposit = self.ask_only(amount, bank, key)
        settlement.submit(self.account(deposit).pk)
        deposit.refresh_from_db()
        return deposit

    def ask_only(self, amount: int = 50_000, bank: str = "702", key: str = "") -> Deposit:
        return services.request_deposit(
            customer=self.customer, amount=Decimal(amount), bank=bank, idempotency_key=key or secrets.token_hex(12)
        )

    def account(self, deposit: Deposit) -> PaymentAttempt:
        return deposit.attempts.latest("id")

    def pay(self, deposit: Deposit, *, count: int = 1, **order: Any) -> list[Letter]:
        """Pay at the bank; the notifications come back unsent."""
        trx_id = self.account(deposit).trx_id
        told = self.sim.control("pay", trxId=trx_id, send=False, times=count, **order)["notifications"]
        return [Letter(letter["headers"], letter["body"]) for letter in told]

    def tell(self, deposit: Deposit, **order: Any) -> Letter:
        """A notification without a payment."""
        trx_id = self.account(deposit).trx_id
        told = self.sim.control("notify", trxId=trx_id, send=False, **order)["notifications"]
        return Letter(told[0]["headers"], told[0]["body"])

    def sign(self, body: str | bytes | dict[str, Any], **changes: str) -> Letter:
        """Any body, signed by Faspay's own key."""
        if isinstance(body, dict):
            body = json.dumps(body, separators=(",", ":"))
        raw = body.encode() if isinstance(body, str) else body
        stamp = changes.pop("timestamp", "") or timezone.localtime().isoformat(timespec="seconds")
        key = private_key_of(self.sim.secrets["faspay_private"])
        text = signing.string_to_sign("POST", CALLBACK, raw, stamp)
        headers = {
            "X-TIMESTAMP": stamp,
            "X-SIGNATURE": signing.sign(key, text),
            "X-PARTNER-ID": "37020",
            "X-EXTERNAL-ID": f"{secrets.randbelow(10**35):035}",
            "CHANNEL-ID": "77001",
            **changes,
        }
        return Letter(headers, raw.decode("latin-1"))

    def deliver(self, letter: Letter, *, path: str = CALLBACK, raw: bytes | None = None) -> Any:
        headers = {name: value for name, value in letter.headers.items() if name.lower() != "content-type"}
        body = raw if raw is not None else letter.body.encode("latin-1")
        return self.client.post(path, data=body, content_type="application/json", headers=headers)

    def work(self) -> None:
        """What the tasks and the sweep would do about messages and expiry, without calling the provider."""
        for message_id in settlement.due.messages():
            settlement.apply_message(message_id)
        for deposit_id in settlement.due.expired_deposits():
            settlement.expire(deposit_id)

    def question(self, deposit: Deposit) -> None:
        """A status question right now, whatever the pace says."""
        PaymentAttempt.objects.filter(pk=self.account(deposit).pk).update(next_check_at=timezone.now())
        settlement.ask(self.account(deposit).pk)
        deposit.refresh_from_db()

    def outlive(self, deposit: Deposit, by: timedelta = timedelta(minutes=1)) -> None:
        """Let the invoice's time be over, here and at the bank."""
        Deposit.objects.filter(pk=deposit.pk).update(expires_at=timezone.now() - by)
        self.work()
        deposit.refresh_from_db()

    def shift(self, account: PaymentAttempt, by: timedelta, *fields: str) -> None:
        """Move moments of a row into the past."""
        PaymentAttempt.objects.filter(pk=account.pk).update(**{name: F(name) - by for name in fields})

    @property
    def balance(self) -> Decimal:
        return balances(self.customer)[0].balance

    @property
    def credits(self) -> int:
        return Posting.objects.filter(account__customer=self.customer).count()

    def requests(self, operation: str) -> list[dict[str, Any]]:
        found = self.sim.look("requests")["requests"]
        return [row for row in found if row["path"].endswith(operation)]


@pytest.fixture
def house(faspay_sim: Simulator, customer: Customer, settings: Any) -> House:
    settings.FASPAY_READ_TIMEOUT_SECONDS = 0.6
    return House(faspay_sim, customer)


@pytest.fixture
def bank(faspay_sim: Simulator, customer: Customer, settings: Any) -> Iterator[StaticBank]:
    """Permanent numbers can be had, and somebody answers our questions about them."""
    with running_desk() as (desk, url):
        settings.FASPAY_READ_TIMEOUT_SECONDS = 0.6
        settings.FASPAY_BASE_URL = url
        settings.FASPAY_STATIC_SERVICE_IDS = dict(SERVICE_IDS)
        yield StaticBank(customer, desk, faspay_sim.secrets["faspay_private"])


@pytest.fixture
def signed_in(client_for: Callable[..., Client], customer: Customer) -> Client:
    return client_for(customer)


@pytest.fixture
def all_ways(settings: Any) -> None:
    """Every way to pay is on, and nothing is remembered of how they do."""
    settings.FASPAY_QRIS_CHANNEL = "711"
    settings.FASPAY_OVO_BASE_URL = "https://ovo.example"
    for name in ("BASE_URL", "API_KEY", "STORE_ID", "WEBHOOK_SECRET"):
        setattr(settings, f"BTCPAY_{name}", "https://btcpay.example" if name == "BASE_URL" else "something")
    cache.clear()


@pytest.fixture(params=["json", "xml"])
def ovo_house(
    request: pytest.FixtureRequest,
    faspay_sim: Simulator,
    customer: Customer,
    client_for: Callable[..., Client],
    settings: Any,
) -> OvoHouse:
    """OVO in each of its two formats, both ways."""
    settings.FASPAY_OVO_BASE_URL = faspay_sim.url
    settings.FASPAY_OVO_USER_ID, settings.FASPAY_OVO_PASSWORD = "bot37020", "sandbox-ovo"
    settings.FASPAY_OVO_FORMAT, settings.FASPAY_OVO_XML_DIGITS = request.param, "42"
    settings.FASPAY_OVO_REDIRECT_HOSTS = [faspay_sim.url]
    settings.FASPAY_OVO_CALLBACK_TOKEN = TOKEN
    settings.FASPAY_READ_TIMEOUT_SECONDS = 0.8
    faspay_sim.control("ovo/settings", notify_form=request.param)
    return OvoHouse(faspay_sim, customer, client_for(customer))


@pytest.fixture(scope="session")
def gate_key() -> RSAPrivateKey:
    return new_key()


@pytest.fixture
def gate(gate_key: RSAPrivateKey, settings: Any, tmp_path: Path, db: None) -> Gate:
    """Providers at our doors, with keys that the test holds; no simulator."""
    settings.FASPAY_PARTNER_ID = "37020"
    settings.FASPAY_PUBLIC_KEY_FILES = [write(tmp_path, "faspay.pub", public_pem(gate_key))]
    settings.FASPAY_OVO_USER_ID, settings.FASPAY_OVO_PASSWORD = BOT, PASSWORD
    return Gate(gate_key)


def code_of(response: HttpResponse) -> str:
    return str(json.loads(response.content)["responseCode"])


def last_message() -> ProviderMessage:
    return ProviderMessage.objects.latest("id")


def body_of(number: str = "3702019999999999", **changes: Any) -> dict[str, Any]:
    padded = f"  {number}"
    body: dict[str, Any] = {
        "partnerServiceId": padded[:8],
        "customerNo": number[6:],
        "virtualAccountNo": padded,
        "paymentRequestId": padded,
        "trxId": "UNKNOWN000000000",
        "paidAmount": {"value": "50000.00", "currency": "IDR"},
        "additionalInfo": {
            "paymentDate": "2026-11-21 09:00:00",
            "channelCode": "702",
            "merchantId": "37020",
            "latestTransactionStatus": "00",
        },
    }
    return {name: value for name, value in {**body, **changes}.items() if value is not ...}


def news_of(house: House, deposit: Deposit, **changes: Any) -> dict[str, Any]:
    account = house.account(deposit)
    return body_of(account.number, trxId=account.trx_id, **changes)


def rewritten_history() -> Any:
    """Let a test date a kept message back."""
    return pgtrigger.ignore("payments.ProviderMessage:kept_as_received")


@pytest.fixture
def desk(db: None) -> Desk:
    """Somebody of Support, a CompanyAdmin, and another one who is SuperAdmin too."""
    people = {
        "maker": cast.person("maker", Role.SUPPORT),
        "checker": cast.person("checker", Role.COMPANY_ADMIN),
        "other": cast.person("other", Role.COMPANY_ADMIN, Role.SUPER_ADMIN),
    }
    return Desk(*(cast.browser_of(person) for person in people.values()), people)
