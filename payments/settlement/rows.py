"""Locks and leases. One order everywhere: the deposit's row first, then its attempt.

A lease lets one worker talk to the provider at a time; what it learned is written only while its token still
stands, so a worker that was away too long writes nothing.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.db.models.functions import Now

from payments.models import Deposit, PaymentAttempt

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
        self.deposit.version += 1
        self.deposit.updated_at = self.now
        self.deposit.save(update_fields=[*fields, "version", "updated_at"])

    def release(self) -> None:
        """Let go of the lease; written together with what was learned."""
        self.attempt.lease_token = self.attempt.lease_until = None


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


def lease(rows: Locked) -> uuid.UUID:
    """Take the lease of locked rows; the caller writes ``lease_token`` and ``lease_until``."""
    rows.attempt.lease_token = uuid.uuid4()
    rows.attempt.lease_until = rows.now + LEASE
    return rows.attempt.lease_token


def is_leased(rows: Locked) -> bool:
    return rows.attempt.lease_until is not None and rows.attempt.lease_until > rows.now


def fenced(attempt_id: int, token: uuid.UUID) -> Locked | None:
    """Lock again after a call; None when the lease went to somebody else meanwhile."""
    rows = lock(attempt_id)
    return rows if rows and rows.attempt.lease_token == token else None


def unleased() -> Q:
    """Attempts that nobody is working on."""
    return Q(lease_until__isnull=True) | Q(lease_until__lt=Now())
