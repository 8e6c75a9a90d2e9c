"""Which ways to pay are offered: what this installation has, how fast it really was, and how its providers do."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.db.models import F
from django.utils import timezone, translation

from accounts.models import Customer
from payments import choices, methods
from payments.choices import about, lasting, offered
from payments.health import State
from payments.models import Deposit, PaymentAttempt, ProviderExchange, Receipt

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("all_ways")]

QUERIES_TO_MEASURE = 6


def received(customer: Customer, method: str, seconds: float, *, days: float = 0) -> Receipt:
    """Money that took ``seconds`` from the bank's clock to ours."""
    way, paid_at = methods.METHODS[method], timezone.now() - timedelta(seconds=seconds, days=days)
    deposit = Deposit.objects.create(customer=customer, amount=50_000, method=method, expires_at=timezone.now())
    attempt = PaymentAttempt.objects.create(deposit=deposit, method=method, trx_id=f"T{deposit.pk:015}")
    return Receipt.objects.create(
        channel=way.channel,
        key=attempt.trx_id,
        amount=50_000,
        currency="IDR",
        place=Receipt.Place.WALLET,
        paid_at=paid_at,
        received_at=timezone.now() - timedelta(days=days),
        ledger_reference=f"deposit:{deposit.public_id}",
        customer=customer,
        deposit=deposit,
        attempt=attempt,
    )


def called(provider: str, operation: str, *, count: int = 10, status: int | None = 200, ms: int = 200) -> None:
    for number in range(count):
        ProviderExchange.objects.create(
            provider=provider,
            operation=operation,
            outcome="answered" if status else "unknown",
            status=status,
            elapsed_ms=ms,
            sent_at=timezone.now() - timedelta(seconds=number + 1),
        )


def codes(**asked: Any) -> list[str]:
    return [choice.code for choice in offered(**asked)]


def test_the_usual_order_begins_with_what_costs_the_payer_least() -> None:
    assert codes() == ["qris", "va", "ovo", "crypto"]


def test_what_is_off_is_not_offered(settings: Any) -> None:
    settings.FASPAY_QRIS_CHANNEL = settings.BTCPAY_BASE_URL = settings.FASPAY_OVO_BASE_URL = ""
    assert codes() == ["va"]


def test_a_stranger_is_offered_what_needs_no_account() -> None:
    assert codes(public=True) == ["qris", "va"]


def test_each_says_its_limits_fee_speed_and_time() -> None:
    qris, bank, *_rest = offered()
    assert (qris.limits, qris.range) == (
        "QRIS takes from Rp1.000 to Rp10.000.000 at once.",
        "Rp1.000 to Rp10.000.000",
    )
    assert (qris.expiry, bank.expiry) == ("30 minutes", "24 hours")
    assert (qris.speed, str(qris.way.fee)) == ("a few seconds", "No fee")
    assert [one.name for one in bank.banks][:2] == ["BCA", "Mandiri"]
    assert len(bank.banks) + len(bank.more_banks) == 13
    assert (list(qris.banks), list(qris.more_banks)) == ([], [])


@pytest.mark.parametrize(
    ("amount", "fitting"),
    [(5_000, ["qris"]), (50_000, ["qris", "va", "ovo"]), (100_000, ["qris", "va", "ovo", "crypto"]), (20_000_000, [])],
)
def test_an_amount_says_which_of_them_fit(amount: int, fitting: list[str]) -> None:
    assert [choice.code for choice in offered(amount=Decimal(amount)) if choice.fits] == fitting


def test_the_speed_is_the_median_of_what_arrived(customer: Customer) -> None:
    for number in range(20):
        received(customer, "qris", 8 if number < 11 else 500)
    qris, bank, *_rest = offered()
    assert (qris.speed, qris.is_measured) == ("about 8 seconds", True)
    assert (bank.speed, bank.is_measured) == ("about a minute", False)


def test_too_few_payments_measure_nothing(customer: Customer) -> None:
    for _number in range(19):
        received(customer, "qris", 300)
    assert offered()[0].speed == "a few seconds"


