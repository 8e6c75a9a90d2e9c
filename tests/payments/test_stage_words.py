"""Every stage and every end of every way to pay is told in words that fit it."""

import re

import pytest
from django.template.loader import render_to_string

from payments import stages
from payments.methods import CHOICES, CRYPTO, METHODS, QRIS, VA
from payments.models import Deposit, PaymentAttempt

STAGES = ("preparing", "in_doubt", "waiting", "ended", "confirming", "set_aside", "ending")
REASONS = ("", "not_made", "refused", "unreachable", "busy", "wrong_answer", "closed_by_bank", "something_new")
ENDS = [("failed", reason) for reason in REASONS] + [("expired", ""), ("cancelled", "")]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_has_a_title(stage: str, method: str) -> None:
    words = stages.words_of(stage, method)
    assert str(words.title) % {"bank": "BCA"}
    assert str(words.text) % {"bank": "BCA"} is not None


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("state", "reason"), ENDS)
def test_every_end_says_where_the_money_is_and_what_to_do(state: str, reason: str, method: str) -> None:
    ending = stages.ending_of(state, reason, method)
    assert ending.title
    assert ending.money
    assert ending.next
    assert ending.action


@pytest.mark.parametrize("method", [code for code in CHOICES if code != VA])
def test_only_a_virtual_account_speaks_of_a_number_at_a_bank(method: str) -> None:
    told = [stages.words_of(stage, method) for stage in STAGES]
    said = " ".join(f"{words.title} {words.text}" for words in told)
    ends = [stages.ending_of(state, reason, method) for state, reason in ENDS]
    said += " ".join(f"{end.title} {end.side} {end.money} {end.next} {end.action}" for end in ends)
    assert not re.search(r"\b(bank|number)\b", said.replace("%(bank)s", ""))


def test_coins_after_the_end_are_not_promised_to_the_wallet() -> None:
    for state in ("expired", "cancelled"):
        assert "our people look at them" in str(stages.ending_of(state, "", CRYPTO).money)
    assert "goes to your wallet" in str(stages.ending_of("expired", "", QRIS).money)


def test_the_texts_of_the_table_are_escaped() -> None:
    ending = stages.ending_of("failed", "unreachable", QRIS)
    title = str(ending.title) % {"bank": "<b>"}
    assert "<b>" not in render_to_string("components/failure_card.html", {"title": title, "tone": "danger"})


def test_the_way_of_an_attempt_names_its_stage() -> None:
    attempt = PaymentAttempt(method=QRIS, state=PaymentAttempt.State.OPEN, content="")
    assert attempt.is_lost
    assert not PaymentAttempt(method=QRIS, state=PaymentAttempt.State.OPEN, content="0002").is_lost
    assert not PaymentAttempt(method=VA, state=PaymentAttempt.State.OPEN).is_lost
    assert Deposit(method=QRIS).bank_name == "QRIS"
