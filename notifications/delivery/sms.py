"""Hand messages to the gateway and learn what became of them: claim, call outside any transaction, record."""

import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from redis.exceptions import RedisError

from config.lib import sealing
from config.lib.clock import now
from config.lib.errors import ProviderError
from config.lib.jobs import LINGER
from config.lib.limits import TokenWindow
from config.lib.masking import masked_phone
from notifications import charges
from notifications.models import ClaimedSms, Sms
from notifications.providers import gateway_for
from notifications.providers.types import Outgoing, SmsGateway, Status, Word

PURPOSE = "sms"
BATCH, HANDS = 32, 8
# Longer than a batch can wait for its turn and for the gateway's time limits together.
LEASE = timedelta(seconds=90)
PAUSES = [timedelta(seconds=s) for s in (2, 10, 30, 120, 600, 1800)]
# How long after the hand-over, and after each question, the gateway is asked what became of a message.
ASKING = [timedelta(seconds=s) for s in (3, 15, 60, 300, 1800, 7200, 43200)]
_ASKED_AT_ONCE = 100
# After this a message that nobody knows about counts as not sent.
DOUBT = timedelta(hours=24)

logger = logging.getLogger(__name__)
State, Reason = Sms.State, Sms.Reason
_STATES = {
    Status.TAKEN: State.SENT,
    Status.DELIVERED: State.DELIVERED,
    Status.UNDELIVERED: State.UNDELIVERED,
    Status.REJECTED: State.FAILED,
}
# What may still become of a message in a state: a word that comes late changes nothing.
_OPEN = {State.SENT, State.UNCLEAR}
_CHANGING = (
    *("state", "reason", "text", "gateway", "gateway_id", "attempts", "due_at", "ask_at", "sent_at", "ended_at"),
    *("lease_token", "lease_until"),
)


@dataclass(frozen=True)
class Result:
    """What one attempt gave: a word of the gateway, or why there is none."""

    claimed: ClaimedSms
    gateway: SmsGateway | None
    word: Word | None = None
    error: ProviderError | None = None

    @property
    def is_taken(self) -> bool:
        return self.word is not None and self.word.status is not Status.REJECTED


def send_due_sms(*, seconds: float = 20.0) -> int:
    """Send what is due, and what falls due meanwhile; returns how many attempts were made."""
    started, made = time.monotonic(), 0
    while True:
        looked = time.monotonic()
        claimed = Sms.objects.claim(most=BATCH, lease=LEASE)
        made += _send(claimed)
        if looked - started >= (seconds if claimed else LINGER):
            return made
        if not claimed:
            time.sleep(LINGER / 2)


def send_now(pks: Sequence[int]) -> None:
    """Send these at once, as far as nobody else has them in hand and the gateway has room. Call it outside any
    transaction, and only while somebody waits."""
    _send(Sms.objects.claim(most=len(pks), lease=LEASE, only=pks), patience=0.5)


def _send(claimed: Sequence[ClaimedSms], *, patience: float = LEASE.total_seconds() / 3) -> int:
    if not claimed:
        return 0
    gateways = {mode: gateway_for(is_sandbox=mode) for mode in {one.is_sandbox for one in claimed}}
    if len(claimed) == 1:
        results = [_attempt(claimed[0], gateways[claimed[0].is_sandbox], patience)]
    else:
        with ThreadPoolExecutor(HANDS, thread_name_prefix="sms") as hands:
            results = list(hands.map(lambda one: _attempt(one, gateways[one.is_sandbox], patience), claimed))
    # What moves money is recorded one by one, so that a refusal of the ledger spoils nothing else.
    _record([one for one in results if one.is_taken])
    for result in results:
        if not result.is_taken:
            _record([result])
    return len(results)


def _attempt(claimed: ClaimedSms, gateway: SmsGateway | None, patience: float) -> Result:
    """One attempt, perhaps in a thread of its own: nothing here touches the database, and nothing is raised."""
    if gateway is None:
        return Result(claimed, None, error=_refusal(Reason.NO_GATEWAY))
    if claimed.is_late:
        return Result(claimed, gateway, error=_refusal(Reason.TOO_LATE))
    try:
        _wait_for_turn(claimed, patience)
        text = sealing.unseal(PURPOSE, claimed.text)
        message = Outgoing(claimed.reference, claimed.recipient, claimed.sender, text, claimed.encoding)
        return Result(claimed, gateway, word=gateway.send(message))
    except ProviderError as error:
        return Result(claimed, gateway, error=error)
    except sealing.Unreadable:
        return Result(claimed, gateway, error=_refusal(Reason.REFUSED))
    except Exception:
        logger.exception("%s could not be sent", claimed.reference)
        return Result(claimed, gateway, error=ProviderError("broken", retryable=False, outcome_unknown=True))


def _refusal(code: str) -> ProviderError:
    return ProviderError(code, retryable=False, outcome_unknown=False, code=code)


