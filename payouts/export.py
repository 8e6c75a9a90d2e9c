"""What is taken away from a batch: the upload again with what became of each row, and the reconciliation.

Everything is read in one statement, so it is one moment of the batch, and written piece by piece.
"""

import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from config.lib import sheets
from config.lib.money import as_json_number
from config.lib.times import on_the_wire, zone_name
from payouts.models import Batch, BatchRow
from payouts.models.states import RowState, State
from payouts.routing import Routes
from payouts.selectors.batches import rows_of
from payouts.selectors.items import amount_of, batch_status, failure_of, item_status
from payouts.selectors.reconciling import Sums

_AT_ONCE = 2_000
_PHONE = re.compile(r"\+[0-9 ]+", re.ASCII)
RECONCILIATION_HEAD = [
    *("ItemId", "Destination", "Amount", "Status", "TransactionId", "ReferenceNumber"),
    *("CompletedAt", "FailureReason"),
]


def result_csv(batch: Batch) -> Iterator[str]:
    """The rows as they were given, in their order, each with what became of it; in the reader's language and zone."""
    return sheets.lines(_result_head(), _results(batch))


def _result_head() -> list[str]:
    given = [_("Row"), _("Account or phone"), _("Amount"), _("Name"), _("Narration")]
    became = [_("State"), _("Reason"), _("Bank or operator"), _("Fee"), _("Reference"), _("Bank's reference")]
    return [*given, *became, _("Attempts"), _("Sent"), _("Ended"), _("Zone")]


def _results(batch: Batch) -> Iterator[list[str]]:
    routes = Routes()
    for row in _rows(batch):
        given = [str(row.position), row.destination, row.amount_text, row.receiver_name, row.narration]
        yield [*given, *_became(row, routes)]


def _became(row: BatchRow, routes: Routes) -> list[str]:
    payout = row.payout
    place = routes.name_of(row.receiver_code) if row.receiver_code else ""
    if payout is None:
        return [_word(row), failure_of(row), place, _digits(row.fee), row.reference, "", "0", "", "", ""]
    sent, ended = payout.sent_at, payout.closed_at
    zone = zone_name(ended or sent or payout.created_at)
    tries, fee = str(payout.attempts), _digits(payout.fee)
    known = [_word(row), failure_of(row), place, fee, row.reference, payout.rail_id]
    return [*known, tries, _local(sent), _local(ended), zone]


def _word(row: BatchRow) -> str:
    """The state of a row for a person: of its payout, or of what the check said while there is none."""
    if row.payout is not None:
        return str(State(row.payout.state).label)
    return str(RowState(row.state).label)


def reconciliation_csv(batch: Batch) -> Iterator[str]:
    """One line an item, in the API's words (TeraPay contract, reports.reconciliation), for programs: no byte order
    mark, and phone numbers as they were given."""
    return _reconciliation_lines(batch, get_language())


def _reconciliation_lines(batch: Batch, language: str | None) -> Iterator[str]:
    with override(language):
        yield sheets.line(RECONCILIATION_HEAD)
        for row in _rows(batch):
            yield sheets.line(_cells(row))


def _cells(row: BatchRow) -> list[str]:
    item = _item(row)
    destination = row.destination if _PHONE.fullmatch(row.destination) else sheets.harmless(row.destination)
    told = [item["status"], item["transactionId"], item["referenceNumber"], item["completedAt"], item["failureReason"]]
    return [item["itemId"], destination, _digits(amount_of(row)), *(str(cell or "") for cell in told)]


def reconciliation_json(batch: Batch) -> Iterator[str]:
    """The same as JSON: the items first, then what they add up to, and whatever does not fit together."""
    # A streamed answer is written when the request, and its language, are over.
    return _reconciliation(batch, get_language())


def _reconciliation(batch: Batch, language: str | None) -> Iterator[str]:
    sums = Sums()
    head = {"batchId": str(batch.public_id), "batchName": batch.name, "status": batch_status(batch)}
    with override(language):
        yield json.dumps(head)[:-1] + ', "items": ['
        for row in _rows(batch):
            yield ("," if sums.submitted.count else "") + json.dumps(_item(row))
            sums.add(row)
        yield "], " + json.dumps(sums.as_json())[1:]


def _rows(batch: Batch) -> Iterable[BatchRow]:
    return rows_of(batch).iterator(chunk_size=_AT_ONCE)


def _item(row: BatchRow) -> dict[str, Any]:
    payout = row.payout
    return {
        "itemId": str(row.public_id),
        "destination": row.destination,
        "amount": as_json_number(amount_of(row)),
        "status": item_status(row),
        "transactionId": str(payout.public_id) if payout else None,
        "referenceNumber": row.reference if payout else None,
        "completedAt": _iso(payout.completed_at) if payout else None,
        "failureReason": failure_of(row) or None,
    }


def _digits(amount: Decimal) -> str:
    """Bare digits, so that a spreadsheet can add them up."""
    return f"{amount:f}"


def _iso(moment: datetime | None) -> str | None:
    return on_the_wire(moment) if moment else None


def _local(moment: datetime | None) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M:%S}" if moment else ""
