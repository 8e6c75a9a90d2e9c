"""Guessing passwords is slow, and nobody can lock the owner of an account out by guessing.

Every attempt is counted before it is looked at, so many at once gain nothing; a good one is given back. Strangers are
counted per account and address, per address, and per account over all addresses. A device that has signed in to the
account before (it holds a signed cookie) has a counter of its own and is not touched by what strangers do.
Without Redis nobody signs in: a limit that cannot count must not let through.
"""

import hashlib
import hmac
import secrets
import unicodedata

from django.conf import settings
from django.core import signing
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError

from accounts.errors import SignInUnavailable
from config.lib.addresses import network_of
from config.lib.errors import TooMany
from config.lib.limits import TokenWindow, forget, give_back, take_from_all

_QUARTER, _HOUR, _MONTH = 15 * 60, 3600, 30 * 24 * 3600
# Five wrong passwords in a quarter of an hour (TeraPay contract 2), from one address or one known device.
_PER_PAIR, _PER_DEVICE = 5, 5
# Over all addresses: what is left of a guessing crowd. After a hundred in a row only known devices are heard.
_PER_ACCOUNT, _IN_A_ROW = 10, 100
_MESSAGE = _("Too many failed attempts. Wait a quarter of an hour, or choose a new password by mail.")
_SALT = "accounts.device"
_ACCOUNTS_PER_DEVICE = 5


def check(*, email: str, address: str | None, device: str = "", step: str = "password") -> None:
    """Count one attempt to sign in to ``email``, before the password is looked at.

    ``address`` comes from `config.lib.addresses`, ``device`` is the device cookie. Raises `TooMany`, or
    `SignInUnavailable` when nothing can be counted. Afterwards call `failed` or `succeeded` with the same arguments.
    ``step`` is what is tried, "password" or "code": each has counters of its own.
    """
    try:
        wait, _full = take_from_all(_windows(email, address, device, step))
    except (RedisError, OSError) as error:
        raise SignInUnavailable from error
    if wait:
        raise TooMany(_MESSAGE, retry_after=wait, code="locked")


def failed(*, email: str, address: str | None, device: str = "", step: str = "password") -> None:
    """The password was wrong: the attempt stays counted."""


def succeeded(*, email: str, address: str | None, device: str = "", step: str = "password") -> None:
    """The password (and the second factor) was right: the attempt does not count, and a row of failures is over."""
    windows = _windows(email, address, device, step)
    try:
        give_back(windows)
        forget([window for window in windows if window.seconds == _MONTH])
    except (RedisError, OSError) as error:
        raise SignInUnavailable from error


def forgive(*, email: str) -> None:
    """Somebody has proved to own the mailbox: what strangers did to the account is forgotten."""
    forget([window for step in ("password", "code") for window in _of_account(email, step)])


def may_be_noted(*, email: str, address: str | None) -> bool:
    """Is a failure worth a line in the record? One a minute per account, ten a minute per address."""
    wait, _full = take_from_all(
        [
            TokenWindow(f"login:note:account:{_digest('account', email)}", limit=1, seconds=60),
            TokenWindow(f"login:note:address:{network_of(address)}", limit=10, seconds=60),
        ]
    )
    return not wait


def remember(device: str, *, email: str) -> str:
    """The cookie of a device that has just signed in to ``email``; ``device`` is the one it had."""
    number, accounts = _read(device)
    mine = _digest("device", email, number)
    return signing.dumps([number, [mine, *(one for one in accounts if one != mine)][:_ACCOUNTS_PER_DEVICE]], salt=_SALT)


def knows(device: str, *, email: str) -> bool:
    """Has this device signed in to ``email`` before?"""
    number, accounts = _read(device)
    return any(hmac.compare_digest(_digest("device", email, number), one) for one in accounts)


def _read(device: str) -> tuple[str, list[str]]:
    try:
        number, accounts = signing.loads(device, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return secrets.token_hex(8), []
    return number, accounts


def _windows(email: str, address: str | None, device: str, step: str) -> list[TokenWindow]:
    if device and knows(device, email=email):
        mine = _digest("device", email, _read(device)[0])
        return [
            TokenWindow(f"login:{step}:device:{mine}", limit=_PER_DEVICE, seconds=_QUARTER),
            TokenWindow(f"login:{step}:device-row:{mine}", limit=_IN_A_ROW, seconds=_MONTH),
        ]
    network = network_of(address)
    return [
        TokenWindow(f"login:{step}:pair:{_digest('pair', email, network)}", limit=_PER_PAIR, seconds=_QUARTER),
        TokenWindow(f"login:{step}:address:{network}", limit=settings.LOGIN_FAILURES_PER_ADDRESS, seconds=_QUARTER),
        *_of_account(email, step),
    ]


def _of_account(email: str, step: str) -> list[TokenWindow]:
    account = _digest("account", email)
    return [
        TokenWindow(f"login:{step}:account:{account}", limit=_PER_ACCOUNT, seconds=_HOUR),
        TokenWindow(f"login:{step}:row:{account}", limit=_IN_A_ROW, seconds=_MONTH),
    ]


def _digest(*parts: str) -> str:
    """Redis learns no address of anybody. However an e-mail address is spelled, it is one account."""
    text = "\n".join(unicodedata.normalize("NFKC", part.strip()).casefold() for part in parts)
    return hmac.new(settings.SECRET_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()[:32]
