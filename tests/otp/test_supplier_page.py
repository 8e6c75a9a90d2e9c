"""The page about our account at OTPZap, and what staff can do there."""

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape

from accounts.models import AuditEntry, Customer, Role, User
from config.lib.clock import now
from otp import floats
from otp.models import SupplierNote, SupplierTopup
from otp.providers.otpzap import adapter, keys
from tests.accounts import cast
from tests.conftest import prove_identity
from tests.simulators import Simulator

pytestmark = pytest.mark.django_db
PAGE, TOPUPS = "/staff/otpzap/", "/staff/otpzap/topups/"
TOKEN, SECRET = "a-token-of-twenty-four-and-more", "a-secret-of-thirty-two-and-more"


@pytest.fixture
def desk(staff_user: User, client_for: Callable[[User], Client], otpzap_sim: Simulator) -> Client:
    otpzap_sim.control("settings", balance=1_234_567)
    return client_for(staff_user)


@pytest.fixture
def support(client_for: Callable[[User], Client], otpzap_sim: Simulator) -> Client:
    """May look, may not change."""
    return client_for(cast.person("rahmat", Role.SUPPORT).user)


@pytest.fixture
def notes_on(settings: Any, otpzap_sim: Simulator) -> str:
    settings.OTPZAP_WEBHOOK_TOKEN, settings.OTPZAP_WEBHOOK_SECRETS = TOKEN, [SECRET]
    settings.BASE_URL = "https://1.1.1.1"
    return f"/staff/otpzap/notes/{keys.names()[0]}/"


