"""Finding the person to send to. Sending tells whether somebody is there; nobody may find out by the hundred."""

from uuid import UUID

from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError

from accounts.access.actors import Actor
from accounts.errors import Unmeasured
from accounts.models import Customer
from config.lib.errors import TooMany
from config.lib.limits import TokenWindow, take_from_all
from wallets import selectors
from wallets.errors import ToYourself, UnknownRecipient

# Look-ups in an hour by one person, and from one network address.
PER_PERSON, PER_ADDRESS = 30, 90
_HOUR = 3600.0


def find_recipient(*, actor: Actor, sender: Customer, name: str) -> Customer:
    """Who is meant by ``name``, a confirmed e-mail address or a customer id as the recipient's own page shows it.

    Raises `UnknownRecipient`, `ToYourself`, `TooMany`, and `Unmeasured` when look-ups cannot be counted.
    """
    _count(sender, actor.origin.address)
    if "@" in name:
        found = selectors.recipient(sender, email=name)
    else:
        found = selectors.recipient(sender, public_id=_id_in(name))
    if found.pk == sender.pk:
        raise ToYourself
    return found


def _id_in(name: str) -> UUID:
    try:
        return UUID(name.strip())
    except ValueError as error:
        raise UnknownRecipient from error


def _count(sender: Customer, address: str | None) -> None:
    windows = [
        TokenWindow(f"wallets:recipient:{sender.pk}", limit=PER_PERSON, seconds=_HOUR),
        TokenWindow(f"wallets:recipient:{address}", limit=PER_ADDRESS, seconds=_HOUR),
    ]
    try:
        wait, _full = take_from_all(windows)
    except (RedisError, OSError) as error:
        raise Unmeasured from error
    if wait:
        words = _("You have looked for many people in a short time. Please go on in an hour.")
        raise TooMany(words, retry_after=wait, code="too_many_recipients")
