"""A posting as a person reads it: its reason in words and the page of what caused it."""

from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from wallets.models import Posting, Transaction

_WORDS: dict[str, str | Promise] = {
    "deposit": _("Top-up"),
    "order": _("Number bought"),
    "transfer": _("Transfer"),
    "reversal": _("Taken back"),
    "refund": _("Refund"),
}
_PAGES = {"deposit": "payments:deposit", "order": "otp:order"}


@dataclass(frozen=True)
class Line:
    posting: Posting
    moved: Transaction
    word: str | Promise
    url: str


def line_of(posting: Posting) -> Line:
    """What a statement shows of ``posting``; its transaction should be loaded with it."""
    moved = posting.transaction
    return Line(posting, moved, _WORDS.get(moved.kind, moved.kind), page_of(moved.subject))


def page_of(subject: str) -> str:
    """The address of what caused a line ("order:<id>"), or nothing when it has no page."""
    kind, _colon, key = subject.partition(":")
    try:
        return reverse(_PAGES[kind], args=[key]) if kind in _PAGES else ""
    except NoReverseMatch:
        return ""
