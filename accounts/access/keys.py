"""Bearer keys: ``tp_live_<id>_<secret>`` and ``tp_test_…`` (TeraPay contract 5). Making and reading, no rules."""

import hashlib
import hmac
import ipaddress
import re
import secrets
from dataclasses import dataclass

from accounts.models import ApiKey
from config.lib.clock import now

_FORM = re.compile(r"tp_(live|test)_([a-z0-9]{8})_([A-Za-z0-9]{32,64})")
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Fresh:
    """A key as it is made: ``raw`` is shown once and never stored."""

    public_part: str
    raw: str
    secret_hash: str


def make(*, is_sandbox: bool) -> Fresh:
    public_part = "".join(secrets.choice(_ALPHABET) for _ in range(8))
    secret = secrets.token_hex(20)
    return Fresh(public_part, f"tp_{'test' if is_sandbox else 'live'}_{public_part}_{secret}", _hash(secret))


def looks_like_key(raw: str) -> bool:
    return raw.startswith("tp_")


def authenticate(raw: str, *, address: str | None) -> ApiKey | None:
    """The key that ``raw`` is, or None: unknown, revoked, expired, or used from an address it is not allowed at."""
    match = _FORM.fullmatch(raw)
    if match is None:
        return None
    mode, public_part, secret = match.groups()
    key = (
        ApiKey.objects.select_related("api_user__client", "api_user__role", "user__portal__client")
        .filter(public_part=public_part, is_sandbox=mode == "test")
        .first()
    )
    # An unknown id costs a comparison too.
    fits = hmac.compare_digest(_hash(secret), key.secret_hash if key else _hash(""))
    return key if key and fits and _usable(key, address) else None


def _usable(key: ApiKey, address: str | None) -> bool:
    if key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now()):
        return False
    if key.api_user is not None and not key.api_user.is_active:
        return False
    if key.user is not None and not key.user.is_active:
        return False
    return not key.allowed_addresses or (address is not None and _within(address, key.allowed_addresses))


def _within(address: str, networks: list[str]) -> bool:
    return any(ipaddress.ip_address(address) in ipaddress.ip_network(network) for network in networks)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
