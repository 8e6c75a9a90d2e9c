"""Transfers to one receiver: asked for, let go by a code, called off (TeraPay contract 8)."""

from decimal import Decimal

from accounts.access.actors import Actor
from payouts.models import Payout


def initiate(
    *,
    actor: Actor,
    amount: Decimal,
    account_number: str = "",
    phone: str = "",
    narration: str = "",
    receiver_name: str = "",
) -> Payout:
    """Ask for a transfer of ``amount`` SLE to an account or a phone number; its code is sent.

    Raises `BadDestination`, `BadField`, `NoRail`; `PayoutBlocked` with ``.payout``, which is kept as rejected.
    """
    raise NotImplementedError


def authorise(*, actor: Actor, payout: Payout, code: str) -> Payout:
    """Let ``payout`` go with its code. Raises `WrongCode`, `CodeExpired`, `NotPending`, `NotEnoughMoney`."""
    raise NotImplementedError


def resend(*, actor: Actor, payout: Payout) -> Payout:
    """Send a new code; the old one is worth nothing then. Raises `NotPending`, `TooSoon`, `NoResendsLeft`."""
    raise NotImplementedError


def cancel(*, actor: Actor, payout: Payout) -> Payout:
    """Call it off, as long as nothing was sent. Raises `NotPending`."""
    raise NotImplementedError
