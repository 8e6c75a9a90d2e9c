"""Codes right and wrong, new ones, time that passes, calling off, of several transfers in any order, against a model
told without the code: each is let go at most once and only by its own code; the balance lacks what was let go."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import ApiUser
from config.lib.errors import ServiceError
from payouts.models import Payout, TransferCode
from payouts.selectors.transfers import seen
from payouts.services import transfers
from payouts.wire import wire_status
from tests.accounts import cast
from tests.examples import examples
from tests.payouts.house import ACCOUNT, balance, code_in_mail, fund, program
from wallets import proof

pytestmark = pytest.mark.django_db

Step = tuple[str, int]
KINDS = {"ask": 3, "right": 3, "wrong": 6, "other": 1, "again": 4, "wait": 4, "cancel": 1}
WAITS = (30, 61, 200, 301, 900)
START = 2_000


@dataclass
class Told:
    """What the model knows of one transfer. Times in seconds."""

    amount: int
    state: str = "waits"
    tries: int = 0
    resends: int = 0
    code_age: int = 0
    age: int = 0

    def code(self, is_right: bool, money: Decimal) -> str:
        if self._is_over():
            return "NotPending"
        if self.code_age >= 300:
            return "CodeExpired"
        if not is_right:
            self.tries += 1
            if self.tries < 5:
                return "WrongCode"
            self.state = "Failed"
            return "TriesUsedUp"
        if money < self.cost:
            return "NotEnoughMoney"
        self.state = "gone"
        return "done"

    def again(self) -> str:
        if self._is_over():
            return "NotPending"
        if self.resends == 3:
            return "NoResendsLeft"
        if self.code_age < 60:
            return "CodeTooSoon"
        self.resends, self.code_age = self.resends + 1, 0
        return "done"

    def cancel(self) -> str:
        if self._is_over() and self.state != "gone":
            return "NotPending"
        self.state = "Failed"
        return "done"

    def wait(self, seconds: int) -> None:
        self.age, self.code_age = self.age + seconds, self.code_age + seconds

    def _is_over(self) -> bool:
        if self.state == "waits" and self.age >= 1800:
            self.state = "Expired"
        return self.state != "waits"

    @property
    def cost(self) -> Decimal:
        return Decimal(self.amount) + Decimal("2.50")

    @property
    def status(self) -> str:
        self._is_over()
        return "Pending" if self.state in ("waits", "gone") else self.state


class House:
    """The portal, by its services."""

    def __init__(self, bot: ApiUser) -> None:
        self.actor, self.client, self.payouts = program(bot), bot.client, list[Payout]()

    def ask(self, amount: int) -> None:
        self.payouts.append(transfers.initiate(actor=self.actor, account_number=ACCOUNT, amount=Decimal(amount)))

    def code(self, place: int, kind: str) -> str:
        mine = code_in_mail(self.payouts[place])
        given = {"right": mine, "wrong": f"{(int(mine) + 1) % 10**6:06d}"}.get(kind)
        return self._try(transfers.authorise, place, code=given or code_in_mail(self.payouts[place - 1]))

    def again(self, place: int) -> str:
        return self._try(transfers.resend, place)

    def cancel(self, place: int) -> str:
        return self._try(transfers.cancel, place)

    def wait(self, seconds: int) -> None:
        gap = timedelta(seconds=seconds)
        TransferCode.objects.update(sent_at=F("sent_at") - gap, expires_at=F("expires_at") - gap)
        Payout.objects.update(expires_at=F("expires_at") - gap)

    def _try(self, act: Any, place: int, **given: Any) -> str:
        try:
            act(actor=self.actor, payout=self.payouts[place], **given)
        except ServiceError as error:
            return type(error).__name__
        return "done"


def story_of(seed: int, length: int) -> list[Step]:
    draw = random.Random(seed)
    return [
        ("ask", 5),
        *((kind, draw.randrange(100)) for kind in draw.choices(list(KINDS), [*KINDS.values()], k=length)),
    ]


def play(house: House, story: list[Step]) -> None:
    told: list[Told] = []
    for kind, number in story:
        place = number % len(told) if told else 0
        money = START - sum((one.cost for one in told if one.state == "gone"), Decimal(0))
        match kind:
            case "ask":
                amount = 300 + number
                house.ask(amount)
                told.append(Told(amount))
            case "wait":
                seconds = WAITS[number % len(WAITS)]
                house.wait(seconds)
                for one in told:
                    one.wait(seconds)
            case "again" | "cancel":
                assert getattr(house, kind)(place) == getattr(told[place], kind)(), (kind, place)
            case _:
                is_right = kind == "right" or _is_own_by_chance(house, kind, place)
                assert house.code(place, kind) == told[place].code(is_right, money), (kind, place)
        _compare(house, told)


def _is_own_by_chance(house: House, kind: str, place: int) -> bool:
    """The code of the one before: of the only one it is its own, and once in a million it is the same."""
    return kind == "other" and code_in_mail(house.payouts[place]) == code_in_mail(house.payouts[place - 1])


def _compare(house: House, told: list[Told]) -> None:
    rows = list(seen(house.actor).order_by("id"))
    assert [wire_status(row) for row in rows] == [one.status for one in told]
    assert balance(house.client) == START - sum((one.cost for one in told if one.state == "gone"), Decimal(0))


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def house(settings: Any, monkeypatch: pytest.MonkeyPatch) -> House:
    settings.PAYOUT_RAIL_URL = "http://127.0.0.1:9/rail/v1"
    settings.PAYOUT_RULES = {**settings.PAYOUT_RULES, "velocity": 1_000}
    monkeypatch.setattr("celery.app.task.Task.apply_async", lambda *args, **kwargs: None)
    company = cast.company()
    fund(company, str(START))
    return House(cast.api_user(company))


@pytest.mark.examples
def test_any_story_ends_as_the_model_says(house: House) -> None:
    @given(st.integers(0, 2**32))
    @settings(max_examples=examples(4, 150), deadline=None, suppress_health_check=list(HealthCheck), database=None)
    def tell(seed: int) -> None:
        with undone():
            house.payouts = []
            play(house, story_of(seed, 25))
            assert proof.run().problems == []

    tell()