def test_old_payments_and_money_in_suspense_measure_nothing(customer: Customer) -> None:
    for _number in range(20):
        received(customer, "qris", 300, days=8)
        other = received(customer, "va", 300)
        Receipt.objects.filter(pk=other.pk).update(place=Receipt.Place.SUSPENSE)
    assert [choice.is_measured for choice in offered()] == [False] * 4


def test_a_banks_clock_that_runs_ahead_is_not_faster_than_at_once(customer: Customer) -> None:
    for _number in range(20):
        received(customer, "va", -120)
    assert offered()[1].speed == "about 1 second"


def test_only_the_newest_payments_count(customer: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choices, "_NEWEST", 20)
    for _number in range(25):
        received(customer, "qris", 900, days=1)
    for _number in range(20):
        received(customer, "qris", 4)
    assert offered()[0].speed == "about 4 seconds"


def test_a_slow_way_goes_to_the_end_and_says_so() -> None:
    called("faspay_snap", "qr-mpm-generate", ms=60_000)
    called("faspay_snap", "create-va")
    found = offered()
    assert [choice.code for choice in found] == ["va", "ovo", "crypto", "qris"]
    assert (found[-1].state, found[-1].notice) == (State.SLOW, "QRIS is slow now.")
    assert [choice.notice for choice in found[:3]] == ["", "", ""]


def test_a_way_that_does_not_answer_names_another() -> None:
    called("faspay_snap", "qr-mpm-generate", status=None)
    called("faspay_snap", "create-va")
    last = offered(public=True)[-1]
    assert (last.code, last.is_down) == ("qris", True)
    assert last.notice == "QRIS does not answer right now, use a virtual account."


def test_the_one_that_does_not_answer_stands_behind_the_slow_one() -> None:
    called("faspay_snap", "qr-mpm-generate", status=None)
    called("faspay_snap", "create-va", ms=60_000)
    assert codes(public=True) == ["va", "qris"]


def test_when_nothing_answers_nothing_else_is_recommended() -> None:
    called("faspay_snap", "qr-mpm-generate", status=None)
    called("faspay_snap", "create-va", status=None)
    assert {choice.notice for choice in offered(public=True)} == {
        "QRIS does not answer right now. Try again in a few minutes.",
        "Virtual account does not answer right now. Try again in a few minutes.",
    }


def test_what_was_measured_is_kept_for_ten_seconds_and_costs_a_fixed_number_of_queries(
    customer: Customer, django_assert_max_num_queries: Callable[..., Any], django_assert_num_queries: Callable[..., Any]
) -> None:
    for count in (1, 40):
        for _number in range(count):
            received(customer, "qris", 5)
        cache.clear()
        with django_assert_max_num_queries(QUERIES_TO_MEASURE):
            offered()
        with django_assert_num_queries(0):
            offered(amount=Decimal(50_000), public=True)
    Receipt.objects.update(paid_at=F("received_at") - timedelta(minutes=5))
    assert offered()[0].speed == "about 5 seconds"
    cache.clear()
    assert offered()[0].speed == "about 5 minutes"


def test_words_are_in_the_readers_language_though_the_figures_are_kept() -> None:
    offered()
    with translation.override("id"):
        assert offered()[1].speed == "sekitar 1 menit"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "about 1 second"),
        (1.4, "about 1 second"),
        (9, "about 9 seconds"),
        (13, "about 15 seconds"),
        (89, "about 90 seconds"),
        (90, "about 2 minutes"),
        (600, "about 10 minutes"),
        (3 * 3600, "about 3 hours"),
    ],
)
def test_a_measured_time_is_said_as_people_do(seconds: float, words: str) -> None:
    assert about(seconds) == words


@pytest.mark.parametrize(
    ("minutes", "words"), [(1, "1 minute"), (25, "25 minutes"), (60, "1 hour"), (1440, "24 hours")]
)
def test_a_length_of_time_is_said_as_people_do(minutes: int, words: str) -> None:
    assert lasting(timedelta(minutes=minutes)) == words
