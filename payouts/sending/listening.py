"""What became of what the rail has: asked for when it is due, and when its news says that something has happened.

News only says where to look: what counts is what the rail answers when it is asked.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta

from django.conf import settings
from django.db import OperationalError
from django.db.models import Q
from django.db.models.functions import Now

from config.lib import clock
from config.lib.errors import ProviderError
from payouts import rails
from payouts.models import Feed, Payout
from payouts.models.states import UNPAID_ENDS, Reason, State
from payouts.providers.types import Outcome, PayoutRail, Word
from payouts.sending import claiming, recording, verdicts
from payouts.sending.claiming import Claimed
from wallets.errors import LedgerError

EVERY = timedelta(seconds=1)
# How far back paid ones are asked about once more, each night.
LOOK_BACK = timedelta(days=5)
_AT_A_TIME = 500
_OVER = (State.COMPLETED, *UNPAID_ENDS)

logger = logging.getLogger(__name__)


def feed_of(line: str) -> Feed:
    """How far the news of a line was read."""
    found = Feed.objects.filter(line=line).first()
    if found is None:
        Feed.objects.bulk_create([Feed(line=line, read_at=clock.now() - EVERY)], ignore_conflicts=True)
        found = Feed.objects.get(line=line)
    return found


def is_resting(feed: Feed) -> bool:
    """Whether its line is left alone for now, by the clock of the database."""
    return feed.rests_until is not None and Feed.objects.filter(pk=feed.pk, rests_until__gt=Now()).exists()


def ask(rail: PayoutRail, claimed: Sequence[Claimed]) -> list[int]:
    """Ask what became of claimed payouts and write it down. Returns batches that have ended."""
    if not claimed:
        return []
    answers = rail.ask([one.reference for one in claimed])
    timeout = settings.PAYOUT_RAIL_TIMEOUT_SECONDS
    turns = [
        (one, verdicts.of_asking(one, answer, timeout=timeout)) for one, answer in zip(claimed, answers, strict=True)
    ]
    return recording.record(turns)


def listen(feed: Feed, where: rails.Line, rail: PayoutRail) -> list[int]:
    """Read what is new on a line, at most once a second over all workers. Returns batches that have ended."""
    mine = Feed.objects.filter(pk=feed.pk, read_at__lte=Now() - EVERY).update(read_at=Now())
    if not mine:
        return []
    try:
        changes = rail.changes(feed.cursor)
    except ProviderError as error:
        logger.warning("line %s: no news can be had: %s", where.name, error.code)
        return []
    ended, is_done = _look_at(where, rail, changes.words)
    # Only now: whoever is stopped before, or heard nothing when asking, reads the same again, which changes nothing.
    if is_done and changes.cursor != feed.cursor:
        more = Now() - EVERY if changes.words else Now()
        Feed.objects.filter(pk=feed.pk, cursor=feed.cursor).update(cursor=changes.cursor, read_at=more)
    return ended


def _look_at(where: rails.Line, rail: PayoutRail, words: Sequence[Word]) -> tuple[list[int], bool]:
    """Ask about what the news names. Returns batches that have ended, and whether all of it could be looked at."""
    news = {word.reference: word.outcome for word in words}
    rows = Payout.objects.filter(reference__in=news, is_sandbox__in=where.worlds) if news else Payout.objects.none()
    found = list(rows.values_list("pk", "reference", "state"))
    waiting = [pk for pk, _, state in found if state in (State.SENDING, State.IN_DOUBT)]
    claimed = claiming.these_to_ask(waiting, where.worlds) if waiting else []
    ended = ask(rail, claimed)
    over = [pk for pk, name, state in found if state in _OVER and news[name] != Outcome.ACCEPTED]
    # What somebody else has in hand may be written down as paid a moment after it was said to have come back.
    return ended, _look_again(rail, over) and len(claimed) == len(waiting)


def look_back(where: rails.Line, rail: PayoutRail, is_ours: Callable[[], bool]) -> int:
    """Ask once more about everything that was paid, or closed as unpaid by one of us, in the last days, whatever the
    news have said of it: a rail may tell of a return under a wrong name, or not at all, and pay what we have given up.
    ``is_ours`` keeps the place on the line. Returns how many were asked about."""
    since = Now() - LOOK_BACK
    by_hand = Q(state=State.FAILED, reason=Reason.SETTLED_BY_STAFF, closed_at__gte=since)
    over = Payout.objects.filter(Q(state=State.COMPLETED, completed_at__gte=since) | by_hand)
    paid = over.filter(is_sandbox__in=where.worlds).order_by("pk")
    asked, last = 0, 0
    while chunk := list(paid.filter(pk__gt=last).values_list("pk", flat=True)[:_AT_A_TIME]):
        _look_again(rail, chunk)
        asked, last = asked + len(chunk), chunk[-1]
        if not is_ours():
            break
    return asked


def _look_again(rail: PayoutRail, over: Sequence[int]) -> bool:
    """Of what is over: what came back is booked, what cannot be is kept for a person. False when nobody answered."""
    payouts = list(Payout.objects.filter(pk__in=over)) if over else []
    answers = rail.ask([payout.reference for payout in payouts]) if payouts else []
    is_done = True
    for payout, answer in zip(payouts, answers, strict=True):
        if not isinstance(answer, ProviderError):
            is_done &= _compare(payout, answer)
        elif answer.code == "silent":
            logger.error("payout %s: what the rail says of it cannot be read", payout.reference)
        else:
            is_done = False
    return is_done


def _compare(payout: Payout, word: Word) -> bool:
    """Whether what the rail says could be written down, where there is anything to write."""
    was_paid = payout.state == State.COMPLETED
    is_paid = word.outcome in (Outcome.PAID, Outcome.RETURNED)
    is_other = is_paid and not word.is_about(payout.amount, payout.currency, payout.receiver)
    if was_paid and word.outcome == Outcome.RETURNED and not is_other:
        return _book_return(payout, word)
    if is_other or (was_paid != is_paid and word.outcome in (Outcome.PAID, Outcome.ACCEPTED, Outcome.REJECTED)):
        _note_if_still_over(payout, word)
    return True


def _book_return(payout: Payout, word: Word) -> bool:
    try:
        recording.record_return(payout.pk, word.message)
    except OperationalError:
        logger.exception("payout %s: what came back could not be recorded now", payout.reference)
        return False
    except LedgerError:
        # A closed balance takes nothing: a person finds out where the money goes.
        logger.exception("payout %s: what came back has no place", payout.reference)
        _note_if_still_over(payout, word)
    return True


def _note_if_still_over(payout: Payout, word: Word) -> None:
    # It may have been tried again in the meantime: then it is no contradiction but the other attempt.
    if Payout.objects.filter(pk=payout.pk, version=payout.version).exists():
        recording.note_contradiction(payout.pk, word)
