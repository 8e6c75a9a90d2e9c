"""Where a request comes from. Behind a proxy of ours the last hop it names counts; anything else can be made up."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def address_of(request: HttpRequest) -> str | None:
    """The caller's IP address, or None when it is not known (a socket file, a broken header)."""
    given = request.META.get("REMOTE_ADDR", "")
    if settings.ALLAUTH_TRUSTED_PROXY_COUNT:
        given = request.headers.get("X-Forwarded-For", given).split(",")[-1].strip()
    try:
        found = ipaddress.ip_address(given)
    except ValueError:
        return None
    # A server that listens on both families names IPv4 callers ::ffff:203.0.113.7. Counted by the networks of IPv6,
    # all of them would be one caller.
    return str(getattr(found, "ipv4_mapped", None) or found)


def network_of(address: str | None) -> str:
    """What limits count by: one household of IPv6 is one address; callers whose address is not known share one."""
    if address is None:
        return "-"
    ip = ipaddress.ip_address(address)
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else str(ip)
