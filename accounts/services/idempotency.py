"""A call that carries an Idempotency-Key acts once: its first answer is kept for a day and given again.

The gate of every call that moves money. What is remembered commits together with what was done, so neither can be
there without the other. A call that failed on our side (5xx) or was held back (429) leaves nothing behind.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.cache import cache
from django.db import connection, transaction

from accounts.access.actors import Actor
from accounts.errors import KeyUsedForOther, StillRunning
from accounts.models import IdempotencyRecord
from config.lib.clock import now
from config.lib.errors import ServiceError, TooMany
from config.lib.ids import new_reference

Body = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What came of a call, as JSON; ``replayed`` when it is the answer to an earlier one."""

    body: Body
    replayed: bool = False


@dataclass(frozen=True)
class Claim:
    """What a call that takes long works under: ``reference`` stays the same for every repetition until one of them has
    answered; ``is_repeated`` when an earlier one ended without an answer."""

    reference: str
    is_repeated: bool = False


class RefusedBefore(ServiceError):
    """The earlier call with the same key was refused like this; nothing was looked at again."""

    def __init__(self, status: int, told: Mapping[str, Any]) -> None:
        super().__init__(told["message"], code=told["code"], fields=told["fields"])
        self.status = status  # type: ignore[misc]


def once(
    *,
    actor: Actor,
    operation: str,
    key: str | None,
    content: Mapping[str, Any],
    act: Callable[[], Body],
    wait: bool = False,
) -> Answer:
    """Do ``act`` in a transaction, unless ``actor`` asked for the same ``operation`` with this ``key`` within a day.

    ``content`` is what makes two requests the same; ``act`` answers what can be written as JSON. Without a key it is
    simply done. Raises what ``act`` raises (refusals below 500 are kept and raised again as `RefusedBefore`),
    `KeyUsedForOther`, and `StillRunning` unless told to ``wait`` for the first call to end.
    """
    if key is None:
        with transaction.atomic():
            return Answer(act())
    scope, fingerprint, refusal = _scope(actor, operation), _fingerprint(content), None
    with transaction.atomic():
        _take_turn(scope, key, wait=wait)
        known = _known(scope, key)
        if known is not None:
            return _again(known, fingerprint)
        try:
            with transaction.atomic():
                status, body = 200, act()
        except ServiceError as error:
            if error.status >= 500 or isinstance(error, TooMany):
                raise
            refusal = error
            status, body = error.status, _told(error)
        IdempotencyRecord.objects.create(scope=scope, key=key, fingerprint=fingerprint, status=status, body=body)
    if refusal is not None:
        raise refusal
    return Answer(body)


def once_at_length(
    *, actor: Actor, operation: str, key: str | None, content: Mapping[str, Any], act: Callable[[Claim], Body]
) -> Answer:
    """`once` for what takes long and asks others meanwhile: no transaction is open while ``act`` works.

    So ``act`` makes itself safe to repeat, by the reference of its claim. A call that failed on our side or was held
    back forgets its claim; one that raised `StillRunning` keeps it. Raises as `once`.
    """
    if key is None:
        return Answer(act(Claim(new_reference("call-"))))
    scope, fingerprint = _scope(actor, operation), _fingerprint(content)
    with _only_one(scope, key):
        record, claim = _claimed(scope, key, fingerprint)
        if record.status is not None or record.fingerprint != fingerprint:
            return _again(record, fingerprint)
        try:
            body = act(claim)
        except ServiceError as error:
            _end_with(record, error)
            raise
        _keep(record, 200, body)
    return Answer(body)


# Longer than any of these calls can last. What a lost lock lets through, the reference of the claim makes harmless.
_LONGEST_SECONDS = 90


@contextmanager
def _only_one(scope: str, key: str) -> Iterator[None]:
    name, mark = f"idempotency:{scope}:{key}", secrets.token_hex(8)
    if not cache.add(name, mark, timeout=_LONGEST_SECONDS):
        raise StillRunning
    try:
        yield
    finally:
        if cache.get(name) == mark:
            cache.delete(name)


def _claimed(scope: str, key: str, fingerprint: str) -> tuple[IdempotencyRecord, Claim]:
    known = _known(scope, key)
    if known is not None:
        return known, Claim((known.body or {}).get("reference", ""), is_repeated=True)
    claim = Claim(new_reference("call-"))
    body = {"reference": claim.reference}
    return IdempotencyRecord.objects.create(scope=scope, key=key, fingerprint=fingerprint, body=body), claim


def _end_with(record: IdempotencyRecord, error: ServiceError) -> None:
    if isinstance(error, StillRunning):
        return  # Nobody knows yet: the next call with this key asks on, under the same reference.
    if error.status >= 500 or isinstance(error, TooMany):
        record.delete()
    else:
        _keep(record, error.status, _told(error))


def _keep(record: IdempotencyRecord, status: int, body: Body) -> None:
    record.status, record.body = status, body
    record.save(update_fields=["status", "body"])


def _scope(actor: Actor, operation: str) -> str:
    """Keys of one caller mean nothing to another, nor to another operation."""
    if actor.customer is not None:
        owner = f"customer:{actor.customer.pk}"
    elif actor.api_user is not None:
        owner = f"api_user:{actor.api_user.pk}:{'test' if actor.is_sandbox else 'live'}"
    else:
        owner = f"user:{actor.user.pk if actor.user else ''}:{'test' if actor.is_sandbox else 'live'}"
    return f"{operation}:{owner}"


def _fingerprint(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=_text).encode()).hexdigest()


def _text(value: object) -> str:
    # 50000 and 50000.00 are one amount.
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def _take_turn(scope: str, key: str, *, wait: bool) -> None:
    """One call with a key at a time. The lock goes with the transaction, whatever becomes of the process."""
    number = int.from_bytes(hashlib.sha256(f"{scope}\n{key}".encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        if wait:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
            return
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        if not cursor.fetchone()[0]:
            raise StillRunning


def _known(scope: str, key: str) -> IdempotencyRecord | None:
    record = IdempotencyRecord.objects.filter(scope=scope, key=key).first()
    if record is not None and record.created_at < now() - IdempotencyRecord.KEPT:
        record.delete()
        return None
    return record


def _again(record: IdempotencyRecord, fingerprint: str) -> Answer:
    if record.fingerprint != fingerprint:
        raise KeyUsedForOther
    status, body = record.status or 200, record.body or {}
    if status >= 400:
        raise RefusedBefore(status, body)
    return Answer(body, replayed=True)


def _told(error: ServiceError) -> Body:
    fields = {name: [str(text) for text in texts] for name, texts in error.fields.items()}
    return {"message": str(error.message), "code": error.code, "fields": fields}
