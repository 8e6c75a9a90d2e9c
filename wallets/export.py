"""A statement as CSV, line for line what the page shows."""

import csv
from collections.abc import Iterable, Iterator
from decimal import Decimal

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from config.lib.times import zone_name
from wallets.lines import line_of
from wallets.models import Posting


class _Echo:
    def write(self, text: str) -> str:
        return text


def csv_lines(postings: Iterable[Posting]) -> Iterator[str]:
    """CSV text, piece by piece, in the language and zone of whoever asks now: a streamed answer is read later, when
    the request has forgotten both."""
    return _lines(postings, timezone.get_current_timezone_name(), translation.get_language())


def _lines(postings: Iterable[Posting], zone: str, language: str | None) -> Iterator[str]:
    writer = csv.writer(_Echo())
    with timezone.override(zone), translation.override(language):
        yield "\ufeff" + writer.writerow(_head())
        for posting in postings:
            yield writer.writerow([harmless(cell) for cell in _cells(posting)])


def _head() -> list[str]:
    inward, outward = _("Money in"), _("Money out")
    return [_("Time"), _("Zone"), _("Reason"), _("Details"), inward, outward, _("Balance"), _("Reference")]


def _cells(posting: Posting) -> list[str]:
    line = line_of(posting)
    return [
        f"{timezone.localtime(posting.created_at):%Y-%m-%d %H:%M:%S}",
        zone_name(posting.created_at),
        str(line.word),
        line.moved.memo,
        _digits(posting.amount) if posting.amount > 0 else "",
        _digits(-posting.amount) if posting.amount < 0 else "",
        _digits(posting.balance_after),
        line.moved.reference,
    ]


def _digits(amount: Decimal) -> str:
    """Bare digits, so that a spreadsheet can add them up."""
    return f"{amount:f}".removesuffix(".00")


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell
