"""Which webhook configurations the simulated OTPZap takes (OTPZap contract 10.4).

No name is ever asked of a real resolver: a small table of its own says where names lead.
"""

import ipaddress
import re
import secrets
import socket
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from .otpzap_house import FIRST_ACCOUNT
from .otpzap_wire import invalid

EVENTS = ("order.otp_received", "order.cancelled", "order.finished", "order.replaced", "deposit.success")
ALL = "*"
SHORTEST_SECRET = 16
LOCAL_NAMES = re.compile(r"(?:.*\.)?(?:localhost|local|lan|internal|intranet|home\.arpa|localdomain)")
NOWHERE = re.compile(r"(?:.*\.)?(?:invalid|test)")
SOMEWHERE_PUBLIC = "93.184.215.14"


@dataclass
class Hook:
    """`failures`: events in a row that nobody took."""

    account: int = FIRST_ACCOUNT
    url: str = ""
    events: list[str] = field(default_factory=list)
    is_active: bool = True
    secret: str = ""
    updated_at: float | None = None
    failures: int = 0

    def wants(self, event: str) -> bool:
        return bool(self.url) and self.is_active and bool({event, ALL} & set(self.events))


class Names:
    """The simulated resolver: `known` first, else by the look of the name."""

    def __init__(self) -> None:
        self.known: dict[str, list[str]] = {}

    def addresses(self, host: str) -> list[str]:
        if host in self.known:
            return self.known[host]
        if literal := as_address(host):
            return [literal]
        if NOWHERE.fullmatch(host):
            return []
        return ["127.0.0.1"] if LOCAL_NAMES.fullmatch(host) else [SOMEWHERE_PUBLIC]


def as_address(host: str) -> str:
    """An address from any of its notations (``127.1``, ``0x7f000001`` are loopback too); "" for a name."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host)) if re.fullmatch(r"[0-9a-fx.]+", host) else ""
    except OSError:
        return ""


def is_public(address: str) -> bool:
    found = ipaddress.ip_address(address)
    mapped = getattr(found, "ipv4_mapped", None) or found
    return bool(mapped.is_global and not mapped.is_multicast)


def changed(hook: Hook, body: dict[str, Any], names: Names, local: bool) -> tuple[Hook, str]:
    """The configuration after an update, and the secret to show (once) when it was set or made. Refusal 422."""
    url = hook.url if body.get("url") is None and hook.url else checked_url(body.get("url"), names, local)
    events = hook.events or [ALL] if body.get("events") is None else checked_events(body["events"])
    is_active = body.get("is_active", True)
    if not isinstance(is_active, bool):
        raise invalid("is_active must be true or false")
    shown = fresh_secret(hook, body.get("secret"))
    return Hook(hook.account, url, events, is_active, shown or hook.secret), shown


def fresh_secret(hook: Hook, given: Any) -> str:
    """What was sent; one made by us when it is too short or there is none yet; "" when the old one stays (12.5)."""
    if given is None:
        return "" if hook.secret else secrets.token_hex(24)
    if not isinstance(given, str):
        raise invalid("secret must be text")
    return given if len(given) >= SHORTEST_SECRET else secrets.token_hex(24)


def checked_events(given: Any) -> list[str]:
    if not isinstance(given, list) or not given or not all(event in (*EVENTS, ALL) for event in given):
        raise invalid(f"events must be some of {', '.join((*EVENTS, ALL))}")
    return list(dict.fromkeys(given))


def checked_url(given: Any, names: Names, local: bool) -> str:
    if not isinstance(given, str) or len(given) > 2048:
        raise invalid("url is required")
    try:
        parts = urlsplit(given)
        host, _port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise invalid("url cannot be understood") from None
    if local and parts.scheme == "http" and host:
        return given
    if parts.scheme != "https" or not host or "@" in parts.netloc:
        raise invalid("url must be HTTPS")
    found = names.addresses(host)
    if not local and not (found and all(is_public(address) for address in found)):
        raise invalid("url must resolve to a public address")
    return given
