"""A statement as CSV: as the page shows it, and as the API's contract has it. Written piece by piece."""

import csv
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import islice
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from config.lib.sheets import harmless
from config.lib.times import zone_name
from wallets.lines import Line, lines_of
from wallets.models import Account, Posting

_AT_ONCE = 1000
API_HEAD = ["Date", "Type", "Amount", "BalanceAfter", "Description", "Reference"]


class _Echo:
    def write(self, text: str) -> str:
        return text


def csv_lines(account: Account | None, postings: QuerySet[Posting]) -> Iterator[str]:
    """CSV text, piece by piece, in the language and zone of whoever asks now: a streamed answer is read later, when
    the request has forgotten both."""
    return _lines(account, postings, timezone.get_current_timezone_name(), translation.get_language())


def _lines(account: Account | None, postings: QuerySet[Posting], zone: str, language: str | None) -> Iterator[str]:
    writer = csv.writer(_Echo())
    with timezone.override(zone), translation.override(language):
        yield "\ufeff" + writer.writerow(_head())
        for line in _each(account, postings):
            yield writer.writerow([harmless(cell) for cell in _cells(line)])


def api_csv_lines(account: Account | None, postings: QuerySet[Posting], zone: ZoneInfo) -> Iterator[str]:
    """The API's CSV (TeraPay contract 13): every cell quoted, amounts without sign, times in ``zone``."""
    writer = csv.writer(_Echo(), quoting=csv.QUOTE_ALL)
    yield writer.writerow(API_HEAD)
    for line in _each(account, postings):
        yield writer.writerow(_api_cells(line, zone))


def _each(account: Account | None, postings: QuerySet[Posting]) -> Iterator[Line]:
    if account is None:
        return
    rows: Iterable[Posting] = postings.iterator(chunk_size=_AT_ONCE)
    rows = iter(rows)
    while batch := list(islice(rows, _AT_ONCE)):
        yield from lines_of(account, batch)


def _head() -> list[str]:
    inward, outward = _("Money in"), _("Money out")
    return [_("Time"), _("Zone"), _("Reason"), _("Details"), inward, outward, _("Balance"), _("Reference")]


def _cells(line: Line) -> list[str]:
    posting = line.posting
    details = " · ".join(part for part in (line.party, line.external_reference, line.moved.memo) if part)
    return [
        f"{timezone.localtime(posting.created_at):%Y-%m-%d %H:%M:%S}",
        zone_name(posting.created_at),
        str(line.word),
        details,
        _digits(posting.amount) if posting.amount > 0 else "",
        _digits(-posting.amount) if posting.amount < 0 else "",
        _digits(posting.balance_after),
        line.moved.reference,
    ]


def _api_cells(line: Line, zone: ZoneInfo) -> list[str]:
    posting = line.posting
    return [
        posting.created_at.astimezone(zone).isoformat(timespec="seconds"),
        "credit" if posting.amount > 0 else "debit",
        _digits(abs(posting.amount)),
        _digits(posting.balance_after),
        harmless(line.moved.memo),
        harmless(line.external_reference or line.moved.reference),
    ]


def _digits(amount: Decimal) -> str:
    """Bare digits, so that a spreadsheet can add them up."""
    return f"{amount:f}".removesuffix(".00")
