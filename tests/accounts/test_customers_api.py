"""Customers of the API: registered, signed in, read by those who may."""

import uuid
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry, Customer, User
from notifications.models import Mail
from tests.accounts.calling import key_of
from tests.api import Program, program_of
from tests.conftest import PASSWORD
from wallets.models import Account

pytestmark = pytest.mark.django_db

REGISTER, LOGIN = "/customers/register", "/customers/login"
DEWI = {"email": "dewi@example.id", "password": PASSWORD, "fullName": "Dewi Anggraini"}


def register(**changes: Any) -> Any:
    return Program().post(REGISTER, **{**DEWI, **changes})


def login(email: str = "dewi@example.id", password: str = PASSWORD, **more: Any) -> Any:
    return Program().post(LOGIN, email=email, password=password, **more)


# --- register -----------------------------------------------------------------------------------------------


def test_whoever_registers_has_a_wallet_and_a_mail(no_ledger_problems: None) -> None:
    answer = register(email="Dewi@Example.ID")
    told = answer.json()
    assert answer.status_code == 201
    assert (told["email"], told["fullName"]) == ("dewi@example.id", "Dewi Anggraini")
    customer = Customer.objects.get(public_id=told["customerId"])
    assert (customer.is_sandbox, customer.kyc_status) == (False, "None")
    assert Account.objects.get(customer=customer).currency == "IDR"
    assert not EmailAddress.objects.get(user=customer.user).verified
    assert Mail.objects.count() == 1
    assert AuditEntry.objects.get(action="customer.registered").object_id == told["customerId"]
    assert PASSWORD not in answer.content.decode()
    assert not answer.cookies


def test_a_name_is_not_needed() -> None:
    assert Program().post(REGISTER, email="x@example.id", password=PASSWORD).json()["fullName"] is None


@pytest.mark.parametrize("email", ["dewi@example.id", "DEWI@example.id", " dewi@example.id "])
def test_an_address_is_taken_once(email: str) -> None:
    assert register().status_code == 201
    answer = register(email=email)
    assert (answer.status_code, answer.json()["code"]) == (409, "taken")
    assert (User.objects.count(), Mail.objects.count()) == (1, 1)


def test_a_further_address_is_taken_once_it_is_confirmed(customer: Customer) -> None:
    for email, verified, status in (("claimed@example.id", False, 201), ("new@example.id", True, 409)):
        EmailAddress.objects.create(user=customer.user, email=email, verified=verified)
        assert register(email=email).status_code == status


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("email", "dewi"),
        ("email", ""),
        ("email", "a@b"),
        ("email", None),
        ("email", 5),
        ("email", "x" * 190 + "@example.id"),
        ("email", "dewi@example.id\nBcc: x@example.id"),
        ("password", "short"),
        ("password", "password123"),
        ("password", None),
        ("password", "dewi@example.id"),
        ("fullName", "x" * 201),
        ("fullName", "win http://x.example"),
        ("fullName", ["Dewi"]),
    ],
)
def test_what_is_wrong_is_named(field: str, value: Any) -> None:
    answer = register(**{field: value})
    assert answer.status_code == 400
    assert field in answer.json()["errors"]
    assert User.objects.count() == 0


def test_nobody_registers_more_than_asked_for() -> None:
    answer = register(isStaff=True, is_staff=True, kycStatus="Verified", is_sandbox=True, balance=5, customerId="x")
    assert answer.status_code == 201
    user = User.objects.get()
    assert (user.is_staff, user.is_superuser, Customer.objects.get().kyc_status) == (False, False, "None")


def test_registering_is_slowed_down(settings: Any) -> None:
    settings.CUSTOMER_REGISTRATIONS_PER_HOUR = 3
    assert [register(email=f"dewi{number}@example.id").status_code for number in range(4)] == [201, 201, 201, 429]
    answer = register(email="another@example.id")
    assert int(answer["Retry-After"]) > 0


def test_without_a_counter_nobody_registers(monkeypatch: Any) -> None:
    from redis.exceptions import ConnectionError as Gone

    def gone(*given: Any) -> Any:
        raise Gone

    monkeypatch.setattr("accounts.services.customers.take_from_all", gone)
    assert register().status_code == 503
    assert User.objects.count() == 0


# --- login --------------------------------------------------------------------------------------------------


def test_registered_and_signed_in_at_once() -> None:
    number = register().json()["customerId"]
    answer = login()
    told = answer.json()
    assert answer.status_code == 200
    assert (told["tokenType"], told["expiresIn"], told["customerId"]) == ("Bearer", 3600, number)
    mine = Program(told["token"]).get(f"/customers/{number}").json()
    assert (mine["email"], mine["kycStatus"]) == ("dewi@example.id", "None")


