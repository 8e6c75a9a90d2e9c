"""Two of our people close what a processor never answered, after it had its chance: one proposes, another one confirms.
Nothing changes before.

Locks are taken as the workers take them: the payment first, then what is done with it.
"""

from django.db import transaction

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.models import User
from accounts.services import audit
from cards.errors import ClosingMoved, NotInDoubt, SamePerson
from cards.models import CardAct, CardPayment, Closing
from cards.models.states import ActState, Reason, State
from cards.processing import claiming, moving
from cards.processing.judging import ActVerdict, Verdict
from cards.selectors.search import Doubt, doubts_of
from config.lib.clock import now

PROPOSE, CONFIRM = "Cards.Propose", "Cards.Settle"


@transaction.atomic
def propose(
    *, actor: Actor, payment: CardPayment, act: CardAct | None, is_done: bool, evidence: str, reason: str
) -> Closing:
    """Say how the doubt about ``payment``, or about ``act`` on it, is to end: it was authorised (done), or never.

    ``evidence`` is what the processor says in writing, ``reason`` what was looked at; both go on record. Raises
    `NotInDoubt` before twelve hours, `ClosingMoved` when a proposal stands already.
    """
    policy.require(actor, PROPOSE)
    held = moving.hold(payment.pk)
    doubt = _doubt_about(held, act)
    _overtake(held, doubt)
    if Closing.objects.filter(payment=held, act=doubt.act, state=Closing.State.PROPOSED).exists():
        raise ClosingMoved
    closing = Closing.objects.create(
        payment=held,
        act=doubt.act,
        since=doubt.since,
        is_done=is_done,
        evidence=evidence[:200],
        reason=reason[:300],
        proposed_by=_person(actor),
    )
    _record(actor, "closing_proposed", held, closing)
    return closing


@transaction.atomic
def confirm(*, actor: Actor, closing: Closing) -> Closing:
    """Do what ``closing`` says, and nothing else; the money follows. Asked again by the same person it stands as it is.

    Raises `SamePerson`, `ClosingMoved` when it was taken back, `NotInDoubt` when the processor has answered meanwhile,
    and what the ledger refuses.
    """
    policy.require(actor, CONFIRM)
    held, standing, person = moving.hold(closing.payment_id), _locked(closing), _person(actor)
    if standing.state == Closing.State.CONFIRMED and standing.decided_by_id == person.pk:
        return standing
    if standing.state != Closing.State.PROPOSED:
        raise ClosingMoved
    if standing.proposed_by_id == person.pk:
        raise SamePerson
    if _doubt_about(held, standing.act).since != standing.since:
        raise ClosingMoved
    _carry_out(held, standing)
    _decide(standing, Closing.State.CONFIRMED, person)
    _record(actor, "settled", held, standing)
    return standing


@transaction.atomic
def withdraw(*, actor: Actor, closing: Closing, note: str = "") -> Closing:
    """Take a proposal back: whoever made it, or who would have to confirm it. Quiet when it is taken back already.

    Raises `ClosingMoved`.
    """
    held, standing, person = moving.hold(closing.payment_id), _locked(closing), _person(actor)
    policy.require(actor, PROPOSE if standing.proposed_by_id == person.pk else CONFIRM)
    if standing.state == Closing.State.WITHDRAWN:
        return standing
    if standing.state != Closing.State.PROPOSED:
        raise ClosingMoved
    _decide(standing, Closing.State.WITHDRAWN, person)
    _record(actor, "closing_withdrawn", held, standing, note=note.strip()[:300])
    return standing


def _doubt_about(held: CardPayment, act: CardAct | None) -> Doubt:
    """What is in doubt now, long enough. Raises `NotInDoubt`."""
    wanted = act.pk if act else None
    for doubt in doubts_of(held):
        if (doubt.act.pk if doubt.act else None) == wanted and doubt.is_due:
            return doubt
    raise NotInDoubt


def _overtake(held: CardPayment, doubt: Doubt) -> None:
    """Proposals about an earlier doubt, which has ended by itself, stand in nobody's way."""
    old = Closing.objects.filter(payment=held, act=doubt.act, state=Closing.State.PROPOSED).exclude(since=doubt.since)
    old.update(state=Closing.State.OVERTAKEN, decided_at=now())


def _carry_out(held: CardPayment, closing: Closing) -> None:
    """As if the processor had said so. Raises `NotInDoubt` when somebody is asking it at this very moment."""
    reason = "" if closing.is_done else Reason.SETTLED_BY_STAFF
    if closing.act_id is not None:
        act = claiming.take_act(closing.act_id)
        if act is None:
            raise NotInDoubt
        moving.settle_act(act, ActVerdict(ActState.DONE if closing.is_done else ActState.FAILED, reason))
        return
    payment = claiming.take_payment(held.pk)
    if payment is None:
        raise NotInDoubt
    state = State.AUTHORIZED if closing.is_done else State.DECLINED
    moving.settle(payment, Verdict(state, reason, message=closing.evidence))


def _locked(closing: Closing) -> Closing:
    rows = Closing.objects.select_related("act", "payment").select_for_update(of=("self",), no_key=True)
    return rows.get(pk=closing.pk)


def _decide(closing: Closing, state: Closing.State, person: User) -> None:
    closing.state, closing.decided_by, closing.decided_at = state, person, now()
    closing.save(update_fields=["state", "decided_by", "decided_at"])


def _person(actor: Actor) -> User:
    """Programs and commands are nobody who could be one of two."""
    if actor.user is None:
        raise SamePerson
    return actor.user


def _record(actor: Actor, what: str, held: CardPayment, closing: Closing, **more: str) -> None:
    facts = {
        "reference": closing.reference,
        "done": closing.is_done,
        "evidence": closing.evidence,
        "reason": closing.reason,
        "proposed_by": closing.proposed_by.email,
        **{name: value for name, value in more.items() if value},
    }
    audit.record(actor, f"card_payment.{what}", target=held, client=held.client, after=facts)
