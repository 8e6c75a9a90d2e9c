"""Each wrong setting is named at start; what the house is tested with is right."""

from typing import Any

import pytest

from config.setting_checks import production_is_meant, settings_fit

# name, a wrong value, the check's id
WRONG: list[tuple[str, Any, str]] = [
    ("STEP_UP_SECONDS", 0, "E030"),
    ("CARD_TIMEOUT_SECONDS", -1.0, "E030"),
    ("EXPORT_SECONDS", 0, "E030"),
    ("DEPOSIT_MINIMUM", 20_000_000, "E031"),
    ("KYC_SECOND_REVIEW_PERCENT", 101, "E032"),
    ("CARD_FEE_FIXED", {"SLE": -1}, "E033"),
    ("PAYOUT_RAIL_KEY", "", "E034"),
    ("BASE_URL", "portal.example", "E035"),
    ("BASE_URL", "http://localhost:99999", "E035"),
    ("FASPAY_BASE_URL", "https://user:secret@faspay.example", "E036"),
    ("BASE_URL", "https://another.example", "E037"),
    ("LOG_LEVEL", "LOUD", "E038"),
    ("MAIL_TRANSPORT", "pigeon", "E039"),
    ("CUSTOMER_WALLET_ZONE", "Asia/Atlantis", "E040"),
    ("CLIENT_FUNDING_ACCOUNTS", {"DOUBLOON": "a chest"}, "E041"),
    ("WEBHOOK_REFUSED_NETWORKS", ["everything"], "E042"),
    ("LOG_FORMAT", "xml", "E060"),
    ("METRICS_TOKEN", "short", "E061"),
    ("SENTRY_DSN", "https://sentry.example/1", "E062"),
    ("FILE_ENCRYPTION_KEYS", ["one", "one"], "W030"),
    ("WEBHOOK_LOCAL_RECEIVERS", ["127.0.0.1:9000"], "W031"),
]
# The same for who goes live.
CARELESS: list[tuple[str, Any, str]] = [
    ("ALLOWED_HOSTS", ["*"], "E043"),
    ("MFA_REQUIRED_ROLES", [], "W032"),
    ("PAYOUT_ONE_PERSON_UP_TO", 5, "W033"),
    ("MAIL_TRANSPORT", "file", "E044"),
    ("DEFAULT_FROM_EMAIL", "Gerbang <no-reply@gerbang.example>", "W034"),
    ("FASPAY_BASE_URL", "https://127.0.0.1:8003", "E045"),
    ("PAYOUT_RAIL_URL", "http://rail.test/v1", "E046"),
]


@pytest.fixture
def sound(settings: Any) -> Any:
    """Settings with nothing to say against them, in the sandbox or out of it."""
    settings.SANDBOX_ENABLED = False
    settings.BASE_URL, settings.ALLOWED_HOSTS = "https://portal.test", [".portal.test", "portal.test"]
    settings.PAYOUT_RAIL_URL, settings.PAYOUT_RAIL_KEY = "https://rail.test/v1", "a-key"
    settings.FASPAY_BASE_URL = settings.OTPZAP_BASE_URL = "https://provider.test"
    settings.FASPAY_OVO_BASE_URL = settings.BTCPAY_BASE_URL = settings.CARD_PROCESSOR_URL = ""
    settings.SMS_GATEWAY_URL, settings.WEBHOOK_LOCAL_RECEIVERS = "", []
    settings.MFA_REQUIRED_ROLES, settings.PAYOUT_ONE_PERSON_UP_TO = ["SuperAdmin"], 0
    settings.MAIL_TRANSPORT, settings.DEFAULT_FROM_EMAIL = "smtp", "Gerbang <no-reply@portal.test>"
    settings.LOG_LEVEL = "INFO"
    return settings


def ids(found: list[Any]) -> set[str]:
    return {str(message.id).removeprefix("gerbang.") for message in found}


def test_sound_settings_are_left_alone(sound: Any) -> None:
    assert ids([*settings_fit(None), *production_is_meant(None)]) == set()


@pytest.mark.parametrize(("name", "value", "said"), WRONG, ids=[f"{name}-{said}" for name, _value, said in WRONG])
def test_a_wrong_setting_is_named(sound: Any, name: str, value: Any, said: str) -> None:
    setattr(sound, name, value)

    found = settings_fit(None)

    assert said in ids(found)
    assert all(message.hint for message in found)


@pytest.mark.parametrize(("name", "value", "said"), CARELESS, ids=[f"{name}-{said}" for name, _value, said in CARELESS])
def test_what_must_not_go_live_is_named(sound: Any, name: str, value: Any, said: str) -> None:
    setattr(sound, name, value)

    assert said in ids(production_is_meant(None))


def test_simulators_on_this_machine_are_right_in_the_sandbox(sound: Any) -> None:
    sound.SANDBOX_ENABLED = True
    sound.FASPAY_BASE_URL = "http://127.0.0.1:8003"

    assert "E045" not in ids(production_is_meant(None))
