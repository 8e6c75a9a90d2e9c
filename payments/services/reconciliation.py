"""What can be asked for about the comparison with providers: a run, a file looked at, a file taken in."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.access.actors import Actor
from accounts.services.audit import record
from config.lib.clock import now
from config.lib.errors import Conflict, Invalid
from config.lib.jobs import nudge
from payments import tasks
from payments.banking_days import day_of
from payments.methods import PROVIDERS, channels_of
from payments.models import PaymentAttempt, Receipt, ReconciliationRun, SettlementFile
from payments.reconciling import files, runs
from payments.statements import columns as roles
from payments.statements import tables
from payments.statements.lines import BadRow, Said, ident_of, read_all
from payments.statements.tables import Unreadable

SHOWN, PROBLEMS = 8, 50
_UNREADABLE = {
    "empty": _("The file is empty."),
    "too_long": _("The file is too long: 8 MB and 50,000 rows at most. Split it by days."),
    "too_wide": _("The table has too many columns."),
    "no_sheet": _("The workbook has no sheet with rows."),
    "no_table": _("We find no table in it. Take a CSV or XLSX export."),
    "encoding": _("The text of the file cannot be read. Save it as UTF-8."),
}


class FileRefused(Invalid):
    """A file, or a way to read it, that makes no sense; the words say why."""

    code = "file_refused"


class FileKnown(Conflict):
    """This very file was uploaded before; ``file`` is that one."""

    code = "file_known"

    def __init__(self, file: SettlementFile) -> None:
        super().__init__(_("This very file was uploaded before."))
        self.file = file


class FileTaken(Conflict):
    """It is being taken in, or was."""

    code = "file_taken"

    def __init__(self) -> None:
        super().__init__(_("This file was taken in already."))


def request_run(*, actor: Actor, provider: str, day: date) -> ReconciliationRun:
    """Compare a day (Asia/Jakarta) with a provider soon; a run that waits already is answered with itself.

    Raises `FileRefused` for a provider we do not have or a day that is not over.
    """
    if provider not in PROVIDERS:
        raise FileRefused(_("We have no such provider."))
    if day > day_of(now()):
        raise FileRefused(_("That day has not begun."))
    with transaction.atomic():
        run = runs.plan(provider, day, requested_by=actor.user)
        record(actor, "reconciliation.requested", target=run, after={"provider": provider, "day": day.isoformat()})
        nudge(tasks.reconcile)
    return run


def upload(*, actor: Actor, provider: str, name: str, content: bytes) -> SettlementFile:
    """Keep a report to be looked at; nothing is compared yet. Raises `FileRefused`, `FileKnown`."""
    if provider not in PROVIDERS:
        raise FileRefused(_("We have no such provider."), fields={"provider": [_("We have no such provider.")]})
    digest = hashlib.sha256(content).hexdigest()
    known = SettlementFile.objects.filter(sha256=digest).first()
    if known is not None:
        raise FileKnown(known)
    table = _table(content)
    file = SettlementFile(
        provider=provider,
        name=_clean_name(name),
        sha256=digest,
        size=len(content),
        content=content,
        uploaded_by=actor.user,
        columns=roles.guess(table.headers),
    )
    try:
        with transaction.atomic():
            _look(file, table)
            file.save()
            record(actor, "settlement_file.uploaded", target=file, after={"sha256": digest, "rows": len(table.rows)})
    except IntegrityError as error:
        raise FileKnown(SettlementFile.objects.get(sha256=digest)) from error
    return file


def _clean_name(name: str) -> str:
    plain = "".join(sign for sign in name.rpartition("/")[2] if sign.isprintable())
    return plain.strip()[-200:] or "report"


def _table(content: bytes) -> tables.Table:
    try:
        return tables.read_table(content, is_header=roles.is_header)
    except Unreadable as error:
        words = _UNREADABLE[error.code]
        raise FileRefused(words, fields={"file": [words]}) from error


def set_columns(*, actor: Actor, file: SettlementFile, columns: Mapping[str, int]) -> SettlementFile:
    """Read a file that is not taken in yet with other columns. Raises `FileRefused`, `FileTaken`."""
    table = _table(bytes(file.content))
    places = list(columns.values())
    if len(set(places)) != len(places):
        raise FileRefused(_("A column can mean one thing only."))
    with transaction.atomic():
        held = SettlementFile.objects.select_for_update(no_key=True).get(pk=file.pk)
        if held.state != SettlementFile.State.UPLOADED:
            raise FileTaken
        held.columns = {role: at for role, at in columns.items() if role in roles.NAMES and 0 <= at < 60}
        _look(held, table)
        held.save(update_fields=["columns", "findings", "rows", "covers_from", "covers_to", "channels"])
    return held


def _look(file: SettlementFile, table: tables.Table) -> None:
    """What reading finds: counters, the first rows, what is wrong with others, and how much of it we know."""
    lacking = roles.missing(file.columns)
    found: list[Said] = []
    problems: list[dict[str, Any]] = []
    errors = warnings = 0
    seen: Counter[str] = Counter()
    for one in read_all(table, file.columns, file.provider) if not lacking else []:
        if not isinstance(one, Said):
            errors += 1
            _note(problems, one[0].number, one[1])
            continue
        found.append(one)
        ident = _ident(file, one)
        seen[ident] += 1
        odd = "twice" if seen[ident] > 1 else "net_differs" if one.net_differs else ""
        if odd:
            warnings += 1
            _note(problems, one.row, BadRow(odd))
    before = len(files.known_idents(file, list(seen))) if seen else 0
    file.rows = len(found)
    file.findings = {
        "headers": [head[:80] for head in table.headers],
        "missing": lacking,
        "valid": len(found),
        "errors": errors,
        "warnings": warnings + before,
        "before": before,
        "problems": problems,
        "known": _known_here(file.provider, found),
        "samples": [_sample(one) for one in found[:SHOWN]],
        "totals": _totals(found),
    }
    _guess_cover(file, found)


def _note(problems: list[dict[str, Any]], row: int, problem: BadRow) -> None:
    if len(problems) < PROBLEMS:
        problems.append({"row": row, "code": problem.code, "value": problem.value[:60]})


def _ident(file: SettlementFile, said: Said) -> str:
    return ident_of(file.provider, said.external_id, said.reference, said.number, said.amount, said.paid_at)[:120]


def _sample(said: Said) -> dict[str, Any]:
    return {
        "row": said.row,
        "external_id": said.external_id,
        "reference": said.reference,
        "number": said.number,
        "amount": str(said.amount),
        "fee": str(said.fee) if said.fee is not None else "",
        "net": str(said.net) if said.net is not None else "",
        "currency": said.currency,
        "paid_at": said.paid_at.isoformat(),
        "status": said.status,
        "channel": said.channel,
    }


def _totals(found: list[Said]) -> dict[str, str]:
    sums: dict[str, Decimal] = {}
    for said in found:
        if said.status == "paid":
            sums[said.currency] = sums.get(said.currency, Decimal(0)) + said.amount
    return {currency: str(total) for currency, total in sums.items()}


def _known_here(provider: str, found: list[Said]) -> int:
    """How many rows name something of ours: a file of somebody else's shop names nothing."""
    names = {name for said in found for name in (said.external_id, said.reference) if name}
    numbers = {said.number for said in found if said.number}
    attempts = PaymentAttempt.objects.all()
    ours: set[str] = set(attempts.filter(trx_id__in=names).values_list("trx_id", flat=True))
    ours |= set(attempts.filter(provider_trx_id__in=names).values_list("provider_trx_id", flat=True))
    ours |= set(attempts.filter(number__in=numbers).values_list("number", flat=True))
    ours |= set(Receipt.objects.filter(channel__in=channels_of(provider), key__in=names).values_list("key", flat=True))
    return sum(1 for said in found if {said.external_id, said.reference, said.number} & ours)


