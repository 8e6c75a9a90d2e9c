"""The customers' bearer token: a JWT of 60 minutes that dies with the password (TeraPay contract 13)."""

import hashlib
from datetime import timedelta
from typing import Any

import jwt
from django.conf import settings

from accounts.models import Customer, User
from config.lib.clock import now

LIFETIME = timedelta(minutes=60)
_ALGORITHM, _AUDIENCE = "HS256", "gerbang:customer"


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
    return jwt.encode(claims, _key(), _ALGORITHM)


def customer_of(token: str) -> Customer | None:
    """Whose token this is, or None: forged, expired, or older than the password."""
    claims = _claims(token)
    found = claims and Customer.objects.select_related("user").filter(public_id=claims["sub"]).first()
    if not claims or not found or not found.user.is_active or found.user.credentials_version != claims["ver"]:
        return None
    return found


def _claims(token: str) -> dict[str, Any] | None:
    try:
        claims: dict[str, Any] = jwt.decode(
            token, _key(), [_ALGORITHM], audience=_AUDIENCE, options={"require": ["sub", "exp", "iat", "aud", "ver"]}
        )
    except jwt.InvalidTokenError:
        return None
    return claims


def _key() -> bytes:
    # A key of its own, so that no other signature of ours can be taken for a token.
    return hashlib.sha256(b"customer-token:" + settings.SECRET_KEY.encode()).digest()


def count_password_change(user: User) -> None:
    """Let every older token die. The caller saves ``user``."""
    user.credentials_version += 1
