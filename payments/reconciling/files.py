"""Take a settlement file in: its rows become lines, a thousand at a time, then they are matched."""

import logging
import uuid
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from config.lib.clock import now
from payments.models import SettlementFile, SettlementLine
from payments.reconciling import breaks, matching
from payments.statements import columns, tables
from payments.statements.lines import Said, ident_of, read_all

State = SettlementFile.State
BATCH = 1000
_LEASE = timedelta(seconds=240)

logger = logging.getLogger(__name__)


def due(limit: int = 5) -> list[int]:
    """Files to be taken in."""
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=Now())
    return list(
        SettlementFile.objects.filter(free, state=State.TAKING).order_by("pk").values_list("pk", flat=True)[:limit]
    )


def work(file_id: int) -> None:
    """Take one file in. Safe to call again at any time: a row becomes one line once."""
    file = _claim(file_id)
    if file is None:
        return
    for batch in _batches(file):
        with transaction.atomic():
            SettlementLine.objects.bulk_create(batch, ignore_conflicts=True)
        file.rows_done += len(batch)
        file.lease_until = now() + _LEASE
        SettlementFile.objects.filter(pk=file.pk).update(rows_done=file.rows_done, lease_until=file.lease_until)
    # What was undecided on these days may fit by now.
    matching.match(file.provider, days=days_of(file), file=file)
    breaks.open_for_lines(file.provider, file=file)
    _look_for_missing(file)
    breaks.solve_matched(file.provider)
    SettlementFile.objects.filter(pk=file.pk, lease_token=file.lease_token).update(
        state=State.TAKEN, taken_at=Now(), rows_done=file.rows_done, lease_token=None, lease_until=None
    )


def _look_for_missing(file: SettlementFile) -> None:
    if file.covers_from and file.covers_to:
        breaks.open_for_missing(file.provider, file.covers_from, file.covers_to)


@transaction.atomic
def _claim(file_id: int) -> SettlementFile | None:
    file = SettlementFile.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=file_id).first()
    if file is None or file.state != State.TAKING or (file.lease_until and file.lease_until > now()):
        return None
    file.lease_token, file.lease_until, file.rows_done = uuid.uuid4(), now() + _LEASE, 0
    file.save(update_fields=["lease_token", "lease_until", "rows_done"])
    return file


def _batches(file: SettlementFile) -> Iterator[list[SettlementLine]]:
    table = tables.read_table(bytes(file.content), is_header=columns.is_header)
    rows = (one for one in read_all(table, file.columns, file.provider) if isinstance(one, Said))
    while batch := list(islice(rows, BATCH)):
        yield [line_of(file, one) for one in batch]


def line_of(file: SettlementFile, said: Said) -> SettlementLine:
    """A row of the file as it is kept; it belongs to the day it names, whatever the file is about."""
    return SettlementLine(
        provider=file.provider,
        channel=said.channel,
        day=said.day,
        source=SettlementLine.Source.FILE,
        key=f"{file.pk}:{said.row}",
        file=file,
        row=said.row,
        external_id=said.external_id,
        reference=said.reference,
        number=said.number,
        ident=ident_of(file.provider, said.external_id, said.reference, said.number, said.amount, said.paid_at)[:120],
        amount=said.amount,
        fee=said.fee,
        net=said.net,
        currency=said.currency,
        paid_at=said.paid_at,
        status=said.status,
        raw=dict(said.raw),
    )


def known_idents(file: SettlementFile, idents: list[str]) -> set[str]:
    """Which payments an earlier file has told of."""
    lines = SettlementLine.objects.filter(provider=file.provider, source="file", ident__in=idents)
    return set(lines.exclude(file_id=file.pk or 0).values_list("ident", flat=True))


def days_of(file: SettlementFile) -> list[date]:
    """The days that its lines belong to."""
    return sorted(set(file.lines.values_list("day", flat=True).distinct()))
