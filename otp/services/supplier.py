"""What staff do about our account at the supplier. Whole rupiah. Calls are made outside any transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from accounts.access.actors import Actor
from accounts.services import audit
from config.lib.errors import ProviderError
from config.lib.ids import new_reference
from config.lib.jobs import nudge
from otp import floats, tasks
from otp.errors import DuplicateWithOtherContent, NoNotesYet, ServiceError, SupplierAway, SupplierRefused
from otp.models import SupplierTopup
from otp.providers.otpzap import adapter as otpzap
from otp.providers.otpzap.notes import EVENTS, EVERYTHING
from otp.providers.types import Hook

__all__ = ["EVENTS", "EVERYTHING", "Setup", "change_hook", "check_topup", "create_topup", "read_balances", "setup_of"]


def create_topup(*, actor: Actor, amount: Decimal, key_name: str, request_id: UUID) -> SupplierTopup:
    """Ask the supplier for an invoice over ``amount`` for the account of a key; paying it is a person's business.

    ``request_id`` tells a form sent twice. Raises `SupplierRefused`; without an answer the deposit stays "being asked
    for", and looking at it asks once more, which makes no second invoice.
    """
    if actor.user is None:
        raise PermissionError("a person is answerable for a payment of ours")
    with transaction.atomic():
        topup, is_new = SupplierTopup.objects.get_or_create(
            public_id=request_id,
            defaults={
                "reference": new_reference("SUP"),
                "amount": amount,
                "key_name": key_name,
                "created_by": actor.user,
            },
        )
        if (topup.amount, topup.key_name) != (amount, key_name):
            raise DuplicateWithOtherContent
        if is_new:
            after = {"amount": str(amount), "key": key_name}
            audit.record(actor, "supplier_topup.created", target=topup, after=after)
    return _after(topup) if topup.is_open and not topup.provider_order_id else topup


def check_topup(*, topup: SupplierTopup) -> SupplierTopup:
    """Look whether it was paid; changes nothing but what we know. Raises `SupplierRefused`, `SupplierAway`."""
    try:
        found = floats.look_at(topup.pk)
    except ProviderError as error:
        raise _refusal(error) from error
    if found.state == SupplierTopup.State.SUCCESS and topup.state != found.state:
        nudge(tasks.read_floats)
    return found


def _after(topup: SupplierTopup) -> SupplierTopup:
    try:
        return floats.ask_for(topup.pk)
    except ProviderError as error:
        if error.retryable or error.outcome_unknown:
            return topup
        raise _refusal(error) from error


def _refusal(error: ProviderError) -> ServiceError:
    return SupplierAway() if error.retryable or error.outcome_unknown else SupplierRefused(error.code)


def read_balances() -> int:
    """Read the balance of every key now; returns how many answered."""
    return len(floats.read_all())


# --- where the supplier posts its notes --------------------------------------------------------------------------


@dataclass(frozen=True)
class Setup:
    """How notes are set up for the account of a key. ``is_ours``: they come here; ``shown_url`` hides our token."""

    hook: Hook
    is_ours: bool
    shown_url: str


def can_take_notes() -> bool:
    """Whether this installation has an address and a secret for notes."""
    return bool(settings.OTPZAP_WEBHOOK_TOKEN and settings.OTPZAP_WEBHOOK_SECRETS)


def setup_of(key_name: str) -> Setup:
    """Ask the supplier where the notes of a key's account go. Raises `SupplierRefused`, `SupplierAway`."""
    try:
        hook = otpzap.hook(key=key_name)
    except ProviderError as error:
        raise _refusal(error) from error
    return _setup(hook)


def _setup(hook: Hook) -> Setup:
    is_ours = can_take_notes() and hook.url == _our_address()
    return Setup(hook, is_ours, hook.url.replace(settings.OTPZAP_WEBHOOK_TOKEN, "…") if is_ours else hook.url)


def _our_address() -> str:
    return str(settings.BASE_URL) + reverse("otpzap_webhook", args=[settings.OTPZAP_WEBHOOK_TOKEN])


def change_hook(*, actor: Actor, key_name: str, events: Sequence[str], is_active: bool) -> Setup:
    """Have the notes of a key's account come here, signed with the first of our secrets, or pause them.

    Address and secret never pass through a browser. Raises `NoNotesYet` without them, `SupplierRefused`,
    `SupplierAway`.
    """
    if not can_take_notes():
        raise NoNotesYet
    secret = settings.OTPZAP_WEBHOOK_SECRETS[0]
    try:
        hook = otpzap.change_hook(url=_our_address(), events=events, is_active=is_active, secret=secret, key=key_name)
    except ProviderError as error:
        raise _refusal(error) from error
    after = {"key": key_name, "events": ", ".join(events), "active": is_active}
    audit.record(actor, "supplier_hook.changed", after=after)
    return _setup(hook)
