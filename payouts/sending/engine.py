"""Turns at the rails: claim, give or ask over HTTP outside any transaction, write down what came of it."""

import logging
import time
from collections.abc import Collection, Sequence
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from accounts.access.actors import system
from accounts.models import Client
from accounts.services import audit
from config.lib.errors import ProviderError
from payouts import news, rails
from payouts.models import Batch, Feed, Payout
from payouts.models.states import BatchState, Reason, State
from payouts.providers.types import Answer, PayoutRail
from payouts.rails import lanes, pace
from payouts.sending import claiming, listening, recording, verdicts
from payouts.sending.claiming import Claimed
from payouts.sending.reserving import release

# Payouts in one claim; and how many seconds of the rail's pace one claim is worth, so that nobody waits long for it.
MOST, CLAIM_SECONDS = 1000, 1.0
# Payouts in one question.
MOST_ASKED = 500
# Seconds within which the calls of one claim begin; what has not begun by then goes back.
PATIENCE = 4.0
# How often a worker looks at everything but the payouts to send.
LOOK_SECONDS = 1.0
# Requests that somebody waits for: so many payouts find a place of their own.
_FEW = 4
_REST_SECONDS = 5.0
_LONGEST_REST = 60.0
# What says that the rail as a whole takes nothing now, and not this payout.
_CLOSED = frozenset({"throttled", "unreachable", "unauthorized"})

logger = logging.getLogger(__name__)


def attend(payout_ids: Collection[int], seconds: float) -> None:
    """Send these now, in the request and outside any transaction, for at most about ``seconds``.

    Quiet about whatever it cannot do: no rail, no place free, no answer in time; the sweep goes on with them.
    """
    for where in rails.lines():
        if not pace.is_known(where.name) or listening.is_resting(listening.feed_of(where.name)):
            continue
        with lanes.take(where.name, quick=len(payout_ids) <= _FEW) as lane:
            if lane is not None:
                timeout = min(seconds, settings.PAYOUT_RAIL_TIMEOUT_SECONDS)
                rail = rails.on(where, "quick", at_once=lane.width, timeout=timeout, patience=seconds / 2)
                _give(where.name, rail, claiming.these_to_send(payout_ids, where.worlds))


def run(line: str, *, seconds: float = 5.0) -> list[int]:
    """Send, ask and listen on one line until nothing is due or time is over. Returns batches that have ended.

    As many may run at once as the line has places. Without Redis nothing is sent: nobody could count (B11).
    """
    where = rails.line(line)
    if where is None or not pace.is_known(line):
        return []
    with lanes.take(line) as lane:
        return _Shift(where, lane).work(time.monotonic() + seconds) if lane is not None else []


def look_back(line: str) -> int:
    """Ask once more about what was paid in the last days. Returns how many; none without a line or a free place."""
    where = rails.line(line)
    if where is None or not pace.is_known(line):
        return 0
    with lanes.take(line, quick=True) as lane:
        return listening.look_back(where, rails.on(where, "quick"), lane.keep) if lane is not None else 0


class _Shift:
    """One worker's time on a line."""

    def __init__(self, where: rails.Line, lane: lanes.Taken) -> None:
        self.where, self.lane = where, lane
        self.rail = rails.on(where, "wide", at_once=lane.width, patience=PATIENCE)
        self.ended: list[int] = []
        self.looked_at = float("-inf")
        self.feed = listening.feed_of(where.name)

    def work(self, until: float) -> list[int]:
        """Until time is over, the place is lost, or there is nothing to do."""
        while time.monotonic() < until:
            asked = 0
            if time.monotonic() - self.looked_at >= LOOK_SECONDS:
                if not self.lane.keep():
                    break
                asked = self._look()
            given = self._next()
            self.ended += _give(self.where.name, self.rail, given, was_resting=self.feed.rests_until is not None)
            if not asked and not given:
                break
        return sorted(set(self.ended))

    def _look(self) -> int:
        """Everything but sending; returns how many were asked about."""
        self.looked_at = time.monotonic()
        self.feed = listening.feed_of(self.where.name)
        self.ended += listening.listen(self.feed, self.where, self.rail)
        self.ended += call_off()
        due = claiming.to_ask(self.where.worlds, MOST_ASKED)
        self.ended += listening.ask(self.rail, due)
        return len(due)

    def _next(self) -> list[Claimed]:
        """What to send next; after a rest only as many as go side by side, to see whether it works again."""
        if self.feed.rests_until is None:
            share = int(settings.PAYOUT_RAIL_PER_SECOND * CLAIM_SECONDS / lanes.layout().wide)
            return claiming.to_send(self.where.worlds, max(1, min(MOST, share)))
        self.feed = listening.feed_of(self.where.name)
        return [] if listening.is_resting(self.feed) else claiming.to_send(self.where.worlds, self.lane.width)


