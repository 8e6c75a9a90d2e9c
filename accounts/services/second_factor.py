"""The second proof of who somebody is: a code of an app, a recovery code, a passkey. Each code counts once."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.access.actors import Actor
from accounts.models import User


@dataclass(frozen=True)
class Passkey:
    id: int
    name: str
    added_at: datetime
    used_at: datetime | None
    signs_in_alone: bool


@dataclass(frozen=True)
class Proofs:
    """What a person can prove themselves with besides the password."""

    app_since: datetime | None = None
    passkeys: list[Passkey] = field(default_factory=list)
    recovery_codes_left: int | None = None

    @property
    def is_on(self) -> bool:
        return self.app_since is not None or bool(self.passkeys)


def proofs_of(user: User) -> Proofs:
    """One query."""
    from allauth.mfa.models import Authenticator

    since, passkeys, left = None, [], None
    for row in Authenticator.objects.filter(user_id=user.pk).order_by("pk"):
        if row.type == Authenticator.Type.TOTP:
            since = row.created_at
        elif row.type == Authenticator.Type.RECOVERY_CODES:
            left = len(row.wrap().get_unused_codes())
        else:
            key = row.wrap()
            passkeys.append(Passkey(row.pk, key.name, row.created_at, row.last_used_at, bool(key.is_passwordless)))
    return Proofs(since, passkeys, left)


def has_any(user: User) -> bool:
    """Does ``user`` sign in with a second factor? Recovery codes alone are none."""
    from allauth.mfa.models import Authenticator

    proofs = Authenticator.objects.filter(user_id=user.pk).exclude(type=Authenticator.Type.RECOVERY_CODES)
    return bool(proofs.exists())


def is_required(actor: Actor) -> bool:
    """Does a role of ``actor`` demand one (setting ``MFA_REQUIRED_ROLES``)?"""
    return not actor.roles.isdisjoint(settings.MFA_REQUIRED_ROLES)


@transaction.atomic
def use_code(user: User, code: str) -> Any | None:
    """Use up ``code``; returns the authenticator it belongs to, or None. Of two that come at once one is good.

    An app's code is good for half a minute around its time, and never again once it or a later one was used.
    """
    from allauth.mfa.models import Authenticator

    rows = Authenticator.objects.select_for_update().filter(user_id=user.pk).order_by("type", "pk")
    for row in rows.exclude(type=Authenticator.Type.WEBAUTHN):
        good = _use_app_code(row, code) if row.type == Authenticator.Type.TOTP else row.wrap().validate_code(code)
        if good:
            return row
    return None


def _use_app_code(row: Any, code: str) -> bool:
    from allauth.core.internal.cryptokit import compare_user_code
    from allauth.mfa.totp.internal import auth
    from allauth.mfa.utils import decrypt

    secret, last = decrypt(row.data["secret"]), row.data.get("last_counter", 0)
    for counter in auth.yield_hotp_counters_from_time():
        expected = auth.format_hotp_value(auth.hotp_value(secret, counter))
        if counter > last and compare_user_code(actual=code, expected=expected):
            row.data["last_counter"] = counter
            row.save(update_fields=["data"])
            return True
    return False
