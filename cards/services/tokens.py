"""A card is kept behind a token (TeraPay contract 11)."""

import secrets
from datetime import timedelta

from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from accounts.models import ApiUser, Client
from cards import numbers, vault
from cards.errors import BadCard, CardsClosed
from cards.models import Card
from cards.processing import keeping
from config.lib.clock import now
from config.lib.errors import Text

_YEARS = range(2021, 2101)
_CODE_LENGTHS = (3, 4)


@sensitive_variables()
def tokenize(
    *,
    client: Client,
    is_sandbox: bool,
    number: str,
    expiry_month: int,
    expiry_year: int,
    code: str,
    api_user: ApiUser | None = None,
    keep_for: timedelta | None = None,
) -> Card:
    """Keep a card behind a reusable token of ``client`` in its world, live or sandbox.

    ``number`` may hold spaces and hyphens; it must end in the right digit. ``code`` is only looked at: nothing of it is
    kept. Raises `BadCard`, whose ``fields`` (card_number, expiry_month, expiry_year, cvv) say what is wrong and never
    repeat it; `CardsClosed` when there are no keys to keep cards under. ``keep_for``: of a card for one payment; its
    number is given up then at the latest, even if the process dies.
    """
    digits = numbers.bare(number)
    _check(digits, expiry_month, expiry_year, code)
    if not vault.is_open():
        raise CardsClosed
    token = f"tok_{secrets.token_hex(16)}"
    return Card.objects.create(
        client=client,
        is_sandbox=is_sandbox,
        token=token,
        brand=numbers.brand_of(digits),
        first6=digits[:6],
        last4=digits[-4:],
        expiry_month=expiry_month,
        expiry_year=expiry_year,
        fingerprint=vault.fingerprint(digits),
        sealed_number=vault.seal(token, digits),
        key_id=vault.newest_key_id(),
        keep_until=now() + keep_for if keep_for else None,
        api_user=api_user,
    )


@sensitive_variables()
def _check(digits: str, month: int, year: int, code: str) -> None:
    wrong: dict[str, list[Text]] = {}
    if not numbers.is_number(digits):
        wrong["card_number"] = [_("This is no card number. Check the digits.")]
    if not 1 <= month <= 12:
        wrong["expiry_month"] = [_("The month goes from 1 to 12.")]
    if year not in _YEARS:
        wrong["expiry_year"] = [_("Write the year with four digits.")]
    if not wrong and (year, month) < (now().year, now().month):
        wrong["expiry_month"] = [_("The card has expired.")]
    if len(code) not in _CODE_LENGTHS or not (code.isascii() and code.isdecimal()):
        wrong["cvv"] = [_("The security code has three or four digits.")]
    if wrong:
        raise BadCard(_("Check the details of the card."), fields=wrong)


def token_of(*, client: Client, is_sandbox: bool, token: str) -> Card | None:
    """The card behind ``token``, if it is one of ``client`` in this world."""
    return Card.objects.filter(client=client, is_sandbox=is_sandbox, token=token, removed_at=None).first()


def forget(*, card: Card) -> None:
    """Give the number of ``card`` up, in the caller's transaction: nothing can be charged with it any more. What was
    paid with it stays, and is captured and given back as before."""
    keeping.forget([card.pk])
