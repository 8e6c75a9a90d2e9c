"""A change of the keys that numbers of cards are kept under (docs/cards.md)."""

from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Count

from cards import vault
from cards.models import Card

_WRITE = """
UPDATE cards_card c SET sealed_number = d.sealed, key_id = %s
  FROM unnest(%s::bigint[], %s::bytea[]) AS d (id, sealed) WHERE c.id = d.id
"""


@dataclass(frozen=True, slots=True)
class Turn:
    """How many cards have another key now, how many could not be opened; ``last`` is where the next turn begins."""

    done: int
    failed: int
    last: int
    is_over: bool


def count_by_key() -> dict[str, int]:
    """Cards by the name of the key that keeps them."""
    kept = Card.objects.filter(sealed_number__isnull=False).order_by()
    return dict(kept.values_list("key_id").annotate(count=Count("pk")).order_by("key_id"))


def newest() -> str:
    """The name of the key that new cards are kept under."""
    return vault.newest_key_id()


def rewrap_some(*, after: int = 0, most: int = 500) -> Turn:
    """Put up to ``most`` cards under the newest key, in one short transaction; no number is opened, and cards can be
    charged meanwhile. Safe to run twice at once: what somebody else holds is left to the next round.
    """
    newest = vault.newest_key_id()
    with transaction.atomic():
        old = Card.objects.filter(pk__gt=after, sealed_number__isnull=False).exclude(key_id=newest)
        cards = list(old.order_by("pk").select_for_update(skip_locked=True, no_key=True)[:most])
        done = [card for card in cards if _rewrap(card, newest)]
        _write(done, newest)
    last = cards[-1].pk if cards else after
    return Turn(len(done), len(cards) - len(done), last, is_over=not cards)


def _write(cards: list[Card], key_id: str) -> None:
    """All in one statement: a case for each row, as `bulk_update` writes it, takes several times as long."""
    numbers = [bytes(card.sealed_number or b"") for card in cards]
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, [key_id, [card.pk for card in cards], numbers])


def _rewrap(card: Card, newest: str) -> bool:
    try:
        card.sealed_number = vault.rewrap(card.token, card.sealed_number or b"")
    except vault.Unreadable:
        return False
    card.key_id = newest
    return True
