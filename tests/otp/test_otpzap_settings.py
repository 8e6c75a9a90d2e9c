"""Settings of OTPZap that cannot work are said at the start."""

from typing import Any

import pytest
from django.core.checks import run_checks

ALL = {"gerbang.E021", "gerbang.E022", "gerbang.E023", "gerbang.W004"}


def said() -> set[str]:
    return ALL & {str(message.id) for message in run_checks(tags=["security"])}


def test_as_shipped_nothing_is_said() -> None:
    assert said() == set()


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"OTPZAP_WEBHOOK_TOKEN": "short"}, {"gerbang.E021"}),
        ({"OTPZAP_WEBHOOK_TOKEN": "k3J9/" * 6}, {"gerbang.E021"}),
        ({"OTPZAP_WEBHOOK_TOKEN": "k3J9" * 6}, set()),
        ({"OTPZAP_WEBHOOK_SECRETS": ["k3J9" * 8, "k3J9" * 3]}, {"gerbang.E022"}),
        ({"OTPZAP_WEBHOOK_SECRETS": ["k3J9" * 4]}, set()),
        ({"OTPZAP_WEBHOOK_ENCODINGS": ["hex", "base32"]}, {"gerbang.E023"}),
        ({"OTPZAP_FLOAT_ALERT": 1, "OTPZAP_FLOAT_STOP": 2}, {"gerbang.W004"}),
    ],
    ids=["short token", "slash in token", "good token", "short secret", "good secret", "encoding", "float"],
)
def test_what_cannot_work_is_said(settings: Any, given: dict[str, Any], wanted: set[str]) -> None:
    for name, value in given.items():
        setattr(settings, name, value)
    assert said() == wanted
