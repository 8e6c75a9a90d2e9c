from typing import Any

import pytest

from accounts.models import ApiUser, Client
from tests.accounts import cast
from tests.accounts.calling import key_of
from tests.simulators import Simulator


@pytest.fixture(autouse=True)
def cards(cards_sim: Simulator, settings: Any) -> Simulator:
    """The processor, which is soon found silent."""
    settings.CARD_TIMEOUT_SECONDS = 1.5
    return cards_sim


@pytest.fixture
def shop(db: None) -> Client:
    """A company that takes cards."""
    return cast.company("Kush")


@pytest.fixture
def bot(shop: Client) -> ApiUser:
    return cast.api_user(shop)


@pytest.fixture
def key(bot: ApiUser) -> str:
    return key_of(bot).raw


@pytest.fixture
def play_key(bot: ApiUser) -> str:
    return key_of(bot, is_sandbox=True).raw
