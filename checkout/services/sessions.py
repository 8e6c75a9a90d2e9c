"""Checkouts are made and called off here (TeraPay contract 12)."""

from datetime import timedelta
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.access.actors import Actor
from accounts.models import ApiUser, Client, User
from accounts.services import audit
from accounts.services.fields import Fields
from checkout import stages
from checkout.choices import CURRENCIES
from checkout.errors import BadSession, NoWayToPay, SessionOver, TryUnderWay
from checkout.models import Session, State
from checkout.processing import closing
from checkout.services import return_urls, shops
from config.lib.clock import now
from config.lib.ids import new_dated_reference
from config.lib.money import InvalidAmount, check_amount

LONGEST_DESCRIPTION = 200


def create(
    *,
    client: Client,
    is_sandbox: bool,
    amount: Decimal,
    currency: str,
    return_url: str = "",
    description: str = "",
    minutes: int | None = None,
    api_user: ApiUser | None = None,
    created_by: User | None = None,
    actor: Actor | None = None,
) -> Session:
    """Ask a payer for ``amount`` of ``currency`` (SLE, IDR) on a page of ours, for ``minutes`` or as long as is
    usual for the client. Without ``return_url`` it ends on that page. ``actor`` is who made it, for the record.

    Raises `BadSession` and `Invalid` with the field that is wrong; `NoWayToPay`.
    """
    clean_amount = _amount(amount, _currency(currency))
    url = return_urls.check(return_url, is_sandbox=is_sandbox) if return_url else ""
    words = _description(description)
    open_for = shops.shop_of(client).minutes if minutes is None else shops.check_minutes(minutes)
    methods = shops.offered(client, is_sandbox=is_sandbox, currency=currency, amount=clean_amount)
    if not methods:
        raise NoWayToPay
    moment = now()
    session = Session(
        reference=new_dated_reference("CO"),
        client=client,
        is_sandbox=is_sandbox,
        api_user=api_user,
        created_by=created_by,
        amount=clean_amount,
        currency=currency,
        description=words,
        return_url=url,
        methods=methods,
        created_at=moment,
        expires_at=moment + timedelta(minutes=open_for),
    )
    with transaction.atomic():
        session.save(force_insert=True)
        if actor is not None:
            audit.record(actor, "checkout.created", target=session, after=_facts(session))
    return session


def cancel(*, session: Session, actor: Actor) -> Session:
    """Call it off: nothing can be paid on its page any more. Quiet when it is called off already.

    Raises `SessionOver` when it has ended otherwise, `TryUnderWay` while money is on its way.
    """
    with transaction.atomic():
        held = closing.hold(session)
        if held.state == State.CANCELLED:
            return held
        if held.state != State.OPEN:
            raise SessionOver
        if any(stages.is_confirming(attempt) for attempt in stages.open_tries(held)):
            raise TryUnderWay
        closing.close(held, State.CANCELLED)
        audit.record(actor, "checkout.cancelled", target=held, after=_facts(held))
    return held


def _currency(currency: str) -> str:
    if currency not in CURRENCIES:
        raise BadSession("currency", _("Checkouts are in SLE or IDR."))
    return currency


def _amount(amount: Decimal, currency: str) -> Decimal:
    try:
        return check_amount(amount, currency)
    except InvalidAmount:
        raise BadSession("amount", _("This is not an amount that can be paid in this currency.")) from None


def _description(text: str) -> str:
    fields = Fields({"description": text})
    clean = fields.line("description", most=LONGEST_DESCRIPTION)
    fields.check()
    return clean


def _facts(session: Session) -> dict[str, str]:
    return {"amount": str(session.amount), "currency": session.currency, "state": str(session.state)}
