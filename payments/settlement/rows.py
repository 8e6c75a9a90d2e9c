"""Locks and leases. One order everywhere: the deposit's row first, then its attempt.

A lease lets one worker talk to the provider at a time; what it learned is written only while its token still
stands, so a worker that was away too long writes nothing.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.db.models.functions import Now

from payments import news, payees
from payments.models import Deposit, PaymentAttempt, StaticPayment

# What a worker asks a provider about, one at a time.
Leased = PaymentAttempt | StaticPayment
# Longer than the longest call: connecting and reading together stay under half of it.
LEASE = timedelta(seconds=60)


@dataclass
class Locked:
    """An attempt and its deposit, both locked until the transaction ends; ``now`` is the database's time."""

    attempt: PaymentAttempt
    deposit: Deposit
    now: datetime

    @property
    def ends_at(self) -> datetime:
        """When this attempt can no longer be paid."""
        return min(self.attempt.expires_at or self.deposit.expires_at, self.deposit.expires_at)

    def save(self, *fields: str) -> None:
        """Write fields of the account; what people can see moves the deposit's version."""
        self.attempt.save(update_fields=fields)
        if {"state", "number", "content", "page_url"} & set(fields):
            self.touch()

    def touch(self, *fields: str) -> None:
        """Write fields of the deposit and move its version."""
        touch(self.deposit, self.now, *fields)

    def release(self) -> None:
        """Let go of the lease; written together with what was learned."""
        let_go(self.attempt)


def touch(deposit: Deposit, now: datetime, *fields: str) -> None:
    """Write fields of a locked deposit and move its version; of a new state those are told whom it concerns."""
    deposit.version += 1
    deposit.updated_at = now
    deposit.save(update_fields=[*fields, "version", "updated_at"])
    if "state" in fields:
        news.changed(deposit)
        payees.settled(deposit)


def lock(attempt_id: int, *, wait: bool = True) -> Locked | None:
    """Lock an attempt and its deposit; None when somebody else has them and ``wait`` is false."""
    row = (
        Deposit.objects.select_for_update(skip_locked=not wait, no_key=True, of=("self",))
        .annotate(database_now=Now())
        .filter(attempts=attempt_id)
        .first()
    )
    if row is None:
        return None
    attempt = PaymentAttempt.objects.select_for_update(skip_locked=not wait, no_key=True).filter(pk=attempt_id).first()
    if attempt is None:
        return None
    attempt.deposit = row
    return Locked(attempt, row, row.database_now)


def lock_newest(deposit_id: int) -> tuple[Deposit, Locked | None]:
    """Lock a deposit and the attempt by which it is to be paid now, if it has one. ``deposit.database_now`` is the
    time."""
    deposit = (
        Deposit.objects.select_for_update(no_key=True, of=("self",)).annotate(database_now=Now()).get(pk=deposit_id)
    )
    attempt = deposit.attempts.select_for_update(no_key=True).order_by("-id").first()
    if attempt is None:
        return deposit, None
    attempt.deposit = deposit
    return deposit, Locked(attempt, deposit, deposit.database_now)


def stop_others(rows: Locked) -> None:
    """The deposit is paid: what was never sent for it stays here, what can still be paid is due to be called off."""
    others = rows.deposit.attempts.exclude(pk=rows.attempt.pk)
    unsent, payable = PaymentAttempt.State.SUBMITTING, PaymentAttempt.State.OPEN
    left = set(others.filter(state__in=[unsent, payable]).values_list("state", flat=True))
    if unsent in left:
        others.filter(state=unsent, sent_at=None).update(state=PaymentAttempt.State.CLOSED, next_check_at=None)
    if payable in left:
        others.filter(state=payable).update(next_check_at=rows.now)


def lease(rows: Locked) -> uuid.UUID:
    """Take the lease of locked rows; the caller writes ``lease_token`` and ``lease_until``."""
    return take(rows.attempt, rows.now)


def take(row: Leased, now: datetime) -> uuid.UUID:
    """The same for one locked row."""
    row.lease_token, row.lease_until = uuid.uuid4(), now + LEASE
    return row.lease_token


def let_go(row: Leased) -> None:
    """End the lease of a locked row; the caller writes both of its fields."""
    row.lease_token = row.lease_until = None


def is_leased(rows: Locked) -> bool:
    return is_taken(rows.attempt, rows.now)


def is_taken(row: Leased, now: datetime) -> bool:
    return row.lease_until is not None and row.lease_until > now


def fenced(attempt_id: int, token: uuid.UUID) -> Locked | None:
    """Lock again after a call; None when the lease went to somebody else meanwhile."""
    rows = lock(attempt_id)
    return rows if rows and rows.attempt.lease_token == token else None


def unleased() -> Q:
    """Rows that nobody is working on."""
    return Q(lease_until__isnull=True) | Q(lease_until__lt=Now())
