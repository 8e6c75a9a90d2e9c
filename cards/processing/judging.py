"""What follows from a processor's answer: pure, no table and no clock of its own."""

from dataclasses import dataclass
from datetime import datetime

from cards.models import CardAct, CardPayment
from cards.models.states import ActState, Reason, State
from cards.providers.types import Outcome, Word
from config.lib.errors import ProviderError

# "I do not know it" counts when the call has surely ended.
LONG_SECONDS = 60.0
_FIRST_WAIT, _GROWTH, _LONGEST_WAIT = 1.0, 1.7, 300.0

Answer = Word | ProviderError


@dataclass(frozen=True, slots=True)
class Verdict:
    """The state of a payment that follows, and in how many seconds to come back. ``is_open_again``: the challenge waits
    for an answer as before."""

    state: State
    reason: str = ""
    code: str = ""
    message: str = ""
    processor_id: str = ""
    acs_url: str = ""
    pa_req: str = ""
    challenge_until: datetime | None = None
    is_open_again: bool = False
    wait: float = 0.0
    asked: int = 0


@dataclass(frozen=True, slots=True)
class ActVerdict:
    """The same of an act; SENDING: it goes out again, under the same reference."""

    state: ActState
    reason: str = ""
    code: str = ""
    processor_id: str = ""
    wait: float = 0.0
    asked: int = 0


def of_authorizing(payment: CardPayment, answer: Answer) -> Verdict:
    """The processor was asked to authorise ``payment``."""
    if isinstance(answer, ProviderError):
        return _doubt(answer.code) if answer.outcome_unknown else _not_taken(answer)
    return _of_word(payment, answer)


def of_verifying(payment: CardPayment, answer: Answer) -> Verdict:
    """The answer to a challenge was handed over."""
    if isinstance(answer, ProviderError):
        return _doubt(answer.code) if answer.outcome_unknown else Verdict(State.REQUIRES_3DS, is_open_again=True)
    if answer.outcome == Outcome.CHALLENGE:
        return _doubt("a challenge after its answer")
    return _of_word(payment, answer)


def of_asking(payment: CardPayment, answer: Answer, *, age: float) -> Verdict:
    """The processor was asked what became of ``payment``, ``age`` seconds after it had been given something."""
    asked = payment.asked + 1
    if isinstance(answer, ProviderError):
        return _doubt(answer.code, asked)
    if answer.outcome == Outcome.UNKNOWN:
        return _unknown(payment, age, asked)
    if answer.outcome == Outcome.CHALLENGE and payment.challenge_used_at is not None:
        # The answer never came there, when it could no longer be on its way.
        return Verdict(State.REQUIRES_3DS, is_open_again=True) if age > LONG_SECONDS else _doubt("", asked)
    return _of_word(payment, answer, asked)


def _unknown(payment: CardPayment, age: float, asked: int) -> Verdict:
    if payment.processor_id:
        # It had it once. One that forgets references may charge twice: a person ends this, or it remembers.
        return _doubt("taken, and not known any more", asked)
    if age > LONG_SECONDS:
        # Never sent again: the security code is gone with the request that had it.
        return Verdict(State.DECLINED, reason=Reason.NEVER_ARRIVED)
    return _doubt("not known to the processor", asked)


def _of_word(payment: CardPayment, word: Word, asked: int = 0) -> Verdict:
    if (word.amount, word.currency) != (payment.amount, payment.currency):
        return _doubt("another amount or currency", asked)
    if word.outcome == Outcome.DECLINED:
        reason = word.reason if word.reason in Reason.values else Reason.DECLINED
        return Verdict(State.DECLINED, reason or Reason.DECLINED, word.code, word.message, word.processor_id)
    if word.outcome == Outcome.APPROVED:
        return Verdict(State.AUTHORIZED, code=word.code, message=word.message, processor_id=word.processor_id)
    if word.outcome != Outcome.CHALLENGE:
        return _doubt(f"{word.outcome} of a payment", asked)
    return Verdict(
        State.REQUIRES_3DS,
        processor_id=word.processor_id,
        acs_url=word.acs_url,
        pa_req=word.pa_req,
        challenge_until=word.challenge_until,
    )


def _not_taken(error: ProviderError) -> Verdict:
    reason = Reason.NEVER_ARRIVED if error.code == "unreachable" else Reason.PROCESSING
    return Verdict(State.DECLINED, reason, error.code)


def _doubt(message: str, asked: int = 0) -> Verdict:
    return Verdict(State.IN_DOUBT, message=message, wait=wait_after(asked), asked=asked)


def of_acting(act: CardAct, answer: Answer, *, was_sent: bool) -> ActVerdict:
    """The processor was told to do ``act``. ``was_sent``: not for the first time, so only its own word ends it."""
    if isinstance(answer, ProviderError):
        if answer.outcome_unknown or was_sent:
            return _act_doubt(answer.code, act.asked if was_sent else 0)
        reason = Reason.NEVER_ARRIVED if answer.code == "unreachable" else Reason.PROCESSING
        return ActVerdict(ActState.FAILED, reason, answer.code)
    return _of_act_word(act, answer, 0)


def of_asking_act(act: CardAct, answer: Answer, *, age: float) -> ActVerdict:
    """The processor was asked what became of ``act``, ``age`` seconds after it had been told to do it."""
    asked = act.asked + 1
    if isinstance(answer, ProviderError):
        return _act_doubt(answer.code, asked)
    if answer.outcome == Outcome.UNKNOWN:
        is_over = age > LONG_SECONDS
        return ActVerdict(ActState.SENDING, asked=asked) if is_over else _act_doubt("", asked)
    return _of_act_word(act, answer, asked)


def _of_act_word(act: CardAct, word: Word, asked: int) -> ActVerdict:
    if (word.amount, word.currency) != (act.amount, act.payment.currency):
        return _act_doubt("amount", asked)
    if word.outcome == Outcome.DONE:
        return ActVerdict(ActState.DONE, code=word.code, processor_id=word.processor_id)
    if word.outcome == Outcome.REFUSED:
        reason = word.reason if word.reason in Reason.values else Reason.DECLINED
        return ActVerdict(ActState.FAILED, reason or Reason.DECLINED, word.code, word.processor_id)
    return _act_doubt(str(word.outcome), asked)


def _act_doubt(code: str, asked: int) -> ActVerdict:
    return ActVerdict(ActState.IN_DOUBT, code=code, wait=wait_after(asked), asked=asked)


def wait_after(turns: int) -> float:
    """Seconds until the next question after so many in vain: 1, 1.7, 2.9 … five minutes at most."""
    return float(min(_FIRST_WAIT * _GROWTH ** min(turns, 20), _LONGEST_WAIT))
