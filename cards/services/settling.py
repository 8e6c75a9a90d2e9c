"""Our people close what a processor never answered, after it had its chance."""

from django.db import transaction

from accounts.access.actors import Actor
from accounts.services import audit
from cards.errors import NotInDoubt
from cards.models import CardAct, CardPayment
from cards.models.states import ActState, Reason, State
from cards.processing import claiming, moving
from cards.processing.judging import ActVerdict, Verdict
from cards.selectors.search import PATIENCE
from config.lib.clock import now


@transaction.atomic
def settle_payment(*, actor: Actor, payment: CardPayment, is_authorized: bool, evidence: str, reason: str) -> None:
    """End the doubt about an authorisation: it holds, or it never did. No money moves by it.

    ``evidence`` is what the processor says in writing, ``reason`` what was looked at; both go on record. Raises
    `NotInDoubt` before twelve hours.
    """
    held = claiming.take_payment(payment.pk)
    if held is None or held.in_doubt_since is None or held.in_doubt_since > now() - PATIENCE:
        raise NotInDoubt
    state = State.AUTHORIZED if is_authorized else State.DECLINED
    moving.settle(held, Verdict(state, "" if is_authorized else Reason.SETTLED_BY_STAFF, message=evidence[:200]))
    facts = {"reference": held.reference, "authorized": is_authorized, "evidence": evidence, "reason": reason}
    audit.record(actor, "card_payment.settled", target=held, client=held.client, after=facts)


@transaction.atomic
def settle_act(*, actor: Actor, act: CardAct, is_done: bool, evidence: str, reason: str) -> None:
    """The same for a capture, a release or a refund: done, with the money that follows, or not."""
    held = claiming.take_act(act.pk)
    if held is None or held.in_doubt_since is None or held.in_doubt_since > now() - PATIENCE:
        raise NotInDoubt
    state = ActState.DONE if is_done else ActState.FAILED
    moving.settle_act(held, ActVerdict(state, "" if is_done else Reason.SETTLED_BY_STAFF))
    facts = {"reference": held.reference, "done": is_done, "evidence": evidence, "reason": reason}
    audit.record(actor, "card_payment.settled", target=held.payment, client=held.payment.client, after=facts)