def _give(line: str, rail: PayoutRail, claimed: Sequence[Claimed], *, was_resting: bool = False) -> list[int]:
    if not claimed:
        return []
    answers = rail.send([one.instruction() for one in claimed])
    turns = [(one, verdicts.of_sending(one, answer)) for one, answer in zip(claimed, answers, strict=True)]
    # First: whoever claims next should know.
    _rest_if_needed(line, answers, was_resting)
    return recording.record(turns)


def _rest_if_needed(line: str, answers: Sequence[Answer], was_resting: bool) -> None:
    """A rail that takes nothing is left alone for a moment: every further payout would only come into doubt."""
    errors = [answer for answer in answers if isinstance(answer, ProviderError) and answer.code != "paced"]
    closed = [error for error in errors if error.code in _CLOSED]
    if closed or (len(errors) > 1 and len(errors) == len(answers)):
        wait = min(max([error.retry_after or _REST_SECONDS for error in closed], default=_REST_SECONDS), _LONGEST_REST)
        Feed.objects.filter(line=line).update(rests_until=Now() + timedelta(seconds=wait))
        logger.warning("line %s rests for %.0f seconds: %s", line, wait, errors[0].code)
    elif was_resting and len(errors) < len(answers):
        Feed.objects.filter(line=line, rests_until__lte=Now()).update(rests_until=None)


def call_off() -> list[int]:
    """Stop what has not left and shall not: of batches that were called off, and of clients that were deactivated.
    Returns batches that have ended with it. One that cannot be stopped keeps nobody else waiting."""
    ended: list[int] = []
    for batch_id in _called_off():
        unsent = Payout.objects.filter(batch=batch_id, state=State.AUTHORIZED, sent_at=None)
        if _stop(unsent, f"batch {batch_id}"):
            ended += Batch.objects.filter(pk=batch_id, state=BatchState.CANCELLED).values_list("pk", flat=True)
    gone = Payout.objects.filter(client__status=Client.Status.DEACTIVATED, batch=None, currency="SLE")
    _stop(gone.filter(state=State.AUTHORIZED, sent_at=None), "payments of clients that are gone")
    return ended


def _called_off() -> list[int]:
    running = Batch.objects.filter(state__in=[BatchState.PROCESSING, BatchState.PAUSED])
    over = Q(cancel_requested_at__isnull=False) | Q(client__status=Client.Status.DEACTIVATED)
    found = list(running.filter(over))
    for batch in [one for one in found if one.cancel_requested_at is None]:
        with transaction.atomic():
            fresh = running.filter(pk=batch.pk, cancel_requested_at=None)
            if fresh.update(cancel_requested_at=Now(), updated_at=Now(), version=F("version") + 1):
                audit.record(system("payouts.send"), "batch.cancelled", target=batch, after={"client": "deactivated"})
    return [batch.pk for batch in found]


def _stop(unsent: QuerySet[Payout], what: str) -> int:
    ids = list(unsent.order_by().values_list("pk", flat=True)[:MOST])
    try:
        return release(ids, to=State.CANCELLED, reason=Reason.CANCELLED) if ids else 0
    except Exception:
        logger.exception("%s could not be stopped now", what)
        return 0


@transaction.atomic
def expire() -> int:
    """End what waits for its code in vain. Returns how many."""
    late = Q(expires_at__lte=Now()) | Q(expires_at=None)
    due = Payout.objects.filter(late, state=State.PENDING, due_at__lte=Now()).order_by("due_at")[:1000]
    ids = list(due.values_list("pk", flat=True))
    count = Payout.objects.filter(pk__in=ids, state=State.PENDING).update(
        state=State.EXPIRED,
        reason=Reason.CODE_TOO_LATE,
        due_at=None,
        closed_at=Now(),
        lease_token=None,
        lease_until=None,
        version=F("version") + 1,
    )
    news.ended(ids)
    return count
