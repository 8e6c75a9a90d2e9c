"""Our own money at the supplier: read, counted, stopped at, topped up."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Customer, User
from config.lib.clock import now
from config.lib.errors import ProviderError
from notifications.models import Mail
from otp import floats, retention
from otp.errors import SupplierShort
from otp.floats import Level
from otp.models import FloatReading, SupplierNote, SupplierTopup
from otp.providers.otpzap import keys
from tests.otp import helpers as h
from tests.simulators import Simulator

pytestmark = pytest.mark.django_db
STOP, ALERT = 20_000, 500_000


@pytest.fixture
def sim(otpzap_sim: Simulator, settings: Any) -> Simulator:
    settings.OTPZAP_FLOAT_STOP, settings.OTPZAP_FLOAT_ALERT = STOP, ALERT
    otpzap_sim.control("settings", balance=1_000_000)
    return otpzap_sim


def left(sim: Simulator, rupiah: int) -> None:
    """From now on, and read."""
    sim.control("settings", balance=rupiah)
    floats.read_all()


def test_every_key_is_read(sim: Simulator, settings: Any) -> None:
    settings.OTPZAP_API_KEYS = [sim.secrets["other_api_key"]]
    assert [reading.amount for reading in floats.read_all()] == [1_000_000, 1_000_000]
    standings = floats.standings()
    assert [one.key_name for one in standings] == keys.names()
    assert {one.level for one in standings} == {Level.FINE}
    assert [one.calls for one in floats.usage()] == [1, 1]


def test_before_the_first_reading_nothing_is_known_and_nothing_stopped(sim: Simulator) -> None:
    [standing] = floats.standings()
    assert (standing.level, standing.room) == (Level.UNKNOWN, None)
    floats.check(Decimal(10**9))


@pytest.mark.parametrize(
    ("balance", "level"),
    [(ALERT + 1, Level.FINE), (ALERT, Level.LOW), (STOP + 1, Level.LOW), (STOP, Level.STOPPED), (0, Level.STOPPED)],
)
def test_levels(sim: Simulator, balance: int, level: str) -> None:
    left(sim, balance)
    assert floats.standings()[0].level == level


def test_orders_stop_before_it_is_empty(sim: Simulator) -> None:
    left(sim, 50_000)
    floats.check(Decimal(30_000))
    with pytest.raises(SupplierShort) as refused:
        floats.check(Decimal(30_001))
    assert refused.value.status == 503


def test_what_was_ordered_counts_before_it_is_bought(ayu: Customer, sim: Simulator) -> None:
    left(sim, 50_000)
    order = h.place(ayu)
    assert floats.standings()[0].room == 50_000 - order.cost
    with pytest.raises(SupplierShort):
        floats.check(Decimal(30_000))


def test_what_was_bought_counts_until_the_next_reading(ayu: Customer, sim: Simulator) -> None:
    left(sim, 50_000)
    order = h.buy(ayu)
    assert floats.standings()[0].room == 50_000 - order.cost
    floats.read_all()
    [standing] = floats.standings()
    assert standing.amount == standing.room == 50_000 - order.cost


def test_one_key_with_money_is_enough(sim: Simulator, settings: Any) -> None:
    settings.OTPZAP_API_KEYS = [sim.secrets["other_api_key"]]
    sim.control("account", account=sim.look("accounts")["accounts"][0]["account"], balance=1_000)
    floats.read_all()
    floats.check(Decimal(30_000))
    main, other = keys.names()
    assert keys.resting(main)
    assert {keys.choose() for _ in range(5)} == {other}


def test_an_old_reading_stops_nothing(sim: Simulator) -> None:
    left(sim, 0)
    FloatReading.objects.update(read_at=now() - timedelta(hours=1))
    assert floats.standings()[0].stale
    floats.check(Decimal(1))


def test_a_key_that_is_refused_keeps_its_last_reading(sim: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    left(sim, 700_000)
    sim.control("misbehave", operation="balance", mode="unauthorized")
    assert floats.read_all() == []
    assert floats.standings()[0].amount == 700_000
    assert "could not be read" in caplog.text


def test_staff_is_told_once_when_it_gets_low(sim: Simulator, staff_user: User, other_customer: Customer) -> None:
    floats.read_all()
    for balance in (400_000, 390_000, 900_000, 300_000):
        left(sim, balance)
    mails = Mail.objects.filter(subject__contains="OTPZap")
    assert [one.recipients for one in mails] == [[staff_user.email]] * 2


def test_checking_costs_two_queries(sim: Simulator, django_assert_num_queries: Any) -> None:
    floats.read_all()
    with django_assert_num_queries(2):
        floats.check(Decimal(1_000))


# --- topping up --------------------------------------------------------------------------------------------------


@pytest.fixture
def asked(staff_user: User, sim: Simulator) -> Callable[..., SupplierTopup]:
    def make(amount: int = 250_000) -> SupplierTopup:
        return SupplierTopup.objects.create(
            reference=f"SUP{amount}", key_name=keys.names()[0], amount=amount, created_by=staff_user
        )

    return make


def test_an_invoice_is_made_once_and_its_payment_seen(asked: Callable[..., SupplierTopup], sim: Simulator) -> None:
    topup = asked()
    made = floats.ask_for(topup.pk)
    assert (made.state, floats.ask_for(topup.pk).provider_order_id) == (
        SupplierTopup.State.PENDING,
        made.provider_order_id,
    )
    assert made.total
    assert made.total >= made.amount
    sim.control("topup/pay", order_id=made.provider_order_id)
    paid = floats.look_at(topup.pk)
    assert (paid.state, paid.total) == (SupplierTopup.State.SUCCESS, made.total)
    assert paid.paid_at
    assert len(sim.look("topups")["topups"]) == 1


@pytest.mark.parametrize("mode", ["reset_after_accept", "502_after_accept", "html", "truncated", "empty"])
def test_an_invoice_without_an_answer_is_asked_for_again_and_made_once(
    asked: Callable[..., SupplierTopup], sim: Simulator, mode: str
) -> None:
    topup = asked()
    sim.control("misbehave", operation="topup/create", mode=mode)
    with pytest.raises(ProviderError):
        floats.ask_for(topup.pk)
    topup.refresh_from_db()
    assert topup.state == SupplierTopup.State.ASKED
    assert floats.look_at(topup.pk).state == SupplierTopup.State.PENDING
    assert len(sim.look("topups")["topups"]) == 1


def test_an_invoice_they_refuse_has_failed(asked: Callable[..., SupplierTopup]) -> None:
    topup = asked(10)
    with pytest.raises(ProviderError):
        floats.ask_for(topup.pk)
    topup.refresh_from_db()
    assert topup.state == SupplierTopup.State.FAILED


def test_what_is_paid_stays_paid(asked: Callable[..., SupplierTopup], sim: Simulator) -> None:
    topup = floats.ask_for(asked().pk)
    sim.control("topup/expire", order_id=topup.provider_order_id)
    assert floats.look_at(topup.pk).state == SupplierTopup.State.EXPIRED
    sim.control("topup/pay", order_id=topup.provider_order_id)
    assert floats.look_at(topup.pk).state == SupplierTopup.State.SUCCESS


def test_old_readings_and_notes_go(sim: Simulator) -> None:
    floats.read_all()
    FloatReading.objects.create(key_name="k", amount=1, read_at=now() - timedelta(days=31))
    SupplierNote.objects.create(digest="1", outcome="over", received_at=now() - timedelta(days=31))
    SupplierNote.objects.create(digest="2", outcome="over", received_at=now())
    assert retention.forget_old() == 2
    assert (FloatReading.objects.count(), SupplierNote.objects.count()) == (1, 1)
