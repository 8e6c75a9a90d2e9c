"""Receipts of ours and reports of theirs, made by hand: what is compared, without the way there."""

import csv
import io
import itertools
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from accounts.access.actors import command
from accounts.models import Customer
from config.lib.clock import JAKARTA
from payments.models import Deposit, PaymentAttempt, PaymentCase, Receipt, SettlementFile, SettlementLine
from payments.reconciling import files
from payments.services import reconciliation

DAY = date(2026, 11, 18)
HEAD = ["Trx ID", "Bill No", "Virtual Account No", "Payment Channel", "Payment Date", "Amount", "Fee", "Net", "Status"]
_numbers = itertools.count(1)


def at(hour: int, minute: int = 0, day: date = DAY) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=JAKARTA)


def receipt(
    customer: Customer,
    amount: int = 50_000,
    *,
    paid_at: datetime | None = None,
    method: str = "va",
    channel: str = "faspay_va",
    number: str = "",
    **more: Any,
) -> Receipt:
    """Money of one attempt that arrived here; of the deposit only what a comparison looks at."""
    step = next(_numbers)
    paid_at = paid_at or at(9, step % 60)
    deposit = Deposit.objects.create(
        customer=customer, method=method, bank="702", amount=amount, expires_at=paid_at + timedelta(days=1)
    )
    attempt = PaymentAttempt.objects.create(
        deposit=deposit,
        method=method,
        bank="702",
        trx_id=f"GB{step:014}",
        provider_trx_id=more.pop("provider_trx_id", f"98{step:014}"),
        number=number or (f"370201{step:010}" if method == "va" else ""),
        state="closed",
        sent_at=paid_at,
        created_at=paid_at,
        phone=more.pop("phone", ""),
    )
    PaymentAttempt.objects.filter(pk=attempt.pk).update(state="paid")
    return Receipt.objects.create(
        channel=channel,
        key=attempt.trx_id,
        amount=amount,
        currency="IDR",
        place="wallet",
        paid_at=paid_at,
        ledger_reference=f"test:{step}",
        customer=customer,
        deposit=deposit,
        attempt=attempt,
        **more,
    )


def row_of(mine: Receipt, **changes: str) -> dict[str, str]:
    """What the provider's report says of it."""
    attempt = mine.attempt
    assert attempt is not None
    assert mine.paid_at is not None
    row = {
        "Trx ID": attempt.provider_trx_id,
        "Bill No": attempt.trx_id,
        "Virtual Account No": attempt.number,
        "Payment Channel": "QRIS" if mine.channel == "faspay_qris" else "BCA VA",
        "Payment Date": f"{mine.paid_at.astimezone(JAKARTA):%Y-%m-%d %H:%M:%S}",
        "Amount": f"{mine.amount:.2f}",
        "Fee": "",
        "Net": "",
        "Status": "Payment Sukses",
    }
    return {**row, **changes}


def report(rows: list[dict[str, str]], *, delimiter: str = ";") -> bytes:
    target = io.StringIO()
    writer = csv.DictWriter(target, HEAD, delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return target.getvalue().encode()


def take(rows: list[dict[str, str]], *, first: date = DAY, last: date = DAY, **more: Any) -> SettlementFile:
    """Upload a report, take it in for these days, and do the task's work."""
    actor = command("test")
    content = report(rows) + more.pop("salt", b"")
    provider = more.pop("provider", "faspay_snap")
    file = reconciliation.upload(actor=actor, provider=provider, name="report.csv", content=content)
    channels = more.pop("channels", ["faspay_va"])
    reconciliation.take_in(actor=actor, file=file, covers_from=first, covers_to=last, channels=channels)
    files.work(file.pk)
    file.refresh_from_db()
    assert file.state == "taken"
    return file


def breaks() -> set[tuple[str, str]]:
    """(kind, our reference or theirs) of what is open."""
    return {(case.kind, case.reference) for case in PaymentCase.objects.exclude(state="settled")}


def verdicts() -> list[str]:
    return list(SettlementLine.objects.order_by("pk").values_list("verdict", flat=True))


def total(rows: list[Receipt]) -> Decimal:
    return sum((row.amount for row in rows), Decimal(0))


def tomorrow() -> date:
    return timezone.localdate() + timedelta(days=1)
