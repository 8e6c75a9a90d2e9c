"""When to ask next. Pure: moments in, moment out."""

from datetime import datetime, timedelta

# Seconds after the doubt began; then every five minutes.
_IN_DOUBT = (5, 15, 30, 60, 120)
_SLOWEST = timedelta(minutes=5)
_RARELY = timedelta(hours=2)
_FIRST = timedelta(seconds=60)
# The last look at an open attempt is so long after its end; nothing final is said before.
LAST_LOOK = timedelta(seconds=10)
_SOON_AFTER, WATCHED = timedelta(minutes=1), timedelta(minutes=15)
# How long after its end an invoice is watched for money that came late.
WATCH = timedelta(hours=24)


def in_doubt(since: datetime, questions: int, now: datetime) -> datetime:
    """The next question about a number of which nobody knows whether it was made."""
    if questions < len(_IN_DOUBT):
        return max(since + timedelta(seconds=_IN_DOUBT[questions]), now + timedelta(seconds=1))
    return now + _SLOWEST


def announced(questions: int, now: datetime) -> datetime:
    """The next question about a payment that was announced and not confirmed: ever more rarely, up to every two
    hours."""
    return now + min(_SLOWEST * (1 << min(questions, 10)), _RARELY)


def waiting(opened_at: datetime, now: datetime, ends_at: datetime) -> datetime:
    """The next question about an open attempt: after a minute (or a third of a shorter window), then ever more
    rarely up to every five; and once just after its end."""
    first: timedelta = min(_FIRST, max((ends_at - opened_at) / 3, LAST_LOOK))
    usual = now + min(max((now - opened_at) / 2, first), _SLOWEST)
    end = ends_at + LAST_LOOK
    return end if now < end < usual else usual


def given_up_soon(now: datetime) -> datetime:
    """The next look at an attempt that is over while its deposit can still be paid: the payer is watching."""
    return now + _SOON_AFTER


def after_the_end(ended_at: datetime, now: datetime) -> datetime | None:
    """The next look for late money: every quarter of an hour, then hourly, then no more."""
    gone = now - ended_at
    if gone >= WATCH:
        return None
    just_over = timedelta(0) <= gone < timedelta(hours=1)
    return now + (timedelta(minutes=15) if just_over else timedelta(hours=1))


def unreachable(tries: int, now: datetime) -> datetime:
    """The next try to send what never left us."""
    return now + timedelta(seconds=min(2**tries, 30))
