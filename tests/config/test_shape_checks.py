"""Settings of the wrong form are named at start, and variables that cannot be read by their name alone."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.lib.surroundings import Surroundings
from config.shape_checks import nothing_is_pretended, settings_have_their_form

# name, a wrong value, the check's id
WRONG: list[tuple[str, Any, str]] = [
    ("REDIS_URL", "http://redis.test", "E071"),
    ("REDIS_URL", "somewhere", "E071"),
    ("BASE_URL", "https://portal.test/app", "E072"),
    ("PAYMENT_LIMITS", {"qris": [5_000, 10]}, "E073"),
    ("PAYMENT_LIMITS", {"qris": [5_000]}, "E073"),
    ("KYC_LEVELS", {"basic": [1, 2]}, "E073"),
    ("ORDER_LIMITS", {"basic": [1, 0, 3]}, "E073"),
    ("PAYOUT_RULES", {"single_limit": -1, "daily_limit": 5}, "E074"),
    ("PAYOUT_RULES", {"single_limit": 6, "daily_limit": 5}, "W071"),
    ("CARD_3DS_FROM", {"SLE": -1}, "E075"),
    ("KYC_SECOND_REVIEW_RISK", 500, "E075"),
    ("ACCOUNT_RATE_LIMITS", {"login": "many", "signup": None, "reset_password": "5/h/ip,5/h/key"}, "E076"),
    ("KYC_REQUIRED_DOCUMENTS", ["identity", "foto"], "E077"),
    ("SETTLEMENT_FEES", {"faspay_va": "little"}, "E078"),
    ("WEBHOOK_SIGNATURE_HEADER", "X Signature\n", "E079"),
    ("DEFAULT_FROM_EMAIL", "Gerbang", "E080"),
    ("SMS_HTTP", {"method": "PATCH"}, "E081"),
    ("FASPAY_PARTNER_ID", "merchant", "E082"),
    ("PRIVATE_FILES_DIR", "private", "E083"),
    ("PG_BIN_DIR", "/nowhere", "E086"),
]
CARELESS: list[tuple[str, Any, str]] = [
    ("SMS_GATEWAY", "simulator", "E088"),
    ("FASPAY_STRICT_EXTERNAL_ID", True, "W072"),
    ("FASPAY_READ_TIMEOUT_SECONDS", 30, "W073"),
]


@pytest.fixture
def sound(settings: Any) -> Any:
    """Settings of the right form, out of the sandbox."""
    settings.SANDBOX_ENABLED, settings.SMS_GATEWAY, settings.PRIVATE_FILES_DIR = False, "http", "/srv/private"
    settings.PRIVATE_FILES_BUCKET = ""
    return settings


def ids(found: list[Any]) -> set[str]:
    assert all(message.hint for message in found)
    return {str(message.id).removeprefix("gerbang.") for message in found}


def test_the_right_form_is_left_alone(sound: Any) -> None:
    assert ids([*settings_have_their_form(None), *nothing_is_pretended(None)]) == set()


@pytest.mark.parametrize(("name", "value", "said"), WRONG, ids=[f"{row[0]}-{at}" for at, row in enumerate(WRONG)])
def test_a_wrong_form_is_named(sound: Any, name: str, value: Any, said: str) -> None:
    setattr(sound, name, value)
    assert ids(settings_have_their_form(None)) == {said}


@pytest.mark.parametrize(("name", "value", "said"), CARELESS, ids=[row[0] for row in CARELESS])
def test_what_only_looks_alive_is_named(sound: Any, name: str, value: Any, said: str) -> None:
    setattr(sound, name, value)
    assert ids(nothing_is_pretended(None)) == {said}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ENGINE": "django.db.backends.sqlite3"}, "E070"),
        ({"ENGINE": ""}, "E070"),
        ({"DISABLE_SERVER_SIDE_CURSORS": True, "CONN_MAX_AGE": 60}, "W070"),
    ],
    ids=["sqlite", "nothing", "pooler"],
)
def test_a_wrong_database_is_named(
    sound: Any, monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any], said: str
) -> None:
    for name, value in changed.items():
        monkeypatch.setitem(sound.DATABASES["default"], name, value)
    assert ids(settings_have_their_form(None)) == {said}


@pytest.mark.parametrize(
    ("options", "said"),
    [({"access_key": "half"}, "E084"), ({"endpoint_url": "bucket"}, "E085")],
    ids=["half a pair", "no address"],
)
def test_a_wrong_bucket_is_named(sound: Any, options: dict[str, str], said: str) -> None:
    sound.PRIVATE_FILES_BUCKET = "papers"
    sound.STORAGES = {**sound.STORAGES, "private": {"OPTIONS": options}}
    assert ids(settings_have_their_form(None)) == {said}


def test_a_file_that_is_no_key_is_named(sound: Any, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("rubbish")
    sound.FASPAY_PRIVATE_KEY_FILE = str(tmp_path / "key.pem")
    sound.FASPAY_PUBLIC_KEY_FILES = [str(tmp_path / "key.pem")]
    found = settings_have_their_form(None)
    assert ids(found) == {"E087"}
    assert len(found) == 2


@pytest.mark.parametrize("read", ["int", "float", "bool", "dict", "decimal", "amounts"])
def test_a_variable_that_cannot_be_read_is_named_and_its_value_is_not(
    monkeypatch: pytest.MonkeyPatch, read: str
) -> None:
    env = Surroundings()
    monkeypatch.setenv("LIMIT", "s3cret")
    readers: dict[str, Any] = {"decimal": lambda: env.decimal("LIMIT", "1"), "amounts": lambda: env.list("LIMIT", int)}
    with pytest.raises(ImproperlyConfigured, match="LIMIT") as refused:
        readers.get(read, lambda: getattr(env, read)("LIMIT"))()
    assert "s3cret" not in str(refused.value)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_what_can_be_read_is(monkeypatch: pytest.MonkeyPatch) -> None:
    env = Surroundings()
    for name, text in {"A": "5", "B": "off", "C": "0.25", "D": "x=1,y=2"}.items():
        monkeypatch.setenv(name, text)
    assert (env.int("A"), env.bool("B", default=True), env.dict("D")) == (5, False, {"x": "1", "y": "2"})
    assert (env.decimal("C", "1"), env.decimal("E", "2.5")) == (Decimal("0.25"), Decimal("2.5"))
