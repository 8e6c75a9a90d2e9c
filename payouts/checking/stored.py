"""Rows of a batch in the database: written by COPY, compared with each other, counted, and named by a digest."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import Count, QuerySet, Sum

from config.lib.ids import new_dated_references
from payouts import fraud
from payouts.checking.rows import Checked, Checker
from payouts.files import Given
from payouts.models import Batch, BatchRow
from payouts.models.states import GOOD_ROWS, Kind, Problem, RowState
from payouts.moving import touch
from payouts.routing import Routes

PIECE = 5_000
_GOOD = [state.value for state in GOOD_ROWS]
_COLUMNS = (
    "batch_id, public_id, reference, position, line, destination, amount_text, receiver_name, narration, kind,"
    " receiver, receiver_code, amount, fee, state, problems"
)
_NULL = "\\N"
_ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\x00": ""})
_UPDATE = """
UPDATE payouts_batchrow AS stored
SET destination = given.destination, amount_text = given.amount_text, receiver_name = given.receiver_name,
    narration = given.narration, kind = given.kind, receiver = given.receiver, receiver_code = given.code,
    amount = given.amount, fee = given.fee, state = given.state, problems = given.problems
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
            %s::numeric[], %s::numeric[], %s::text[], %s::text[])
     AS given(id, destination, amount_text, receiver_name, narration, kind, receiver, code,
              amount, fee, problems, state)
WHERE stored.id = given.id
"""
_REPEATS = """
WITH counted AS (
    SELECT id, problems, count(*) OVER (PARTITION BY receiver, amount) > 1 AS is_repeated,
           %(mark)s = ANY(string_to_array(problems, ',')) AS is_marked
    FROM payouts_batchrow
    WHERE batch_id = %(batch)s AND state = ANY(%(good)s) AND (%(all)s OR receiver = ANY(%(receivers)s))
), fresh AS (
    SELECT id, CASE WHEN is_repeated THEN concat_ws(',', %(mark)s::text, NULLIF(problems, ''))
               ELSE array_to_string(array_remove(string_to_array(problems, ','), %(mark)s::text), ',') END AS problems
    FROM counted WHERE is_repeated <> is_marked
)
UPDATE payouts_batchrow AS stored
SET problems = fresh.problems, state = CASE fresh.problems WHEN '' THEN %(valid)s ELSE %(warning)s END
FROM fresh WHERE stored.id = fresh.id
"""
_COUNT = """
SELECT count(*), count(*) FILTER (WHERE state = 'valid'), count(*) FILTER (WHERE state = 'warning'),
       count(*) FILTER (WHERE state = 'error'), count(*) FILTER (WHERE state = 'excluded'),
       coalesce(sum(amount) FILTER (WHERE state IN ('valid', 'warning')), 0),
       coalesce(sum(fee) FILTER (WHERE state IN ('valid', 'warning')), 0),
       coalesce(sum(amount) FILTER (WHERE state = 'excluded'), 0)
FROM payouts_batchrow WHERE batch_id = %s
"""
# No field has the sign between fields: it is no digit, and no text that passed the check.
_DIGEST = """
SELECT encode(sha256(convert_to(concat_ws(
    E'\\x1e', batch.client_id, batch.is_sandbox, batch.currency, string_agg(
        concat_ws(E'\\x1f', item.reference, item.kind, item.receiver, item.receiver_code, item.amount, item.fee,
                  item.receiver_name, item.narration),
        E'\\x1e' ORDER BY item.position)), 'UTF8')), 'hex')
FROM payouts_batch AS batch
LEFT JOIN payouts_batchrow AS item ON item.batch_id = batch.id AND item.state = ANY(%(good)s)
WHERE batch.id = %(batch)s
GROUP BY batch.id
"""
_BARRED = """
SELECT EXISTS (
    SELECT FROM payouts_batchrow AS item JOIN payouts_batch AS batch ON batch.id = item.batch_id
    WHERE item.batch_id = %(batch)s AND item.state = ANY(%(good)s) AND (
        EXISTS (SELECT FROM payouts_blockedreceiver AS barred WHERE barred.receiver = item.receiver
                   AND (barred.client_id IS NULL OR barred.client_id = batch.client_id))
        OR (item.kind = %(bank)s AND item.receiver_code IN (SELECT code FROM payouts_bank WHERE NOT is_active))
        OR (item.kind = %(mobile)s
            AND item.receiver_code IN (SELECT '0' || code FROM payouts_telco WHERE NOT is_active))))
