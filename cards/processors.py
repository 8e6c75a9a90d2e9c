"""Which processor charges cards in which world: play money goes to the simulated one only (docs/cards.md).

A payment stays with the processor that has it, by the name that was written into it. The one before is configured until
it has nothing left.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.conf import settings
from django.db.models import Count, Q

from cards.errors import CardsClosed, ProcessorGone
from cards.models import CardAct, CardPayment
from cards.providers.simulator.adapter import Simulator
from cards.providers.simulator.client import Client
from cards.providers.types import CardProcessor

_PLAY = "simulator"


@dataclass(frozen=True)
class _Place:
    """Where a processor is reached; ``name`` is what payments and its clearing account call it."""

    name: str
    url: str
    key: str = field(repr=False)
    challenge_key: str = field(default="", repr=False)

    @property
    def is_open(self) -> bool:
        return bool(self.url and self.key)


@dataclass(frozen=True)
class Orphans:
    """So many payments are open at a processor that is not configured in their world."""

    processor: str
    is_sandbox: bool
    count: int


def is_open(is_sandbox: bool) -> bool:
    """Whether cards are charged in this world."""
    return _newest(is_sandbox).is_open


def processor_for(is_sandbox: bool) -> CardProcessor:
    """Who charges cards in this world from now on. Raises `CardsClosed` when nobody is configured."""
    place = _newest(is_sandbox)
    if not place.is_open:
        raise CardsClosed
    return _reached(place)


def processor_of(payment: CardPayment) -> CardProcessor:
    """Who has ``payment``, and is asked about it and told what to do with it. Raises `CardsClosed`, or `ProcessorGone`
    where another one is configured by now."""
    newest = _newest(payment.is_sandbox)
    if payment.processor in {"", newest.name}:
        return processor_for(payment.is_sandbox)
    for place in _places(payment.is_sandbox):
        if place.name == payment.processor and place.is_open:
            return _reached(place)
    raise ProcessorGone(payment.processor)


def orphans() -> list[Orphans]:
    """Open payments, and those with something open that was done with them, whose processor is not configured."""
    ids = CardAct.objects.filter(due_at__isnull=False).order_by().values("payment_id")
    rows = CardPayment.objects.filter(Q(due_at__isnull=False) | Q(pk__in=ids)).exclude(processor="")
    counts = rows.order_by().values_list("processor", "is_sandbox").annotate(count=Count("pk"))
    known = {(place.name, is_sandbox) for is_sandbox in (False, True) for place in _places(is_sandbox) if place.is_open}
    return [Orphans(*row) for row in sorted(counts) if row[:2] not in known]


def _newest(is_sandbox: bool) -> _Place:
    return next(_places(is_sandbox))


def _places(is_sandbox: bool) -> Iterator[_Place]:
    if is_sandbox:
        base = settings.SANDBOX_CARDS_URL
        yield _Place(_PLAY, f"{base}/cards/v1" if base else "", settings.SANDBOX_CARDS_KEY, settings.CARD_CHALLENGE_KEY)
        return
    name, url, key = settings.CARD_PROCESSOR_NAME, settings.CARD_PROCESSOR_URL, settings.CARD_PROCESSOR_KEY
    yield _Place(name, url, key, settings.CARD_CHALLENGE_KEY)
    if settings.CARD_PROCESSOR_BEFORE_NAME:
        url, key = settings.CARD_PROCESSOR_BEFORE_URL, settings.CARD_PROCESSOR_BEFORE_KEY
        yield _Place(settings.CARD_PROCESSOR_BEFORE_NAME, url, key)


def _reached(place: _Place) -> CardProcessor:
    return Simulator(Client(place.url, place.key, settings.CARD_TIMEOUT_SECONDS), place.challenge_key, name=place.name)
