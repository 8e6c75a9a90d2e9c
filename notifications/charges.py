"""What messages of clients cost, and where that money goes in the ledger. Amounts are leones."""

from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Client, User
from config.lib.money import format_money
from notifications.errors import NotEnoughForSms
from notifications.models import Sms
from wallets.errors import AccountFrozen, InsufficientFunds
from wallets.services import Purse, pay_from_client, post_legs

CURRENCY = "SLE"
# Money for a message that was never sent, of a client whose balance takes nothing any more.
_SUSPENSE = "suspense:sms"


def revenue(is_sandbox: bool) -> str:
    """Where it stands; play money has books of its own."""
    return "revenue:sms-test" if is_sandbox else "revenue:sms"


def price_of(segments: int) -> Decimal:
    """What a message of so many parts costs a client."""
    return Decimal(settings.SMS_PRICE_PER_SEGMENT) * segments


def charge(
    *, client: Client, is_sandbox: bool, amount: Decimal, request_id: UUID, count: int, caused_by: User | None
) -> None:
    """Take ``amount`` for the ``count`` messages of one request from the client's balance, in the caller's transaction.

    Raises `NotEnoughForSms`; `AccountFrozen` when the balance is closed.
    """
    if not amount:
        return
    try:
        pay_from_client(
            purse=Purse(client, CURRENCY, is_sandbox),
            target=revenue(is_sandbox),
            amount=amount,
            kind="sms",
            reference=f"sms:{request_id}",
            subject=f"sms:{request_id}",
            memo=_("%(count)s SMS") % {"count": count},
            caused_by=caused_by,
        )
    except InsufficientFunds as error:
        raise NotEnoughForSms(
            _("These messages cost %(cost)s, the balance is %(balance)s.")
            % {"cost": format_money(amount, CURRENCY), "balance": format_money(error.available, CURRENCY)}
        ) from error


def give_back(message: Sms) -> None:
    """Return what a message cost that was never sent, in the caller's transaction, once."""
    if message.client is None or not message.cost:
        return
    purse = Purse(message.client, CURRENCY, message.is_sandbox)
    try:
        # The ledger's refusal must not spoil the caller's transaction.
        with transaction.atomic():
            _return(message, purse)
    except AccountFrozen:
        _return(message, _SUSPENSE)


def _return(message: Sms, target: Purse | str) -> None:
    post_legs(
        legs=[(revenue(message.is_sandbox), -message.cost), (target, message.cost)],
        currency=CURRENCY,
        kind="sms_refund",
        reference=f"sms-back:{message.public_id}",
        subject=f"sms:{message.request_id}",
        memo=_("SMS that was not sent"),
    )
