"""Settings of OVO Tokenize that cannot work are said at the start."""

from typing import Any

import pytest
from django.core.checks import run_checks


def said() -> set[str]:
    return {str(message.id) for message in run_checks(tags=["security"])}


ALL = {"gerbang.E007", "gerbang.E008", "gerbang.E009", "gerbang.E020", "gerbang.W002"}


def test_without_any_of_them_nothing_is_said() -> None:
    assert not ALL & said()


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({"FASPAY_OVO_FORMAT": "yaml"}, {"gerbang.E007"}),
        ({"FASPAY_OVO_FORMAT": "xml"}, {"gerbang.E008"}),
        ({"FASPAY_OVO_FORMAT": "xml", "FASPAY_OVO_XML_DIGITS": "42"}, set()),
        ({"FASPAY_OVO_AMOUNT_MULTIPLIER": 0}, {"gerbang.E009"}),
        ({"FASPAY_OVO_CALLBACK_TOKEN": "callback"}, {"gerbang.E020"}),
        ({"FASPAY_OVO_CALLBACK_TOKEN": "k3J9" * 6}, set()),
        ({"FASPAY_OVO_BASE_URL": "https://faspay.example"}, {"gerbang.W002"}),
        ({"FASPAY_OVO_BASE_URL": "https://faspay.example", "FASPAY_OVO_REDIRECT_HOSTS": ["a.example"]}, set()),
    ],
)
def test_what_cannot_work_is_said(settings: Any, given: dict[str, Any], wanted: set[str]) -> None:
    for name, value in given.items():
        setattr(settings, name, value)
    assert ALL & said() == wanted
