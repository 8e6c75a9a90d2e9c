"""Which processor charges cards in which world: play money goes to the simulated one only (docs/cards.md)."""

from django.conf import settings

from cards.errors import CardsClosed
from cards.providers.simulator.adapter import Simulator
from cards.providers.simulator.client import Client
from cards.providers.types import CardProcessor


def is_open(is_sandbox: bool) -> bool:
    """Whether cards are charged in this world."""
    return all(_address(is_sandbox))


def processor_for(is_sandbox: bool) -> CardProcessor:
    """Raises `CardsClosed` when none is configured for this world."""
    url, key = _address(is_sandbox)
    if not (url and key):
        raise CardsClosed
    return Simulator(Client(url, key, settings.CARD_TIMEOUT_SECONDS), settings.CARD_CHALLENGE_KEY)


def _address(is_sandbox: bool) -> tuple[str, str]:
    if is_sandbox:
        base = settings.SANDBOX_CARDS_URL
        return (f"{base}/cards/v1" if base else ""), settings.SANDBOX_CARDS_KEY
    return settings.CARD_PROCESSOR_URL, settings.CARD_PROCESSOR_KEY