def text_of(answer: Any) -> str:
    """What stands on the page, without markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_before_anything_happened(desk: Client) -> None:
    words = text_of(desk.get(PAGE))
    for told in ("Not read yet", "No top-up yet", "Notes are switched off here", "Calls in the last minute 0 / 294"):
        assert told in words


def test_without_a_key(desk: Client, settings: Any) -> None:
    settings.OTPZAP_API_KEY = ""
    assert "No key is set" in text_of(desk.get(PAGE))


def test_balances_read_by_hand(desk: Client) -> None:
    answer = desk.post("/staff/otpzap/balances/", follow=True)
    words = text_of(answer)
    assert "Read 1 balance." in words
    assert "Rp1.234.567" in words
    assert "Enough" in words


def test_when_they_do_not_answer(desk: Client, otpzap_sim: Simulator) -> None:
    otpzap_sim.control("misbehave", operation="balance", mode="502")
    assert "did not answer" in text_of(desk.post("/staff/otpzap/balances/", follow=True))


def test_the_page_asks_the_database_a_fixed_number_of_times(
    desk: Client, staff_user: User, django_assert_max_num_queries: Any
) -> None:
    floats.read_all()
    for number in range(12):
        SupplierTopup.objects.create(reference=f"S{number}", key_name="k", amount=50_000, created_by=staff_user)
        SupplierNote.objects.create(digest=str(number), outcome="looked", received_at=now())
    desk.get(PAGE)
    with django_assert_max_num_queries(12):
        assert desk.get(PAGE).status_code == 200


def test_notes_say_what_came_of_them(desk: Client) -> None:
    moment = now()
    for number, outcome in enumerate(SupplierNote.Outcome.values):
        SupplierNote.objects.create(
            digest=str(number),
            outcome=outcome,
            event="order.finished",
            subject="65",
            body='{"a": "<b>"}',
            received_at=moment - timedelta(minutes=number),
        )
    answer = desk.get(PAGE)
    words = text_of(answer)
    for told in ("Order looked at", "Order was over", "No order of ours", "Balance looked at", "Not signed"):
        assert told in words
    assert escape('{"a": "<b>"}') in answer.content.decode()


# --- topping up --------------------------------------------------------------------------------------------------


def ask(client: Client, amount: str = "250000", request_id: str | None = None, **more: str) -> Any:
    form = {"amount": amount, "key_name": (keys.names() or [""])[0], "request_id": request_id or str(uuid.uuid4())}
    return client.post(TOPUPS, {**form, **more}, follow=True)


def test_an_invoice_is_asked_for_paid_and_seen(desk: Client, otpzap_sim: Simulator) -> None:
    answer = ask(desk)
    topup = SupplierTopup.objects.get()
    assert "The invoice is open" in text_of(answer)
    assert escape(topup.payment_url) in answer.content.decode()
    assert AuditEntry.objects.get(action="supplier_topup.created").after["amount"] == "250000"
    otpzap_sim.control("topup/pay", order_id=topup.provider_order_id)
    assert "It is paid." in text_of(desk.post(f"{TOPUPS}{topup.public_id}/check/", follow=True))


def test_a_form_sent_twice_makes_one_invoice(desk: Client, otpzap_sim: Simulator) -> None:
    request_id = str(uuid.uuid4())
    for _ in range(2):
        ask(desk, request_id=request_id)
    assert len(otpzap_sim.look("topups")["topups"]) == SupplierTopup.objects.count() == 1
    assert "already used" in text_of(ask(desk, "300000", request_id=request_id))


@pytest.mark.parametrize("amount", ["", "abc", "4999", "1e9", "-5", "100000001", "50000.5"])
def test_amounts_that_are_none(desk: Client, amount: str) -> None:
    assert ask(desk, amount).status_code == 422
    assert not SupplierTopup.objects.exists()


@pytest.mark.parametrize("amount", ["50.000", "Rp50.000", "50000"])
def test_amounts_as_people_type_them(desk: Client, amount: str) -> None:
    ask(desk, amount)
    assert SupplierTopup.objects.get().amount == 50_000


def test_a_key_that_is_not_ours(desk: Client) -> None:
    assert ask(desk, key_name="not-ours").status_code == 422


def test_without_an_answer_it_is_asked_for_again(desk: Client, otpzap_sim: Simulator) -> None:
    otpzap_sim.control("misbehave", operation="topup/create", mode="reset_after_accept")
    assert "has not answered yet" in text_of(ask(desk))
    topup = SupplierTopup.objects.get()
    assert "The invoice is open" in text_of(desk.post(f"{TOPUPS}{topup.public_id}/check/", follow=True))
    assert len(otpzap_sim.look("topups")["topups"]) == 1


def test_a_refusal_is_said(desk: Client, otpzap_sim: Simulator) -> None:
    otpzap_sim.control("misbehave", operation="topup/create", mode="validation")
    answer = ask(desk)
    assert answer.status_code == 422
    assert "VALIDATION_ERROR" in text_of(answer)
    assert SupplierTopup.objects.get().state == SupplierTopup.State.FAILED


def test_money_wants_a_fresh_proof_of_who_asks(desk: Client, staff_user: User, settings: Any, notes_on: str) -> None:
    prove_identity(desk, staff_user, seconds_ago=settings.STEP_UP_SECONDS + 1)
    for path, form in ((TOPUPS, {"amount": "50000"}), (notes_on, {"events": ["*"]})):
        answer = desk.post(path, form)
        assert answer.status_code == 302
        assert "reauthenticate" in answer["Location"]
    assert not SupplierTopup.objects.exists()
    assert adapter.hook().url == ""


# --- where notes go ----------------------------------------------------------------------------------------------


def test_notes_are_had_sent_here(desk: Client, notes_on: str) -> None:
    assert "OTPZap posts no notes" in text_of(desk.get(notes_on))
    answer = desk.post(notes_on, {"events": ["*"], "is_active": "on"}, follow=True)
    assert "OTPZap has taken it over." in text_of(answer)
    hook = adapter.hook()
    assert (hook.url, hook.events, hook.is_active) == (f"https://1.1.1.1/otpzap/webhook/{TOKEN}", ("*",), True)
    for secret in (TOKEN, SECRET):
        assert secret not in answer.content.decode()
    entry = AuditEntry.objects.get(action="supplier_hook.changed")
    assert SECRET not in str(entry.after)
    assert TOKEN not in str(entry.after)


def test_notes_are_paused(desk: Client, notes_on: str) -> None:
    desk.post(notes_on, {"events": ["order.otp_received", "deposit.success"]})
    assert not adapter.hook().is_active
    assert "Paused" in text_of(desk.get(notes_on))


def test_somebody_elses_address_is_shown_as_such(desk: Client, notes_on: str) -> None:
    adapter.change_hook(url="https://8.8.8.8/other", events=["*"], is_active=True)
    words = text_of(desk.get(notes_on))
    assert "https://8.8.8.8/other" in words
    assert "not the address of this portal" in words


def test_an_address_they_do_not_take(desk: Client, notes_on: str, settings: Any) -> None:
    settings.BASE_URL = "http://127.0.0.1:8000"
    answer = desk.post(notes_on, {"events": ["*"]})
    assert answer.status_code == 422
    assert "did not accept" in text_of(answer)


def test_without_token_or_secret_nothing_can_be_set_up(desk: Client, otpzap_sim: Simulator) -> None:
    path = f"/staff/otpzap/notes/{keys.names()[0]}/"
    assert "Set OTPZAP_WEBHOOK_TOKEN" in text_of(desk.get(path))
    assert desk.post(path, {"events": ["*"]}).status_code == 422
    assert adapter.hook().url == ""


def test_while_they_are_away_the_page_stands(desk: Client, notes_on: str, otpzap_sim: Simulator) -> None:
    otpzap_sim.control("misbehave", operation="webhook/get", mode="502")
    assert "did not tell" in text_of(desk.get(notes_on))


# --- who may -----------------------------------------------------------------------------------------------------


def test_support_looks_and_changes_nothing(support: Client, notes_on: str) -> None:
    words = text_of(support.get(PAGE))
    assert "Our top-ups" in words
    assert "Top up our account" not in words
    assert support.get(notes_on).status_code == 200
    assert support.post(notes_on, {"events": ["*"]}).status_code == 404
    assert support.post(TOPUPS, {"amount": "50000"}).status_code == 404


def test_for_customers_the_page_does_not_exist(
    customer: Customer, client_for: Callable[[Customer], Client], notes_on: str
) -> None:
    client = client_for(customer)
    for path in (PAGE, notes_on):
        assert client.get(path).status_code == 404


def test_who_only_looks_does_not_call_them(support: Client, otpzap_sim: Simulator) -> None:
    assert "/staff/otpzap/balances/" not in support.get(PAGE).content.decode()
    assert support.post("/staff/otpzap/balances/").status_code in (403, 404)
