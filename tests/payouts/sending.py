"""Payouts that are about to leave, batches that begin, and what must hold whatever happens to them (B1 to B15)."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from accounts.models import Client
from config.lib.clock import now
from config.lib.ids import new_dated_reference
from payouts import checks, sending
from payouts.models import Batch, BatchRow, Payout
from payouts.models.states import BatchState, Kind, RowState, State
from tests.payouts.house import payment
from tests.simulators import Simulator

FEE = Decimal("2.50")


def ready(client: Client, account: str = "003001000000009001", **given: Any) -> Payout:
    """A single payout that may leave, its money set aside."""
    kind = Kind.MOBILE if len(account) == 9 else Kind.BANK
    given = {"fee": FEE, "kind": kind, "receiver_name": "Aminata Kamara", **given}
    later = now() + timedelta(minutes=30)
    payout = payment(client, receiver=account, receiver_code=account[:3], state=State.PENDING, **given)
    Payout.objects.filter(pk=payout.pk).update(due_at=later, expires_at=later)
    with transaction.atomic():
        sending.reserve([payout], memo="for a test", caused_by=None)
    return payout


def approved(client: Client, accounts: Sequence[str], *, amount: Decimal = Decimal(10), **given: Any) -> Batch:
    """A batch that two people have agreed on, one row for each account."""
    total = len(accounts)
    batch = Batch.objects.create(
        client=client,
        reference=new_dated_reference("TB"),
        name="Wages",
        origin=Batch.Origin.FILE,
        state=BatchState.APPROVED,
        rows=total,
        valid=total,
        amount=amount * total,
        fees=FEE * total,
        approved_at=now(),
        approved_digest="0" * 64,
        **given,
    )
    BatchRow.objects.bulk_create([row_of(batch, number, account, amount) for number, account in enumerate(accounts, 1)])
    return batch


def row_of(batch: Batch, number: int, account: str, amount: Decimal) -> BatchRow:
    return BatchRow(
        batch=batch,
        reference=new_dated_reference("TP"),
        position=number,
        destination=account,
        amount_text=str(amount),
        kind=Kind.MOBILE if len(account) == 9 else Kind.BANK,
        receiver=account,
        receiver_code=account[:3],
        receiver_name="Aminata Kamara",
        narration="Wages",
        amount=amount,
        fee=FEE,
        state=RowState.VALID,
    )


def begun(client: Client, accounts: Sequence[str], **given: Any) -> Batch:
    """The same, and it has begun."""
    batch = approved(client, accounts, **given)
    with transaction.atomic():
        sending.begin_batch(Batch.objects.select_for_update().get(pk=batch.pk), caused_by=None)
    return Batch.objects.get(pk=batch.pk)


def accounts(count: int, first: int = 0) -> list[str]:
    """Accounts at which nothing happens but a payment."""
    return [f"0030010{number:011d}" for number in range(first * 10 + 9001, first * 10 + 9001 + count * 10000, 10000)][
        :count
    ]


def due_now() -> None:
    """Whatever waits for a later moment is due at once."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE payouts_payout SET due_at = now() - interval '1 s' WHERE due_at IS NOT NULL")
        cursor.execute("UPDATE payouts_feed SET read_at = now() - interval '9 s', rests_until = NULL")


def time_passes(seconds: float) -> None:
    """As if everything had happened so much earlier: leases run out, doubt grows old."""
    gone = "make_interval(secs => %(gone)s)"
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE payouts_payout SET due_at = due_at - {gone}, lease_until = lease_until - {gone},"
            f" in_doubt_since = in_doubt_since - {gone}, sent_at = sent_at - {gone}"
            " WHERE state IN ('authorized', 'sending', 'in_doubt')",
            {"gone": seconds},
        )
        cursor.execute(f"UPDATE payouts_lane SET until = until - {gone}", {"gone": seconds})
        cursor.execute("UPDATE payouts_feed SET read_at = now() - interval '9 s', rests_until = NULL")


def work_off(turns: int = 40) -> None:
    """Run the line until nothing is on its way, as if hours passed between the turns."""
    for _turn in range(turns):
        sending.run("live", seconds=2)
        if not Payout.objects.filter(is_reserved=True).exists():
            return
        time_passes(120)
    raise AssertionError(list(Payout.objects.filter(is_reserved=True).values_list("reference", "state")[:5]))


def paid_at_rail(rail: Simulator, reference: str) -> int:
    """How often money has left under a reference, by the rail's own log."""
    rows = rail.look(f"payouts?reference={reference}")["payouts"]
    return int(rows[0]["paid"]) if rows else 0


def problems() -> list[str]:
    """Everything that money out and the ledger cannot explain."""
    return list(checks.ledger_problems())
