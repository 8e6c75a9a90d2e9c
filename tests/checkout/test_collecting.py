"""A checkout paid by a bank's number, a QR or OVO: begun on the page, completed by the provider's word alone."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pgtrigger
import pytest
from django.db import connection, transaction
from django.test import Client as Browser

from accounts.access.actors import system
from accounts.models import Client, Customer, Role
from cards.models import CardPayment
from checkout.models import Session, State, Try
from checkout.processing import following
from checkout.services import sessions
from config.lib.clock import now
from notifications.models import WebhookDelivery, WebhookEndpoint
from payments import settlement
from payments.models import Deposit, PaymentCase
from payments.settlement import play
from tests.accounts import cast
from tests.checkout.house import ask_for, balance, fresh, look, pay, problems, stage, sweep, time_passes, url
from tests.payments.cases_desk import Desk
from tests.payments.conftest import House
from tests.simulators import Simulator
from wallets import proof
from wallets.models import Account
from wallets.services import Purse, client_account

pytestmark = pytest.mark.django_db
BCA, BRI = "702", "800"


@pytest.fixture
def house(faspay_sim: Simulator, customer: Customer, settings: Any) -> House:
    settings.FASPAY_READ_TIMEOUT_SECONDS = 0.6
    settings.FASPAY_QRIS_CHANNEL = "711"
    return House(faspay_sim, customer)


@pytest.fixture
def session(shop: Client, house: House) -> Session:
    return ask_for(shop, "75000", "IDR")


@pytest.fixture(autouse=True)
def _books_are_right(db: None) -> Any:
    yield
    assert problems() == []
    assert proof.run().problems == []


def choose(session: Session, method: str = "va", bank: str = BCA, **given: str) -> Any:
    """The payer presses the button of a way; a worker makes it payable."""
    answer = Browser().post(url(session, "by"), {"press": str(uuid4()), "method": method, "bank": bank, **given})
    for attempt in Try.objects.filter(session=session, is_over=False, deposit__isnull=False):
        if attempt.deposit is not None and attempt.deposit.method != "sandbox":
            settlement.submit(attempt.deposit.attempts.latest("id").pk)
    return answer


def deposit_of(session: Session) -> Deposit:
    return Deposit.objects.filter(checkout_try__session=session).latest("id")


def test_a_number_is_shown_and_its_payment_completes(session: Session, house: House, shop: Client) -> None:
    assert choose(session).status_code == 303
    text = look(session)
    assert stage(session) == "deposit"
    assert f'data-number="{house.account(deposit_of(session)).number}"' in text
    assert "How to pay at BCA" in text
    assert "Virtual account at another bank" in text
    [letter] = house.pay(deposit_of(session))
    house.deliver(letter)
    house.work()
    paid = fresh(session)
    assert (paid.state, paid.payment_reference) == (State.COMPLETED, str(deposit_of(session).public_id))
    assert balance(shop, "IDR") == 75_000
    assert "Rp75.000 is paid" in look(session)


def test_the_same_way_again_makes_no_second_number(session: Session) -> None:
    choose(session)
    choose(session)
    assert Deposit.objects.count() == 1
    choose(session, bank=BRI)
    assert Deposit.objects.count() == 2


def test_a_qr_is_shown_and_can_be_saved(session: Session) -> None:
    choose(session, "qris", "")
    assert 'id="qr-code"' in look(session)
    picture = Browser().get(url(session, "code.png"))
    assert (picture.status_code, picture["Content-Type"]) == (200, "image/png")


def test_a_card_after_a_number_closes_the_number(session: Session, house: House) -> None:
    choose(session)
    pay(session)
    assert fresh(session).state == State.COMPLETED
    sweep()
    assert deposit_of(session).state == Deposit.State.CANCELLED
    assert list(Try.objects.order_by("id").values_list("reason", flat=True)) == ["left", ""]


def test_money_that_comes_after_the_end_completes_it(session: Session, house: House, shop: Client) -> None:
    choose(session)
    told = {"url": "https://shop.example/hook", "events": ["*"]}
    WebhookEndpoint.objects.create(client=shop, secret=b"x", secret_set_at=now(), **told)
    [letter] = house.pay(deposit_of(session))
    time_passes(timedelta(minutes=40))
    house.work()
    sweep()
    assert fresh(session).state == State.EXPIRED
    assert stage(session) == "expired"
    house.deliver(letter)
    house.work()
    late = fresh(session)
    assert late.state == State.COMPLETED
    assert late.closed_at is not None
    assert balance(shop, "IDR") == 75_000
    heard = [json.loads(bytes(one.body)) for one in WebhookDelivery.objects.order_by("pk")]
    assert [one["event"] for one in heard] == ["checkout.expired", "checkout.completed"]
    assert heard[0]["data"]["version"] < heard[1]["data"]["version"]


def test_paid_twice_stays_with_the_shop(session: Session, house: House, shop: Client) -> None:
    choose(session)
    [letter] = house.pay(deposit_of(session))
    pay(session)
    house.deliver(letter)
    house.work()
    sweep()
    assert fresh(session).payment_reference == CardPayment.objects.get().reference
    assert Try.objects.get(method="va").reason == "paid_twice"
    assert balance(shop, "IDR") == 75_000 + 75_000 - CardPayment.objects.get().fee


def test_with_less_than_was_asked_it_has_failed(session: Session, house: House, shop: Client) -> None:
    choose(session)
    house.deliver(house.pay(deposit_of(session), amount="70000.00")[0])
    house.work()
    deposit = deposit_of(session)
    if deposit.state != Deposit.State.SUCCESS:
        # It waits for people: nobody is asked to pay meanwhile.
        assert stage(session) == "checked"
        return
    assert fresh(session).state == State.FAILED
    assert "Less than the amount has arrived" in look(session)


@pytest.fixture
def desk() -> Desk:
    """Somebody who proposes, and two who decide."""
    people = {
        "maker": cast.person("maker", Role.SUPPORT),
        "checker": cast.person("checker", Role.COMPANY_ADMIN),
        "other": cast.person("other", Role.COMPANY_ADMIN, Role.SUPER_ADMIN),
    }
    return Desk(*(cast.browser_of(person) for person in people.values()), people)


@pytest.fixture
def set_aside(session: Session, house: House, shop: Client) -> PaymentCase:
    """The payer's transfer came after its time, when the shop's balance took nothing: it waits for people."""
    choose(session)
    [letter] = house.pay(deposit_of(session))
    account = client_account(Purse(shop, "IDR"))
    Deposit.objects.update(expires_at=now())
    house.work()
    sweep()
    Account.objects.filter(pk=account.pk).update(status=Account.Status.CLOSED)
    house.deliver(letter)
    house.work()
    Account.objects.filter(pk=account.pk).update(status=Account.Status.OPEN)
    assert Try.objects.get().is_over
    return PaymentCase.objects.get(deposit=deposit_of(session))


def test_money_that_a_person_checks_is_not_paid_a_second_time(
    session: Session, set_aside: PaymentCase, shop: Client, desk: Desk
) -> None:
    text = look(session)
    assert 'data-stage="checked"' in text
    assert "We have received a payment that a person checks" in text
    assert 'name="number"' not in text
    assert 'name="method"' not in text
    refused = [choose(session, bank=BRI), choose(session, "qris", ""), pay(session)]
    assert [answer.status_code for answer in refused] == [409, 409, 409]
    assert (Deposit.objects.count(), CardPayment.objects.exists()) == (1, False)
    # Its time goes on; what a person decides afterwards completes it.
    time_passes(timedelta(minutes=40))
    sweep()
    assert (fresh(session).state, stage(session)) == (State.EXPIRED, "checked")
    desk.settle(set_aside, "credit")
    paid = fresh(session)
    assert (paid.state, paid.payment_reference) == (State.COMPLETED, str(deposit_of(session).public_id))
    assert (stage(session), balance(shop, "IDR")) == ("completed", 75_000)


def test_money_that_goes_back_leaves_the_payer_free(session: Session, set_aside: PaymentCase, desk: Desk) -> None:
    desk.settle(set_aside, "return")
    assert stage(session) == "choose"
    assert choose(session, bank=BRI).status_code == 303
    assert stage(session) == "deposit"


@pytest.mark.parametrize("change", ["client_id = %s", "method = 'sandbox', amount = amount + 0 * %s"])
def test_a_number_of_somebody_elses_is_found(session: Session, change: str) -> None:
    choose(session)
    try:
        with transaction.atomic(), pgtrigger.ignore(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE payments_deposit SET {change}", [cast.company("Rokel").pk])
            [said] = problems()
            raise InterruptedError
    except InterruptedError:
        assert said.startswith(f"a try of checkout {session.reference} belongs to {session.client_id}, and its money")


def test_nothing_can_be_begun_while_money_is_on_its_way(session: Session, house: House) -> None:
    choose(session)
    attempt = house.account(deposit_of(session))
    type(attempt).objects.filter(pk=attempt.pk).update(reason="seen")
    assert stage(session) == "confirming"
    assert choose(session, bank=BRI).status_code == 409
    assert pay(session).status_code == 409


def test_a_payer_can_have_the_bank_asked(session: Session, house: House) -> None:
    choose(session)
    answer = Browser().post(url(session, "ask"))
    assert (answer.status_code, answer["Location"]) == (303, url(session) + "?note=asked")


def test_what_is_not_offered_is_refused(session: Session) -> None:
    for given in ({}, {"method": "crypto"}, {"method": "va", "bank": "999"}, {"method": "va"}, {"method": "card"}):
        answer = Browser().post(url(session, "by"), given)
        assert answer.status_code == 400, given
    assert not Deposit.objects.exists()


def test_play_money_comes_by_itself(shop: Client) -> None:
    session = ask_for(shop, "75000", "IDR", is_sandbox=True)
    assert session.methods == ["card", "va", "qris", "ovo"]
    choose(session)
    assert stage(session) == "deposit"
    play.pay(deposit_of(session).pk)
    assert fresh(session).state == State.COMPLETED
    assert balance(shop, "IDR", is_sandbox=True) == Decimal(75_000)


def test_a_cancelled_checkout_stops_its_deposit(session: Session) -> None:
    choose(session)
    sessions.cancel(session=fresh(session), actor=system("test"))
    assert stage(session) == "cancelled"
    for _turn in range(2):
        for try_id in following.due():
            following.carry_on(try_id)
    assert deposit_of(session).state == Deposit.State.CANCELLED
    assert following.due() == []


@pytest.fixture
def ovo(shop: Client, house: House, settings: Any) -> Session:
    """OVO is open, and has been asked."""
    settings.FASPAY_OVO_BASE_URL = house.sim.url
    settings.FASPAY_OVO_USER_ID, settings.FASPAY_OVO_PASSWORD = "bot37020", "sandbox-ovo"
    settings.FASPAY_OVO_FORMAT, settings.FASPAY_OVO_XML_DIGITS = "json", "42"
    settings.FASPAY_OVO_REDIRECT_HOSTS = [house.sim.url]
    settings.FASPAY_OVO_CALLBACK_TOKEN = "a-token-of-this-test-that-is-long-enough"
    session = ask_for(shop, "75000", "IDR")
    assert choose(session, "ovo", "", phone="0812 3456 7890").status_code == 303
    return session


def test_ovo_is_waited_for_a_minute(ovo: Session, house: House) -> None:
    # Nobody has linked this number: OVO refuses at once.
    assert stage(ovo) == "choose"
    assert "OVO did not take this number" in look(ovo)
    Browser().post(url(ovo, "by"), {"press": str(uuid4()), "method": "ovo", "phone": "0812 3456 7891"})
    assert "We are asking OVO" in look(ovo)
    account = house.account(deposit_of(ovo))
    rows = type(account).objects.filter(pk=account.pk)
    rows.update(state="open", provider_trx_id="7")
    text = look(ovo)
    assert stage(ovo) == "deposit"
    assert "Confirm in OVO" in text
    # The push cannot be taken back.
    assert "Pay another way" not in text
    assert pay(ovo).status_code == 409
    house.shift(account, timedelta(minutes=20), "expires_at")
    assert stage(ovo) == "confirming"
    rows.update(state="closed", reason="called_off")
    assert stage(ovo) == "choose"
    assert "You did not confirm in OVO" in look(ovo)
    pay(ovo)
    assert fresh(ovo).state == State.COMPLETED
