"""What follows from a rail's answer: pure, no table and no clock of its own."""

from dataclasses import dataclass

from config.lib.errors import ProviderError
from payouts.models.states import Reason, State
from payouts.providers.types import Answer, Outcome, Word
from payouts.sending.claiming import Claimed

# "I do not know it" counts when a call has surely ended: after so many seconds, or when it is said again after twice
# the time that an answer may take.
LONG_SECONDS = 60.0
# Turns in vain, each later than the one before, until what has surely not left is given up: about four hours.
MOST_TURNS = 60
_LONGEST_WAIT = 300.0
_FIRST_WAIT, _GROWTH = 1.0, 1.7


@dataclass(frozen=True, slots=True)
class Verdict:
    """The state that follows and when to come back. ``is_untouched``: the rail has surely never seen this attempt;
    ``is_returned``: paid, and the money has come back since; ``odd``: something said that cannot be."""

    state: State
    reason: str = ""
    message: str = ""
    rail_id: str = ""
    wait: float = 0.0
    asked: int = 0
    is_untouched: bool = False
    is_returned: bool = False
    odd: Word | None = None


def of_sending(claimed: Claimed, answer: Answer) -> Verdict:
    """An instruction was given to the rail, or was to be."""
    if isinstance(answer, ProviderError):
        return _not_given(claimed, answer)
    if answer.outcome == Outcome.UNKNOWN:
        return _doubt(claimed, str(answer.outcome), asked=0)
    return _end_or_wait(answer, asked=0)


def _not_given(claimed: Claimed, error: ProviderError) -> Verdict:
    message = f"{error.code or 'error'}: {error}"[:200]
    if error.code == "invalid" and not claimed.was_doubtful:
        return Verdict(State.FAILED, reason=Reason.REFUSED, message=message)
    if error.outcome_unknown or error.code == "invalid":
        return _doubt(claimed, message, asked=0)
    if error.code == "paced":
        return Verdict(State.AUTHORIZED, asked=claimed.asked, is_untouched=not claimed.was_doubtful)
    if claimed.asked + 1 >= MOST_TURNS:
        # What the rail may have seen is not given up but asked about: from there a person may end it.
        if claimed.was_doubtful:
            return _doubt(claimed, message, asked=0)
        return Verdict(State.FAILED, reason=Reason.UNREACHABLE, message=message)
    return Verdict(
        State.AUTHORIZED,
        message=message,
        wait=max(wait_after(claimed.asked), error.retry_after or 0.0),
        asked=claimed.asked + 1,
        is_untouched=not claimed.was_doubtful,
    )


def of_asking(claimed: Claimed, answer: Answer, *, timeout: float) -> Verdict:
    """The rail was asked what became of a payout. ``timeout``: seconds that an answer of the rail may take."""
    if isinstance(answer, ProviderError):
        wait = 0.5 if answer.code == "paced" else wait_after(claimed.asked)
        message = f"{answer.code or 'error'}: {answer}"[:200]
        asked = claimed.asked + (answer.code != "paced")
        return Verdict(State(claimed.state), message=message, wait=wait, asked=asked)
    if not answer.is_about(claimed.amount, claimed.currency, claimed.receiver):
        return _doubt(claimed, "another amount, currency or receiver", asked=claimed.asked + 1, odd=answer)
    if answer.outcome == Outcome.UNKNOWN and claimed.rail_id:
        # It had it once. A rail that forgets references may pay one twice: a person ends this, or the rail remembers.
        return _doubt(claimed, "taken, and not known any more", asked=claimed.asked + 1)
    if answer.outcome == Outcome.UNKNOWN:
        return _unknown(claimed, timeout)
    if answer.outcome == Outcome.REJECTED and claimed.attempts > 1 and claimed.state == State.IN_DOUBT:
        # Of an earlier attempt, perhaps: giving it again is the only way to hear of this one.
        return _unknown(claimed, timeout)
    return _end_or_wait(answer, asked=claimed.asked + 1)


def _end_or_wait(word: Word, *, asked: int) -> Verdict:
    if word.outcome == Outcome.ACCEPTED:
        return Verdict(State.SENDING, message=word.message, rail_id=word.rail_id, wait=wait_after(asked), asked=asked)
    if word.outcome == Outcome.REJECTED:
        reason = word.reason if word.reason in Reason.values else Reason.REFUSED
        return Verdict(State.FAILED, reason=reason or Reason.REFUSED, message=word.message, rail_id=word.rail_id)
    is_returned = word.outcome == Outcome.RETURNED
    return Verdict(State.COMPLETED, message=word.message, rail_id=word.rail_id, is_returned=is_returned)


def _unknown(claimed: Claimed, timeout: float) -> Verdict:
    if claimed.state == State.IN_DOUBT and _is_long_ago(claimed, timeout):
        return Verdict(State.AUTHORIZED, message="not known to the rail", asked=0)
    return _doubt(claimed, "not known to the rail", asked=claimed.asked + 1)


def _is_long_ago(claimed: Claimed, timeout: float) -> bool:
    return claimed.age > LONG_SECONDS or (claimed.asked > 0 and claimed.age > 2 * timeout)


def _doubt(claimed: Claimed, message: str, *, asked: int, odd: Word | None = None) -> Verdict:
    return Verdict(State.IN_DOUBT, message=message[:200], wait=wait_after(asked), asked=asked, odd=odd)


def wait_after(turns: int) -> float:
    """Seconds until the next turn after so many in vain: 1, 1.7, 2.9 … five minutes at most."""
    return float(min(_FIRST_WAIT * _GROWTH ** min(turns, 20), _LONGEST_WAIT))