def test_every_wrong_sign_in_is_answered_alike(customer: Customer, other_customer: Customer, staff_user: User) -> None:
    User.objects.filter(pk=other_customer.user_id).update(is_active=False)
    wrong = [
        login("ayu@example.id", "wrong-password"),
        login("nobody@example.id"),
        login("budi@example.id"),
        login("citra@example.id"),
    ]
    assert {answer.status_code for answer in wrong} == {401}
    assert len({str({**answer.json(), "traceId": ""}) for answer in wrong}) == 1


def test_an_unknown_address_costs_a_hash_too(customer: Customer, settings: Any, monkeypatch: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    customer.user.set_password(PASSWORD)
    customer.user.save(update_fields=["password"])
    hashed: list[str] = []
    for name in ("encode", "verify"):
        plain = getattr(Argon2PasswordHasher, name)
        monkeypatch.setattr(
            Argon2PasswordHasher,
            name,
            lambda self, *given, _plain=plain, _name=name: hashed.append(_name) or _plain(self, *given),
        )
    login("ayu@example.id", "wrong-password")
    known = len(hashed)
    login("nobody@example.id", "wrong-password")
    assert len(hashed) == 2 * known == 2


def test_guessing_is_stopped(customer: Customer) -> None:
    answers = [login("ayu@example.id", f"wrong-{number:08}") for number in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert int(answers[-1]["Retry-After"]) > 0
    assert login("ayu@example.id").status_code == 429


def test_signing_in_well_is_never_slowed_down(customer: Customer) -> None:
    assert {login("ayu@example.id").status_code for _ in range(12)} == {200}


def test_a_second_factor_is_asked_for(customer: Customer) -> None:
    from allauth.mfa.models import Authenticator
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    TOTP.activate(customer.user, generate_totp_secret())
    codes = RecoveryCodes.activate(customer.user).get_unused_codes()
    assert Authenticator.objects.count() == 2
    without = login("ayu@example.id")
    assert (without.status_code, "token" in without.json()) == (401, False)
    assert login("ayu@example.id", otpCode="000000").status_code == 401
    assert login("ayu@example.id", otpCode=codes[0]).status_code == 200
    assert login("ayu@example.id", otpCode=codes[0]).status_code == 401


# --- get ----------------------------------------------------------------------------------------------------


def test_a_customer_reads_only_itself(customer: Customer, other_customer: Customer) -> None:
    ayu = program_of(customer)
    assert ayu.get(f"/customers/{customer.public_id}").status_code == 200
    for other in (other_customer.public_id, uuid.uuid4(), "me", "1"):
        assert ayu.get(f"/customers/{other}").status_code == 404


def test_staff_read_any_and_never_the_balance(customer: Customer, staff_user: User, client_for: Any) -> None:
    answer = Program(client=client_for(staff_user)).get(f"/customers/{customer.public_id}")
    assert answer.status_code == 200
    assert set(answer.json()) == {"customerId", "email", "fullName", "kycStatus", "createdAt"}


def test_sandbox_keys_see_sandbox_customers(customer: Customer) -> None:
    program = Program(key_of(customer, is_sandbox=True).raw)
    twin = Customer.objects.get(user=customer.user, is_sandbox=True)
    assert program.get(f"/customers/{twin.public_id}").status_code == 200
    assert program.get(f"/customers/{customer.public_id}").status_code == 404


def test_nobody_reads_without_a_credential(customer: Customer) -> None:
    for bearer in ("", "a.b.c", "tp_live_aaaaaaaa_" + "0" * 40):
        assert Program(bearer).get(f"/customers/{customer.public_id}").status_code == 401


def test_reading_costs_few_queries(customer: Customer) -> None:
    program = program_of(customer)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        program.get(f"/customers/{customer.public_id}")
    assert len(queries) <= 4


# --- before the address is confirmed ------------------------------------------------------------------------


def test_money_can_be_made_to_wait_for_the_confirmation(settings: Any, other_customer: Customer) -> None:
    register()
    dewi = Program(login().json()["token"])
    body = {"recipientCustomerId": str(other_customer.public_id), "amount": 1, "description": "x"}
    assert dewi.post("/customer-wallet/transfer", **body).json()["code"] == "insufficient_funds"
    settings.REQUIRE_CONFIRMED_EMAIL_FOR_API = True
    assert dewi.post("/customer-wallet/transfer", **body).json()["code"] == "email_not_confirmed"
    assert dewi.get("/customer-wallet/balance").status_code == 200
    EmailAddress.objects.filter(email="dewi@example.id").update(verified=True)
    assert dewi.post("/customer-wallet/transfer", **body).json()["code"] == "insufficient_funds"
