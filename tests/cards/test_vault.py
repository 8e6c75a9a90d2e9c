"""Numbers at rest: what is kept says nothing, belongs to its row, and outlives a change of keys."""

import base64
import pickle
import secrets
from io import StringIO
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import CommandError
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import AuditEntry, Client
from cards import numbers, vault
from cards.models import Card
from cards.models.states import State
from cards.providers.types import Plain
from cards.services import keys
from tests.cards.house import GOOD, OTHER_GOOD, card, charge


def new_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def test_what_is_sealed_is_opened_for_its_own_token_only() -> None:
    sealed = vault.seal("tok_1", GOOD)
    assert vault.unseal("tok_1", sealed) == GOOD
    assert GOOD.encode() not in sealed
    with pytest.raises(vault.Unreadable):
        vault.unseal("tok_2", sealed)


def test_the_same_number_is_never_sealed_alike() -> None:
    assert len({vault.seal("tok_1", GOOD) for _each in range(50)}) == 50


@pytest.mark.parametrize("place", [0, 1, 12, 40, 80, -1], ids=str)
def test_a_changed_byte_is_noticed(place: int) -> None:
    sealed = bytearray(vault.seal("tok_1", GOOD))
    sealed[place] ^= 1
    with pytest.raises(vault.Unreadable):
        vault.unseal("tok_1", bytes(sealed))


@pytest.mark.parametrize("length", [0, 1, 20, 69], ids=str)
def test_what_is_cut_short_is_noticed(length: int) -> None:
    with pytest.raises(vault.Unreadable):
        vault.unseal("tok_1", vault.seal("tok_1", GOOD)[:length])


def test_a_new_key_opens_what_the_old_one_sealed_and_takes_it_over(settings: Any) -> None:
    old, new = settings.CARD_ENCRYPTION_KEYS[0], new_key()
    sealed = vault.seal("tok_1", GOOD)
    settings.CARD_ENCRYPTION_KEYS = [new, old]
    assert vault.unseal("tok_1", sealed) == GOOD
    moved = vault.rewrap("tok_1", sealed)
    # The number itself was not sealed again.
    assert moved[-(len(GOOD) + 28) :] == sealed[-(len(GOOD) + 28) :]
    settings.CARD_ENCRYPTION_KEYS = [new]
    assert vault.unseal("tok_1", moved) == GOOD
    with pytest.raises(vault.Unreadable):
        vault.unseal("tok_1", sealed)


@pytest.mark.parametrize("wrong", ["", "secret words", "QUJD", "ä" * 32], ids=["empty", "words", "short", "foreign"])
def test_what_is_no_key_is_said_without_saying_it(settings: Any, wrong: str) -> None:
    settings.CARD_ENCRYPTION_KEYS = [wrong]
    with pytest.raises(ImproperlyConfigured) as raised:
        vault.seal("tok_1", GOOD)
    assert not wrong or wrong not in str(raised.value)


def test_a_fingerprint_knows_a_card_again_under_its_key_only(settings: Any) -> None:
    first = vault.fingerprint(GOOD)
    assert (first, len(first)) == (vault.fingerprint(GOOD), 64)
    assert first != vault.fingerprint(OTHER_GOOD)
    settings.CARD_FINGERPRINT_KEY = "another key that is long enough for it"
    assert vault.fingerprint(GOOD) != first


def test_a_card_in_the_clear_shows_nothing_and_is_not_stored() -> None:
    plain = Plain(GOOD, 12, 2030, "417")
    assert GOOD not in f"{plain} {plain!r} {[plain]}"
    with pytest.raises(TypeError):
        pickle.dumps(plain)


@pytest.mark.django_db
def test_keys_are_changed_while_cards_are_charged(shop: Client, settings: Any) -> None:
    kept = [card(shop) for _each in range(5)]
    settings.CARD_ENCRYPTION_KEYS = [new_key(), *settings.CARD_ENCRYPTION_KEYS]
    turn = keys.rewrap_some(most=2)
    assert (turn.done, turn.failed, turn.is_over) == (2, 0, False)
    for one in kept:
        one.refresh_from_db()
        assert charge(shop, card=one).state == State.AUTHORIZED
    assert sorted(keys.count_by_key().values()) == [2, 3]
    said = StringIO()
    call_command("rotate_card_keys", chunk=2, stdout=said)
    assert "3 cards are under the newest key now, 0 are not" in said.getvalue()
    assert AuditEntry.objects.get(action="card_keys.rotated").after == {"cards": 3, "left": 0}
    settings.CARD_ENCRYPTION_KEYS = settings.CARD_ENCRYPTION_KEYS[:1]
    kept[0].refresh_from_db()
    assert charge(shop, card=kept[0]).state == State.AUTHORIZED
    assert keys.count_by_key() == {keys.newest(): 5}


@pytest.mark.django_db
def test_a_card_that_no_key_opens_is_counted_and_not_touched(shop: Client, settings: Any) -> None:
    lost = card(shop)
    settings.CARD_ENCRYPTION_KEYS = [new_key()]
    card(shop)
    with pytest.raises(CommandError, match="No key of the settings opens 1 cards"):
        call_command("rotate_card_keys", stdout=StringIO())
    assert Card.objects.get(pk=lost.pk).key_id == lost.key_id


# --- numbers


@pytest.mark.parametrize(
    ("text", "brand"),
    [
        ("4242 4242 4242 4242", "Visa"),
        ("5555-5555-5555-4444", "Mastercard"),
        ("2223003122003222", "Mastercard"),
        ("378282246310005", "Amex"),
        ("30569309025904", "Diners"),
        ("3530111333300000", "JCB"),
        ("6011111111111117", "Discover"),
        ("6200000000000005", "UnionPay"),
        ("9999999999999995", "Card"),
    ],
    ids=str,
)
def test_brands(text: str, brand: str) -> None:
    digits = numbers.bare(text)
    assert numbers.is_number(digits)
    assert numbers.brand_of(digits) == brand


@pytest.mark.parametrize(
    "text",
    ["", "4242424242424241", "42424242424", "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢", "4242x424242424242", "4" * 20, "4242.4242.4242.4242"],
    ids=["nothing", "digit", "short", "foreign", "letter", "long", "dots"],
)
def test_what_is_no_number(text: str) -> None:
    assert not numbers.is_number(numbers.bare(text))


@pytest.mark.parametrize(
    ("text", "hides"),
    [
        ("order 4242 4242 4242 4242", True),
        ("4242424242424242", True),
        ("card:5555-5555-5555-4444;", True),
        ("order-8841", False),
        ("20261121183000", False),
        ("4242424242424241", False),
        ("424242424242424242424242", False),
    ],
    ids=str,
)
def test_numbers_hidden_in_words_are_found(text: str, hides: bool) -> None:
    assert numbers.hides_number(text) is hides


@given(st.text(alphabet="0123456789", min_size=11, max_size=18))
def test_exactly_one_last_digit_is_right(digits: str) -> None:
    assert sum(numbers.is_number(digits + last) for last in "0123456789") == 1
