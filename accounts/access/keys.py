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


@dataclass(frozen=True)
class Reading:
    """What a bearer turned out to be: a key that works, or one that does not and why (nothing when unknown).

    The caller is told the same for every refusal; the reason is for the owner's log.
    """

    key: ApiKey | None = None
    refusal: str = ""  # revoked, expired, off (its owner), address

    @property
    def works(self) -> bool:
        return self.key is not None and not self.refusal


def authenticate(raw: str, *, address: str | None) -> Reading:
    """Read a bearer that `looks_like_key`, sent from ``address``. One query."""
    match = _FORM.fullmatch(raw)
    if match is None:
        return Reading()
    mode, public_part, secret = match.groups()
    key = (
        ApiKey.objects.select_related("api_user__client", "api_user__role", "user__portal__client")
        .filter(public_part=public_part, is_sandbox=mode == "test")
        .first()
    )
    # An unknown id costs a comparison too.
    fits = hmac.compare_digest(_hash(secret), key.secret_hash if key else _hash(""))
    return Reading(key, _refusal(key, address)) if key and fits else Reading()


def _refusal(key: ApiKey, address: str | None) -> str:
    owner = key.api_user or key.user
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at is not None and key.expires_at <= now():
        return "expired"
    if owner is None or not owner.is_active:
        return "off"
    return "" if not key.allowed_addresses or _within(address, key.allowed_addresses) else "address"


def _within(address: str | None, networks: list[str]) -> bool:
    if address is None:
        return False
    caller = ipaddress.ip_address(address)
    # A server that listens on both families names IPv4 callers ::ffff:203.0.113.7.
    caller = getattr(caller, "ipv4_mapped", None) or caller
    return any(caller in ipaddress.ip_network(network) for network in networks)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