def _guess_cover(file: SettlementFile, found: list[Said]) -> None:
    """The days with most of the rows: a report of one day often has a few of the evening before."""
    days = Counter(said.day for said in found)
    most = max(days.values(), default=0)
    whole = sorted(day for day, count in days.items() if count * 10 >= most)
    file.covers_from, file.covers_to = (whole[0], whole[-1]) if whole else (None, None)
    file.channels = sorted({said.channel for said in found})


def take_in(
    *, actor: Actor, file: SettlementFile, covers_from: date, covers_to: date, channels: list[str]
) -> SettlementFile:
    """Have a file that was looked at taken in, whole for these days and channels. A task does it.

    Raises `FileRefused` when columns are missing, nothing can be read, or the days make no sense; `FileTaken`.
    """
    if covers_to < covers_from or (covers_to - covers_from).days > 92:
        raise FileRefused(_("Choose days in their order, three months at most."), fields={"covers_to": [_("not so")]})
    with transaction.atomic():
        held = SettlementFile.objects.select_for_update(no_key=True).get(pk=file.pk)
        if held.state != SettlementFile.State.UPLOADED:
            raise FileTaken
        if held.findings.get("missing") or not held.rows:
            raise FileRefused(_("Nothing in it can be compared. Say first which column means what."))
        held.state, held.covers_from, held.covers_to = SettlementFile.State.TAKING, covers_from, covers_to
        held.channels = sorted(set(channels) & set(channels_of(held.provider)))
        held.taken_by = actor.user
        held.save(update_fields=["state", "covers_from", "covers_to", "channels", "taken_by"])
        facts = {"rows": held.rows, "from": covers_from.isoformat(), "to": covers_to.isoformat()}
        record(actor, "settlement_file.taken_in", target=held, after={**facts, "channels": held.channels})
        nudge(tasks.reconcile)
    return held
