"""Our people close what a rail never answered, after it had its chance."""

from django.db import transaction

from accounts.access.actors import Actor
from accounts.services import audit
from payouts import sending
from payouts.models import Payout


@transaction.atomic
def settle(*, actor: Actor, payout: Payout, is_paid: bool, evidence: str, reason: str) -> None:
    """End a payout that a rail leaves in doubt for twelve hours, or without an end for three days: paid (the money goes
    to the rail's account), or failed (amount and fee go back to the client).

    ``evidence`` is what the bank or operator says in writing, ``reason`` what was looked at; both go on record.
    Raises `NotInDoubt`.
    """
    sending.settle(payout.pk, is_paid=is_paid, message=evidence[:200], caused_by=actor.user)
    after = {"reference": payout.reference, "paid": is_paid, "evidence": evidence, "reason": reason}
    audit.record(actor, "payout.settled", target=payout, client=payout.client, after=after)
