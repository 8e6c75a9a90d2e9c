"""The customers' bearer token: a JWT of 60 minutes that dies with the password (TeraPay contract 13)."""

import hashlib
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import jwt
from django.conf import settings

from accounts.models import Customer, User
from config.lib.clock import now

LIFETIME = timedelta(minutes=60)
_ALGORITHM, _AUDIENCE = "HS256", "gerbang:customer"
_REQUIRED = ["sub", "exp", "iat", "aud", "ver"]


def issue(customer: Customer) -> str:
    """A token for ``customer``; it names the state of the password it was given for."""
    begun = now()
    claims = {
        "sub": str(customer.public_id),
        "iat": begun,
        "exp": begun + LIFETIME,
        "aud": _AUDIENCE,
        "ver": customer.user.credentials_version,
    }
    return jwt.encode(claims, _key(settings.SECRET_KEY), _ALGORITHM)


def customer_of(token: str) -> Customer | None:
    """Whose token this is, or None: forged, expired, or older than the password. One query."""
    claims = _claims(token)
    number = _uuid(claims.get("sub"))
    found = Customer.objects.select_related("user").filter(public_id=number).first() if number else None
    if found is None or not found.user.is_active or found.user.credentials_version != claims.get("ver"):
        return None
    return found


def _claims(token: str) -> dict[str, Any]:
    """What a token says that one of our keys signed; nothing for any other."""
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        with suppress(jwt.InvalidTokenError):
            claims: dict[str, Any] = jwt.decode(
                token, _key(secret), [_ALGORITHM], audience=_AUDIENCE, options={"require": _REQUIRED}
            )
            return claims
    return {}


def _uuid(text: object) -> UUID | None:
    with suppress(ValueError):
        return UUID(str(text))
    return None


def _key(secret: str) -> bytes:
    # A key of its own, so that no other signature of ours can be taken for a token.
    return hashlib.sha256(b"customer-token:" + secret.encode()).digest()


def count_password_change(user: User) -> None:
    """Let every older token die. The caller saves ``user``."""
    user.credentials_version += 1
