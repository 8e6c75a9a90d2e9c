"""Amounts and texts as people write them in tables, read strictly: what could mean two things is refused."""

import re
import unicodedata
from decimal import Decimal

from payouts.models.states import Problem

_PLAIN = re.compile(r"[0-9]{1,14}(\.[0-9]{1,2})?", re.ASCII)
_CURRENCY = re.compile(r"^(SLE|NLE|LE)\b\.?\s*|\s*\b(SLE|NLE|LE)\.?$", re.ASCII | re.IGNORECASE)
_GROUPED = (
    # 1,234  1,234.50  1 234.50: a comma and three digits are thousands, as in Sierra Leone.
    re.compile(r"([0-9]{1,3}(?:[, '][0-9]{3})+)(?:\.([0-9]*))?", re.ASCII),
    # 1.234,50  1.234.567: a point and three digits are thousands only where something else says so.
    re.compile(r"([0-9]{1,3}(?:\.[0-9]{3}){2,})(?:,([0-9]*))?", re.ASCII),
    re.compile(r"([0-9]{1,3}(?:[. '][0-9]{3})+),([0-9]+)", re.ASCII),
    re.compile(r"([0-9]+)[.,]([0-9]+)", re.ASCII),
)
_WRAPPED = re.compile(r'="([^"]*)"|=([0-9]+)', re.ASCII)
# Letters of every language, digits, and what stands in names and remarks; no brackets that programs read, no signs
# that turn text round, nothing that a spreadsheet would work out.
_HARMLESS = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .,'/()&-]*", re.ASCII)
_STRANGE = re.compile(r"^[=+@]|^-(?!\s|$)|[^\w '’.,/()&+:#@%!?*\"=;°-]")


class BadAmount(ValueError):
    """``problem`` says why it is none."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.value)
        self.problem = problem


def read_amount(text: str) -> Decimal:
    """More than nothing, with two decimals at most: ``1234.5``, ``1,234.50``, ``1.234,50``, ``12,50``, ``SLE 12.50``.

    ``1.234`` could be either of two amounts and is refused. Raises `BadAmount`.
    """
    if not _PLAIN.fullmatch(text):
        text = _plain(text)
    amount = Decimal(text)
    if not amount:
        raise BadAmount(Problem.BAD_AMOUNT)
    return amount


def _plain(text: str) -> str:
    bare = _CURRENCY.sub("", text.replace("\u00a0", " ").replace("\u202f", " ").strip()).strip()
    if not bare:
        raise BadAmount(Problem.BAD_AMOUNT if text.strip() else Problem.NO_AMOUNT)
    if _PLAIN.fullmatch(bare):
        return bare
    for pattern in _GROUPED:
        if found := pattern.fullmatch(bare):
            whole, cents = re.sub(r"[^0-9]", "", found[1]), (found[2] or "").rstrip("0")
            if len(cents) > 2 or (len(found[2] or "") > 2 and pattern is _GROUPED[-1]):
                raise BadAmount(Problem.TOO_FINE)
            return f"{_short(whole)}.{cents or '0'}"
    raise BadAmount(Problem.BAD_AMOUNT)


def _short(digits: str) -> str:
    if len(digits) > 14:
        raise BadAmount(Problem.OVER_LIMIT)
    return digits


def unwrap(text: str) -> str:
    """A number as spreadsheets are told that it is text: ``="0031…"`` or with an apostrophe before it."""
    if text[:1] in {"'", "’", "="}:
        found = _WRAPPED.fullmatch(text)
        return (found[1] or found[2] or "").strip() if found else text.lstrip("'’").strip()
    return text


def tidy(text: str) -> str:
    """One line of text: gaps are single blanks, letters are whole ones."""
    text = " ".join(text.split())
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def is_strange(text: str) -> bool:
    """Whether banks would not take it as a name or a narration."""
    return bool(text) and not _HARMLESS.fullmatch(text) and _STRANGE.search(text) is not None