"""


@dataclass(frozen=True, slots=True)
class BankTotal:
    """Good rows to one bank or operator. ``code`` is the first three characters of a receiver."""

    code: str
    kind: str
    name: str
    rows: int
    amount: Decimal
    fees: Decimal


class Writer:
    """Stores rows piece by piece behind each other. While the database takes one piece in, the caller may go on with
    the next, but may not ask it anything before `wait`."""

    def __init__(self, batch: Batch) -> None:
        self._batch_id, self.written = batch.pk, 0
        self._pool = ThreadPoolExecutor(1)
        self._under_way: Future[None] | None = None

    def begin(self, rows: Sequence[Checked]) -> None:
        """Have a piece stored."""
        self.wait()
        names = zip(_public_ids(len(rows)), new_dated_references("TP", len(rows)), strict=True)
        places = range(self.written + 1, self.written + 1 + len(rows))
        lines = [_line(self._batch_id, *one) for one in zip(names, places, rows, strict=True)]
        # The caller's connection: rows belong to its transaction.
        self._under_way = self._pool.submit(_copy, connection.cursor(), "".join(lines))
        self.written += len(rows)

    def wait(self) -> None:
        """Until the piece is stored. Raises what went wrong with it."""
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            under_way.result()

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        self._pool.shutdown()
        if kind is None:
            self.wait()


def _copy(cursor: CursorWrapper, text: str) -> None:
    with cursor, cursor.copy(f"COPY payouts_batchrow ({_COLUMNS}) FROM STDIN") as copy:
        copy.write(text)


def _line(batch_id: int, name: tuple[str, str], position: int, row: Checked) -> str:
    given = row.given
    amount = _NULL if row.amount is None else row.amount
    return (
        f"{batch_id}\t{name[0]}\t{name[1]}\t{position}\t{given.line}\t"
        f"{_text(given.destination, 120)}\t{_text(given.amount, 60)}\t{_text(given.receiver_name, 200)}\t"
        f"{_text(given.narration, 300)}\t{row.kind}\t{row.receiver}\t{row.code}\t{amount}\t{row.fee}\t"
        f"{row.state}\t{row.problems}\n"
    )


def _public_ids(count: int) -> list[str]:
    """Random UUIDs (version 4) as hexadecimal digits, quicker than one by one."""
    drawn = secrets.token_hex(16 * count)
    return [
        f"{drawn[at : at + 12]}4{drawn[at + 13 : at + 16]}a{drawn[at + 17 : at + 32]}"
        for at in range(0, 32 * count, 32)
    ]


def _text(text: str, length: int) -> str:
    text = text[:length]
    return text if text.isprintable() and "\\" not in text else text.translate(_ESCAPED)


def check_again(batch: Batch, rows: QuerySet[BatchRow], corrected: Mapping[int, Given] | None = None) -> int:
    """Check stored rows again, as they stand or as ``corrected`` (by position) says, and write those that have changed;
    how many it were. Afterwards repetition and counters are right. The caller holds the batch's lock."""
    checker, changed, receivers = Checker(batch), 0, set[str]()
    stored = iter(rows.order_by("position").iterator(chunk_size=PIECE))
    while piece := list(islice(stored, PIECE)):
        given = [(corrected or {}).get(row.position) or as_given(row) for row in piece]
        pairs = zip(piece, checker.check(given), strict=True)
        fresh = [(row, checked) for row, checked in pairs if not _is_same(row, checked)]
        _update(fresh)
        changed += len(fresh)
        receivers.update(one for row, checked in fresh for one in (row.receiver, checked.receiver))
    if changed:
        mark_repeats(batch, receivers)
    count(batch)
    return changed


