"""Settings of cards that cannot work are said before the first request."""

import base64
from typing import Any

import pytest

from cards import processors
from cards.errors import CardsClosed
from config.system_checks import settings_make_sense
from tests.cards.test_vault import new_key


def said() -> set[str]:
    return {
        str(one.id) for one in settings_make_sense(None) if str(one.id)[8:] in {"E050", "E051", "E052", "E053", "W050"}
    }


@pytest.fixture(autouse=True)
def _right(settings: Any) -> None:
    settings.SANDBOX_ENABLED = True
    settings.CARD_PROCESSOR_URL, settings.CARD_PROCESSOR_KEY = "https://cards.example/v1", "a key"
    settings.CARD_ENCRYPTION_KEYS, settings.CARD_FINGERPRINT_KEY = [new_key()], "f" * 43


def test_right_as_they_are() -> None:
    assert said() == set()


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("CARD_ENCRYPTION_KEYS", ["no key"], "gerbang.E050"),
        ("CARD_ENCRYPTION_KEYS", [base64.urlsafe_b64encode(b"short").decode()], "gerbang.E050"),
        ("CARD_ENCRYPTION_KEYS", [], "gerbang.E053"),
        ("CARD_FINGERPRINT_KEY", "short", "gerbang.E052"),
        ("CARD_FINGERPRINT_KEY", "", "gerbang.E053"),
    ],
    ids=["words", "short key", "no keys", "short fingerprint key", "no fingerprint key"],
)
def test_wrong(settings: Any, name: str, value: Any, code: str) -> None:
    setattr(settings, name, value)
    assert said() == {code}


def test_a_key_of_its_own(settings: Any) -> None:
    settings.FILE_ENCRYPTION_KEYS = settings.CARD_ENCRYPTION_KEYS
    assert said() == {"gerbang.E051"}


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8106/cards/v1", "https://play.example/cards/v1"], ids=["loop", "play"]
)
def test_live_payments_at_a_simulator(settings: Any, url: str) -> None:
    settings.SANDBOX_CARDS_URL, settings.CARD_PROCESSOR_URL = "https://play.example", url
    assert said() == set()
    settings.SANDBOX_ENABLED = False
    assert said() == {"gerbang.W050"}


@pytest.mark.parametrize("name", ["CARD_PROCESSOR_URL", "CARD_PROCESSOR_KEY"])
def test_live_is_closed_until_both_are_set(settings: Any, name: str) -> None:
    setattr(settings, name, "")
    assert not processors.is_open(False)
    with pytest.raises(CardsClosed):
        processors.processor_for(False)
