"""Each rule on both sides of its limit, what it counts and what not, and what all of them cost."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import ApiUser, Client
from payouts.fraud import BLOCK, RULE_WORDS, RULES, Asker, Candidate, is_blocked, judge
from payouts.models import Batch, BlockedReceiver, Payout
from payouts.models.states import Source, State
from tests.accounts import cast
from tests.payouts.house import ACCOUNT, NUMBER, payment

pytestmark = pytest.mark.django_db

OTHER = "002001992000000001"


@pytest.fixture(autouse=True)
def _limits(settings: Any) -> None:
    settings.PAYOUT_RULES = {
        "single_limit": 50_000,
        "large_amount": 10_000,
        "daily_limit": 250_000,
        "velocity": 10,
        "velocity_minutes": 10,
        "duplicate_minutes": 5,
        "new_receiver_large": 5_000,
    }
    settings.PAYOUT_BATCH_DAILY_LIMIT = 1_000_000


@pytest.fixture
def client() -> Client:
    return cast.company()


@pytest.fixture
def bot(client: Client) -> ApiUser:
    return cast.api_user(client)


def rules(client: Client, amount: str = "100", receiver: str = ACCOUNT, **asker: Any) -> list[str]:
    """The names of the rules that speak of one payment."""
    flags = judge(Asker(client, **{"is_sandbox": False, **asker}), [Candidate(receiver, Decimal(amount))])[0]
    assert all(flag.detail for flag in flags)
    return [flag.rule for flag in flags]


def known(client: Client, receiver: str = ACCOUNT) -> None:
    """Somebody who was paid before, long ago."""
    payment(client, ago=timedelta(days=30), receiver=receiver, amount=Decimal(1))


def test_a_usual_payment_is_not_spoken_of(client: Client, bot: ApiUser) -> None:
    assert rules(client, api_user=bot) == []


@pytest.mark.parametrize(
    ("amount", "spoken"),
    [
        ("10000", []),
        ("10000.01", ["LargeAmount"]),
        ("50000", ["LargeAmount"]),
        ("50000.01", ["SingleLimit", "LargeAmount"]),
    ],
    ids=str,
)
def test_amounts_have_limits(client: Client, amount: str, spoken: list[str]) -> None:
    known(client)
    assert rules(client, amount) == spoken


def test_a_large_amount_to_somebody_new_is_looked_at(client: Client) -> None:
    assert rules(client, "5000") == []
    assert rules(client, "5000.01") == ["NewReceiverLarge"]
    known(client)
    assert rules(client, "5000.01") == []


def test_somebody_is_new_until_something_was_paid(client: Client) -> None:
    for state in (State.PENDING, State.REJECTED, State.FAILED, State.CANCELLED, State.EXPIRED):
        payment(client, ago=timedelta(days=3), state=state)
    assert rules(client, "6000") == ["NewReceiverLarge"]


def test_a_day_has_a_limit(client: Client) -> None:
    known(client)
    for _ in range(5):
        payment(client, ago=timedelta(hours=23), amount=Decimal(49_000))
    assert rules(client, "5000") == []
    assert rules(client, "5000.01") == ["DailyLimit"]


def test_only_what_was_or_may_be_paid_within_the_day_counts(client: Client) -> None:
    stranger = cast.company("Other")
    for state in (State.REJECTED, State.FAILED, State.CANCELLED, State.EXPIRED):
        payment(client, ago=timedelta(hours=1), amount=Decimal(250_000), state=state)
    payment(client, ago=timedelta(hours=25), amount=Decimal(250_000))
    payment(client, ago=timedelta(hours=1), amount=Decimal(250_000), is_sandbox=True)
    payment(stranger, ago=timedelta(hours=1), amount=Decimal(250_000))
    assert rules(client) == []
    payment(client, ago=timedelta(hours=1), amount=Decimal(250_000), state=State.PENDING)
    assert rules(client) == ["DailyLimit"]


def test_ten_payments_in_ten_minutes_are_enough(client: Client, bot: ApiUser) -> None:
    second = cast.api_user(client, "Second")
    for minute in range(9):
        payment(client, ago=timedelta(minutes=minute), api_user=bot, state=State.REJECTED)
    payment(client, ago=timedelta(minutes=11), api_user=bot)
    assert rules(client, api_user=bot, receiver=OTHER) == []
    payment(client, ago=timedelta(minutes=9), api_user=bot)
    assert rules(client, api_user=bot, receiver=OTHER) == ["Velocity"]
    assert rules(client, api_user=second, receiver=OTHER) == []


def test_people_are_counted_as_programs_are(client: Client) -> None:
    boss = cast.person("fatu", client=client).user
    for _ in range(10):
        payment(client, ago=timedelta(minutes=6), created_by=boss)
    assert rules(client, person=boss) == ["Velocity"]
    assert rules(client, person=cast.person("moses", client=client).user) == []


def test_a_call_for_many_is_one_call(client: Client, bot: ApiUser) -> None:
    for call in range(9):
        for _ in range(3):
            payment(
                client,
                ago=timedelta(minutes=6),
                api_user=bot,
                source=Source.BULK_MOBILE,
                batch_reference=f"TB{call}",
            )
    many = [Candidate(NUMBER, Decimal(5)) for _ in range(20)]
    asker = Asker(client, is_sandbox=False, api_user=bot, is_bulk=True)
    assert judge(asker, many) == [[]] * 20
    payment(client, ago=timedelta(minutes=6), api_user=bot)
    assert [[flag.rule for flag in flags] for flags in judge(asker, many)] == [["Velocity"]] * 20


def test_the_same_again_within_minutes_is_looked_at(client: Client) -> None:
    payment(client, ago=timedelta(minutes=4))
    payment(client, ago=timedelta(minutes=6), amount=Decimal(200))
    payment(client, ago=timedelta(minutes=1), amount=Decimal(300), state=State.REJECTED)
    assert rules(client, "100") == ["Duplicate"]
    assert rules(client, "200") == []
    assert rules(client, "300") == []
    assert rules(client, "100", OTHER) == []


def test_repetition_inside_a_call_is_meant(client: Client) -> None:
    twice = [Candidate(ACCOUNT, Decimal(100))] * 2
    one_by_one = judge(Asker(client, is_sandbox=False), twice)
    assert [[flag.rule for flag in flags] for flags in one_by_one] == [[], ["Duplicate"]]
    assert judge(Asker(client, is_sandbox=False, is_bulk=True), twice) == [[], []]


def test_earlier_ones_of_a_call_use_the_limit_up_unless_they_were_stopped(client: Client) -> None:
    known(client)
    amounts = [40_000, 60_000, 40_000, 40_000, 40_000, 40_000, 40_000, 40_000, 10_000]
    asker = Asker(client, is_sandbox=False, is_bulk=True)
    verdicts = judge(asker, [Candidate(ACCOUNT, Decimal(amount)) for amount in amounts])
    stopped = [index for index, flags in enumerate(verdicts) if is_blocked(flags)]
    assert stopped == [1, 7]


def test_nothing_is_paid_to_the_blocked(client: Client) -> None:
    stranger = cast.company("Other")
    BlockedReceiver.objects.create(receiver=OTHER, why="for all")
    BlockedReceiver.objects.create(receiver=ACCOUNT, why="for one", client=stranger)
    assert rules(client, receiver=OTHER) == ["Blocklist"]
    assert rules(client) == []
    assert rules(stranger) == ["Blocklist"]
    assert rules(client, receiver=OTHER, is_sandbox=True) == ["Blocklist"]


def test_batches_have_a_limit_of_their_own(client: Client) -> None:
    known(client)
    batch, second = (
        Batch.objects.create(reference=name, client=client, name=name, origin=Batch.Origin.API) for name in ("a", "b")
    )
    payment(client, ago=timedelta(hours=1), amount=Decimal(250_000))
    payment(client, ago=timedelta(hours=1), amount=Decimal(900_000), batch=second, source=Source.BATCH)
    # What stands in the batch already is not counted against itself.
    payment(client, ago=timedelta(hours=1), amount=Decimal(900_000), batch=batch, source=Source.BATCH)
    of_batch = {"batch_id": batch.pk, "is_bulk": True}
    assert rules(client, "9000", **of_batch) == []
    assert rules(client, "9000", **of_batch, spent_before=Decimal(91_000)) == []
    assert rules(client, "9000", **of_batch, spent_before=Decimal("91000.01")) == ["DailyLimit"]
    assert rules(client, "9000") == ["DailyLimit"]


def test_limits_are_settings(client: Client, settings: Any) -> None:
    known(client)
    settings.PAYOUT_RULES = {**settings.PAYOUT_RULES, "single_limit": 99}
    assert rules(client) == ["SingleLimit"]


def test_every_rule_has_words(client: Client) -> None:
    BlockedReceiver.objects.create(receiver=ACCOUNT, why="all of them")
    payment(client, amount=Decimal(300_000), state=State.PENDING)
    for _ in range(10):
        payment(client, created_by=cast.person(f"p{Payout.objects.count()}").user, state=State.FAILED)
    boss = cast.person("fatu", client=client).user
    for _ in range(10):
        payment(client, created_by=boss, state=State.FAILED)
    spoken = rules(client, "300000", person=boss)
    assert spoken == list(RULE_WORDS)
    assert len(RULES) == len(RULE_WORDS)


def test_rules_ask_as_often_for_a_thousand_as_for_one(client: Client, bot: ApiUser) -> None:
    def queries(count: int) -> int:
        many = [Candidate(f"003{number:015d}", Decimal(6_000)) for number in range(count)]
        with CaptureQueriesContext(connection) as spent:
            judge(Asker(client, is_sandbox=False, api_user=bot, is_bulk=True), many)
        return len(spent)

    assert queries(1) == queries(1000) == 5


def test_flags_are_kept_as_they_are_told(client: Client) -> None:
    flag = judge(Asker(client, is_sandbox=False), [Candidate(ACCOUNT, Decimal(60_000))])[0][0]
    assert flag.as_json() == {
        "rule": "SingleLimit",
        "severity": BLOCK,
        "detail": "One payment is at most SLE 50,000.00.",
    }
