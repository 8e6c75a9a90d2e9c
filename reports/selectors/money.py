"""Totals over several currencies: one of them at a time, never added up."""

from collections.abc import Iterable

MAIN = "SLE"


def currency_of_totals(asked: str, found: Iterable[str]) -> str:
    """What totals are in: the currency asked for, else the only one there is, else leones."""
    currencies = set(found)
    return asked or (currencies.pop() if len(currencies) == 1 else MAIN)