def as_given(row: BatchRow) -> Given:
    """A stored row as it once stood in its file."""
    torn = Problem.TORN in row.problems.split(",")
    return Given(row.line, row.destination, row.amount_text, row.receiver_name, row.narration, is_torn=torn)


def _is_same(row: BatchRow, checked: Checked) -> bool:
    problems = ",".join(one for one in row.problems.split(",") if one != Problem.SAME_IN_FILE)
    return (
        row.state != RowState.EXCLUDED
        and (row.destination, row.amount_text, row.receiver_name, row.narration) == _texts(checked.given)
        and (row.kind, row.receiver, row.receiver_code, row.amount, row.fee, problems) == _found(checked)
    )


def _update(rows: Sequence[tuple[BatchRow, Checked]]) -> None:
    if not rows:
        return
    fields = [(row.pk, *_texts(checked.given), *_found(checked), checked.state) for row, checked in rows]
    with connection.cursor() as cursor:
        cursor.execute(_UPDATE, [list(column) for column in zip(*fields, strict=True)])


def _texts(given: Given) -> tuple[str, ...]:
    return given.destination[:120], given.amount[:60], given.receiver_name[:200], given.narration[:300]


def _found(checked: Checked) -> tuple[object, ...]:
    return checked.kind, checked.receiver, checked.code, checked.amount, checked.fee, checked.problems


def mark_repeats(batch: Batch, receivers: Collection[str] | None = None) -> None:
    """Mark good rows of one receiver and amount that stand in the batch more than once, and only those; among
    ``receivers``, or all."""
    given: dict[str, Any] = {
        "batch": batch.pk,
        "good": _GOOD,
        "all": receivers is None,
        "receivers": list(receivers or ()),
        "mark": Problem.SAME_IN_FILE.value,
        "warning": RowState.WARNING.value,
        "valid": RowState.VALID.value,
    }
    with connection.cursor() as cursor:
        cursor.execute(_REPEATS, given)


def count(batch: Batch) -> None:
    """Write the counters and totals of a held batch, as its rows have them."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [batch.pk])
        row = cursor.fetchone()
    names = ("rows", "valid", "warning", "error", "excluded", "amount", "fees", "excluded_amount")
    touch(batch, **dict(zip(names, row or (), strict=True)))


def digest_of(batch: Batch) -> str:
    """What an approval binds: SHA-256 over every good row in its order (reference, receiver, amount, fee, name and
    narration), and whose money it is. 64 hex digits."""
    with connection.cursor() as cursor:
        cursor.execute(_DIGEST, {"batch": batch.pk, "good": _GOOD})
        found = cursor.fetchone()
    return str(found[0]) if found else ""


def totals_by_bank(batch: Batch) -> list[BankTotal]:
    """The good rows by where they go, the largest amount first."""
    routes = Routes()
    groups = (
        BatchRow.objects.filter(batch=batch, state__in=GOOD_ROWS)
        .order_by()
        .values_list("receiver_code", "kind")
        .annotate(rows=Count("pk"), total=Sum("amount"), fees=Sum("fee"))
    )
    totals = [
        BankTotal(code, kind, routes.name_of(code), rows, amount, fees) for code, kind, rows, amount, fees in groups
    ]
    return sorted(totals, key=lambda total: (-total.amount, total.code))


def judge_again(batch: Batch) -> None:
    """Check all rows again that are not left out, against what has been paid or submitted since they were read, and
    write what has changed, counters included. The caller holds the batch's lock; two batches of a client are compared
    one after the other."""
    fraud.take_turn(batch.client, is_sandbox=batch.is_sandbox)
    check_again(batch, BatchRow.objects.filter(batch=batch).exclude(state=RowState.EXCLUDED))


def has_barred(batch: Batch) -> bool:
    """Whether a good row goes where nothing is paid just now: a blocked receiver, a bank or operator that is closed."""
    given: dict[str, Any] = {"batch": batch.pk, "good": _GOOD, "bank": Kind.BANK.value, "mobile": Kind.MOBILE.value}
    with connection.cursor() as cursor:
        cursor.execute(_BARRED, given)
        found = cursor.fetchone()
    return bool(found and found[0])
