"""What lifts limits and what blocks services: fresh starts, strikes forgiven, the list of blocked words."""

from django.db import IntegrityError, transaction

from accounts.access.actors import Actor
from accounts.models import Customer
from accounts.services import audit
from config.lib import clock
from otp import limits
from otp.errors import AlreadyBlocked, NoFreshStart
from otp.models import BlockedService, Pardon


@transaction.atomic
def start_afresh(*, actor: Actor, customer: Customer) -> Pardon:
    """End a pause by oneself, a few times a month: cancellations count anew. Raises `NoFreshStart`."""
    # The customer's row lines up double clicks.
    Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
    if not limits.usage(customer).is_paused or not limits.restarts_left(customer):
        raise NoFreshStart
    pardon = Pardon.objects.create(customer=customer, created_at=clock.now())
    audit.record(actor, "customer.started_afresh", target=customer)
    return pardon


@transaction.atomic
def pardon(*, actor: Actor, customer: Customer, why: str) -> Pardon:
    """Let cancellations and strikes of ``customer`` count anew, with a reason."""
    given = Pardon.objects.create(
        customer=customer, clears_strikes=True, why=why[:200], given_by=actor.user, created_at=clock.now()
    )
    audit.record(actor, "customer.pardoned", target=customer, after={"reason": given.why})
    return given


def block(*, actor: Actor, words: str, why: str, at_order: bool, on_arrival: bool) -> BlockedService:
    """Refuse what bears ``words`` from now on. Raises `AlreadyBlocked`."""
    try:
        with transaction.atomic():
            row = BlockedService.objects.create(
                words=words, why=why, at_order=at_order, on_arrival=on_arrival, created_by=actor.user
            )
            audit.record(actor, "blocked_service.added", target=row, after=_facts(row))
    except IntegrityError as error:
        raise AlreadyBlocked from error
    return row


@transaction.atomic
def change_block(*, actor: Actor, row: BlockedService, why: str, at_order: bool, on_arrival: bool) -> None:
    """Change when ``row`` holds, and why; its words stay."""
    row = BlockedService.objects.select_for_update().get(pk=row.pk)
    before = _facts(row)
    row.why, row.at_order, row.on_arrival = why, at_order, on_arrival
    row.save(update_fields=["why", "at_order", "on_arrival"])
    if _facts(row) != before:
        audit.record(actor, "blocked_service.changed", target=row, before=before, after=_facts(row))


@transaction.atomic
def unblock(*, actor: Actor, row: BlockedService) -> None:
    """Take ``row`` off the list."""
    audit.record(actor, "blocked_service.removed", target=row, before=_facts(row))
    row.delete()


def _facts(row: BlockedService) -> dict[str, object]:
    return {"words": row.words, "why": row.why, "at_order": row.at_order, "on_arrival": row.on_arrival}
