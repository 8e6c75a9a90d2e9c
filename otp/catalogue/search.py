"""Finding a service by what people type."""

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

# What people type for what is written differently in the catalogue.
ALIASES = {
    "wa": "whatsapp",
    "ig": "instagram",
    "insta": "instagram",
    "fb": "facebook",
    "tg": "telegram",
    "tt": "tiktok",
    "twitter": "x (",
    "gmail": "google",
    "youtube": "google",
    "chatgpt": "openai",
}

# What is asked for most in this trade: the order of the list until our own orders tell it.
WELL_KNOWN = ("whatsapp", "telegram", "google", "instagram", "facebook", "tiktok", "shopee", "openai", "discord")


def search(items: Sequence[T], words: str, name_of: Callable[[T], str]) -> list[T]:
    """Items whose name has all of ``words``, those that begin with them first."""
    wanted = words.casefold().split()
    if not wanted:
        return list(items)
    ranked = [(rank, item) for item in items if (rank := _rank(name_of(item).casefold(), wanted)) is not None]
    return [item for _, item in sorted(ranked, key=lambda pair: (pair[0], name_of(pair[1]).casefold()))]


def _rank(name: str, wanted: Sequence[str]) -> int | None:
    if not all(word in name or ALIASES.get(word, "\n") in name for word in wanted):
        return None
    first = wanted[0]
    if name == " ".join(wanted) or name.startswith(ALIASES.get(first, "\n")):
        return 0
    if name.startswith(first):
        return 1
    return 2 if f" {first}" in name else 3