def _wait_for_turn(claimed: ClaimedSms, patience: float) -> None:
    """At most so many a second over all workers. Without Redis nothing is sent: it is tried again later."""
    if claimed.is_sandbox:
        return
    window = TokenWindow("sms", limit=settings.SMS_GATEWAY_PER_SECOND, seconds=1.0)
    until = time.monotonic() + patience
    try:
        while wait := window.take():
            if time.monotonic() + wait > until:
                raise ProviderError("no turn", retryable=True, outcome_unknown=False)
            time.sleep(wait)
    except RedisError as error:
        raise ProviderError("no Redis", retryable=True, outcome_unknown=False) from error


@transaction.atomic
def _record(results: Sequence[Result]) -> None:
    by_pk = {one.claimed.pk: one for one in results}
    tokens = {one.claimed.lease_token for one in results}
    # Where the lease ran out, somebody else has it.
    mine = Q(pk__in=by_pk, lease_token__in=tokens, state=State.QUEUED)
    found = list(Sms.objects.select_for_update().filter(mine).order_by("pk"))
    for message in found:
        _apply(message, by_pk[message.pk])
    _keep(found)


def _apply(message: Sms, result: Result) -> None:
    message.attempts += 1
    message.lease_token = message.lease_until = None
    message.gateway = result.gateway.name if result.gateway else ""
    if result.word is not None:
        _hear(message, result.word, result.gateway)
    elif result.error is not None:
        _stumble(message, result.error, result.gateway)


def _keep(messages: Sequence[Sms]) -> None:
    Sms.objects.bulk_update(messages, _CHANGING)
    for one in messages:
        logger.info("%s to %s: %s %s", one.reference, masked_phone(one.recipient), one.state, one.reason)


def _hear(message: Sms, word: Word, gateway: SmsGateway | None) -> None:
    """The gateway has it."""
    message.gateway_id = word.gateway_id
    message.sent_at = now()
    _settle(message, _STATES[word.status], word.code)
    if message.state == State.SENT and gateway is not None and gateway.can_be_asked:
        message.ask_at = now() + ASKING[0]


def _stumble(message: Sms, error: ProviderError, gateway: SmsGateway | None) -> None:
    """It does not have it, or nobody knows."""
    again = error.retryable or (error.outcome_unknown and gateway is not None and gateway.repeats_safely)
    if again:
        pause = PAUSES[min(message.attempts - 1, len(PAUSES) - 1)]
        message.due_at = now() + max(pause, timedelta(seconds=error.retry_after or 0))
        if message.due_at >= message.expires_at:
            _settle(message, State.FAILED, Reason.TOO_LATE)
    elif error.outcome_unknown:
        message.sent_at = now()
        _settle(message, State.UNCLEAR, "")
        message.ask_at = now() + DOUBT
    else:
        _settle(message, State.FAILED, error.code if error.code in Reason.values else Reason.REFUSED)


def _settle(message: Sms, state: str, reason: str) -> None:
    """Nobody needs the text any more; what was never sent costs nothing."""
    message.state, message.text, message.ask_at = state, b"", None
    message.reason = reason
    if state not in _OPEN:
        message.ended_at = now()
    if state == State.UNDELIVERED and not reason:
        message.reason = Reason.UNREACHABLE
    if state == State.FAILED:
        message.reason = reason or Reason.REFUSED
        charges.give_back(message)


def ask_due_sms() -> int:
    """Ask what became of messages whose time for that has come; returns how many have got an end."""
    due = _due_questions()
    forgotten = [one for one in due if one.state == State.UNCLEAR]
    for one in forgotten:
        apply_word(one, Word(Status.REJECTED, code=Reason.UNCLEAR))
    gateway, asked = gateway_for(is_sandbox=False), [one for one in due if one.state == State.SENT]
    if gateway is None or not gateway.can_be_asked or not asked:
        return len(forgotten)
    try:
        words = gateway.ask([(one.reference, one.gateway_id) for one in asked])
    except ProviderError:
        return len(forgotten)  # they were put off already
    known = {one.reference: one for one in asked}
    return len(forgotten) + sum(apply_word(known[word.reference], word) for word in words if word.reference in known)


@transaction.atomic
def _due_questions() -> list[Sms]:
    """What is to be asked about now, put off to its next time, so that nobody else asks meanwhile."""
    due = Sms.objects.filter(ask_at__lte=now(), is_sandbox=False).order_by("ask_at")
    found = list(due.select_for_update(skip_locked=True)[:_ASKED_AT_ONCE])
    for one in found:
        one.asked += 1
        later = ASKING[one.asked] if one.asked < len(ASKING) else None
        one.ask_at = now() + later if later and one.state == State.SENT else None
    Sms.objects.bulk_update(found, ["asked", "ask_at"])
    return found


@transaction.atomic
def apply_word(message: Sms, word: Word) -> bool:
    """What the gateway says of a message it has; True when that is its end. Words that come late change nothing."""
    locked = Sms.objects.select_for_update(of=("self",)).filter(pk=message.pk, state__in=_OPEN).first()
    if locked is None or word.status is Status.TAKEN:
        return False
    _settle(locked, _STATES[word.status], word.code)
    _keep([locked])
    return True
