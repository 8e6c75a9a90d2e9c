"""Which line carries what, whose account it is, and how strictly a rail's words are read."""

import json
import time
from decimal import Decimal
from typing import Any

import pytest

from config.lib.errors import ProviderError
from payouts import rails
from payouts.errors import NoRail
from payouts.providers.payrail import schemas
from payouts.providers.types import Holder, Instruction, Outcome, Word
from payouts.rails import pace
from tests.simulators import Simulator

pytestmark = pytest.mark.django_db
BANK, MOBILE = "BankTransfer", "MobileMoney"


def instruction(reference: str = "TP20261121TESTTEST01", receiver: str = "003001000000009001") -> Instruction:
    kind = MOBILE if len(receiver) == 9 else BANK
    return Instruction(reference, kind, receiver[:3], receiver, "A. Kamara", Decimal("12.50"), "SLE", "Rent – “June”")


# --- lines --------------------------------------------------------------------------------------------------------


def test_one_simulator_serves_both_worlds(rail_sim: Simulator) -> None:
    [line] = rails.lines()
    assert (line.name, line.worlds) == ("live", (False, True))
    assert rails.rail_for(BANK, False) == rails.rail_for(BANK, True) == "bank"
    assert rails.rail_for(MOBILE, False) == "mobile"


def test_play_money_never_goes_to_a_live_rail(settings: Any) -> None:
    settings.PAYOUT_RAIL_URL, settings.PAYOUT_RAIL_KEY = "https://rail.example/v1", "live-key"
    settings.SANDBOX_RAIL_URL, settings.SANDBOX_RAIL_KEY = "", ""
    with pytest.raises(NoRail):
        rails.rail_for(BANK, True)
    settings.SANDBOX_RAIL_URL, settings.SANDBOX_RAIL_KEY = "http://127.0.0.1:9", "play-key"
    live, sandbox = rails.lines()
    assert (live.worlds, live.key) == ((False,), "live-key")
    assert (sandbox.worlds, sandbox.key) == ((True,), "play-key")
    assert rails.line_of(True) == sandbox


def test_without_an_address_everything_is_closed(settings: Any) -> None:
    settings.PAYOUT_RAIL_URL = settings.SANDBOX_RAIL_URL = ""
    assert rails.lines() == []
    with pytest.raises(NoRail):
        rails.rail_for(MOBILE, False)
    with pytest.raises(NoRail):
        rails.rail("bank")
    assert rails.holder_of(BANK, "003", "003001000000009001") is None


def test_only_rails_of_ours_are_known(rail_sim: Simulator) -> None:
    with pytest.raises(NoRail):
        rails.rail("pigeon")


# --- whose it is --------------------------------------------------------------------------------------------------


def test_the_holder_is_asked_once_and_remembered(rail_sim: Simulator) -> None:
    found = rails.holder_of(BANK, "003", "003001000000008888")
    assert found == Holder(True, "Z***** Y*******")
    rail_sim.control("misbehave", operation="names", mode="502", times=-1)
    assert rails.holder_of(BANK, "003", "003001000000008888") == found
    assert rails.holder_of(BANK, "003", "003001000000009001") is None


def test_nobody_has_this_account(rail_sim: Simulator) -> None:
    assert rails.holder_of(MOBILE, "076", "076120000") == Holder(False, "")


@pytest.mark.parametrize("mode", ["html", "429", "unauthorized", "reset_before_accept", "truncated", "empty"])
def test_a_name_that_cannot_be_had_is_none(rail_sim: Simulator, mode: str) -> None:
    rail_sim.control("misbehave", operation="names", mode=mode)
    assert rails.holder_of(BANK, "003", "003001000000009001") is None


# --- the wire -----------------------------------------------------------------------------------------------------


def test_every_instruction_has_its_answer_in_its_place(rail_sim: Simulator, settings: Any) -> None:
    wanted = [instruction(f"TP20261121TEST{number:06d}", f"00300100000{number:03d}9001") for number in range(12)]
    wanted[5] = instruction("TP20261121TEST000005", "003001000000000000")
    rail = rails.rail("bank", at_once=4)
    answers = rail.send(wanted)
    assert [answer.reference for answer in answers if isinstance(answer, Word)] == [one.reference for one in wanted]
    assert [answer for answer in answers if isinstance(answer, Word) and answer.outcome == Outcome.REJECTED] == [
        answers[5]
    ]
    asked = rail.ask([wanted[3].reference, "TP20261121NEVERSEEN0", wanted[5].reference])
    assert [one.outcome for one in asked if isinstance(one, Word)] == ["paid", "unknown", "rejected"]


def test_the_same_reference_with_other_content_is_open(rail_sim: Simulator) -> None:
    rail = rails.rail("bank")
    rail.send([instruction()])
    [answer] = rail.send([instruction(receiver="003001000000009009")])
    assert isinstance(answer, ProviderError)
    assert (answer.code, answer.outcome_unknown) == ("conflict", True)


def test_what_finds_no_place_in_the_pace_is_surely_not_sent(rail_sim: Simulator, settings: Any) -> None:
    settings.PAYOUT_RAIL_PER_SECOND = 1
    wanted = [instruction(f"TP20261121PACE{number:06d}") for number in range(3)]
    answers = rails.rail("bank", patience=0.2).send(wanted)
    assert [isinstance(answer, Word) for answer in answers] == [True, False, False]
    assert all(answer.code == "paced" and not answer.outcome_unknown for answer in answers[1:])  # type: ignore[union-attr]
    assert len(rail_sim.look("payouts")["payouts"]) == 1


def test_the_pace_counts_for_everybody_on_a_line(settings: Any) -> None:
    settings.PAYOUT_RAIL_PER_SECOND = 10
    pace.of("elsewhere")(time.monotonic() + 5)
    with pytest.raises(ProviderError):
        pace.of("elsewhere")(time.monotonic() + 0.01)
    pace.of("another")(time.monotonic() + 5)


GOOD = {"id": "R1", "reference": "TP1", "status": "paid", "code": "", "message": "", "amount": "12.50"}


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 12.5},
        {"amount": "12.5"},
        {"amount": "NaN"},
        {"amount": "-1.00"},
        {"amount": "१२.५०"},
        {"status": "quarantined"},
        {"status": None},
        {"status": ["paid"]},
        {"reference": 7},
        {"message": {}},
    ],
    ids=lambda change: json.dumps(change),
)
def test_what_is_not_as_agreed_is_no_answer(change: dict[str, Any]) -> None:
    assert schemas.read(GOOD).amount == Decimal("12.50")
    with pytest.raises(schemas.Strange):
        schemas.read(GOOD | change)


def test_a_code_nobody_knows_is_a_refusal() -> None:
    row = GOOD | {"status": "rejected", "code": "moon_phase"}
    assert schemas.read(row).reason == "refused"
