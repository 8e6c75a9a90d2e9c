"""Web addresses that customers give us. Nobody may make us knock at a door inside a house, ours or another's (SSRF)."""

import ipaddress
import re
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from dataclasses import dataclass
from urllib.parse import urlsplit

import idna
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

PORTS = (443, 8443)
MOST_LETTERS = 500
LOOKUP_SECONDS = 3.0

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# The registries of special addresses of IANA. The standard library's `is_global` alone lets multicast, 6to4 and
# addresses with an IPv4 one inside pass.
_NOT_PUBLIC_V4 = [
    ipaddress.ip_network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    )
]
# Of IPv6 only this part is given out to the world; within it, what tunnels, documents or serves the network itself.
_GIVEN_OUT_V6 = ipaddress.ip_network("2000::/3")
_NOT_PUBLIC_V6 = [
    ipaddress.ip_network(text)
    for text in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20", "3ffe::/16")
]

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<place>[^/?#]*)(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?")
_PLACE = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]{2,45})\]|(?P<name>[^:\[\]@]+))(?::(?P<port>[0-9]{1,5}))?")
# The last part begins with a letter: whatever ends in a number is an IPv4 address in one of its many spellings.
_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_PRINTABLE = re.compile(r"[!-~]*")


class BadDestination(Exception):
    """We do not send there. ``code`` for records, ``message`` for whoever gave us the address."""

    def __init__(self, code: str, message: str | Promise) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Destination:
    """An address taken apart once; everything later uses these parts, nobody reads the text again."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def is_usual_port(self) -> bool:
        return self.port == (443 if self.scheme == "https" else 80)

    @property
    def authority(self) -> str:
        """What stands in the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.is_usual_port else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"

    @property
    def is_local_receiver(self) -> bool:
        """A receiver on the developer's own machine, named in the settings; nowhere but in the sandbox."""
        named = settings.WEBHOOK_LOCAL_RECEIVERS if settings.SANDBOX_ENABLED else ()
        return f"{self.host}:{self.port}" in named


def parse(url: str) -> Destination:
    """Take ``url`` apart. Raises `BadDestination` for anything but plain https on an allowed port."""
    found = _URL.fullmatch(url) if len(url) <= MOST_LETTERS else None
    if found is None:
        raise BadDestination("no_url", _("Write a whole address that begins with https://."))
    place = _PLACE.fullmatch(found["place"])
    if place is None:
        raise BadDestination("bad_host", _("Name a host, without user name and password."))
    scheme = found["scheme"].lower()
    target = (found["path"] or "/") + (found["query"] or "")
    port = int(place["port"] or (443 if scheme == "https" else 80))
    destination = Destination(scheme, _host(place["v6"], place["name"]), port, target)
    if not _PRINTABLE.fullmatch(target) or "\\" in target:
        raise BadDestination("bad_path", _("Write other letters and blanks in the path as %20 and the like."))
    # A name in other letters grows when it is written in ASCII.
    if len(destination.url) > MOST_LETTERS:
        raise BadDestination("no_url", _("Write a whole address that begins with https://."))
    if destination.is_local_receiver and scheme in {"http", "https"}:
        return destination
    if scheme != "https":
        raise BadDestination("not_https", _("The address must begin with https://."))
    if port not in PORTS:
        raise BadDestination("bad_port", _("Only the ports 443 and 8443 can be used."))
    return destination


def check(url: str) -> Destination:
    """`parse` and `resolve`: what is asked before an address is kept. Raises `BadDestination`."""
    destination = parse(url)
    resolve(destination)
    return destination


def resolve(destination: Destination) -> list[str]:
    """The addresses behind the name, now; one that is not public spoils them all. Raises `BadDestination`."""
    own = urlsplit(settings.BASE_URL).hostname or ""
    found = _addresses(destination.host)
    if destination.is_local_receiver:
        return found
    if destination.host == own:
        raise BadDestination("own_address", _("This is our own address."))
    if not all(is_public(address) for address in found):
        raise BadDestination(
            "private_address", _("This leads to a private address: nobody outside can be reached there.")
        )
    return found


def is_public(text: str) -> bool:
    """Whether everybody on the internet can reach this address, and it is none of our own."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return _is_given_out(address) and address.is_global and not any(address in one for one in _refused_networks())


def _is_given_out(address: IpAddress) -> bool:
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    return address in _GIVEN_OUT_V6 and not any(address in network for network in _NOT_PUBLIC_V6)


def _refused_networks() -> Iterator[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    for text in settings.WEBHOOK_REFUSED_NETWORKS:
        yield ipaddress.ip_network(text, strict=False)


def _host(v6: str | None, name: str | None) -> str:
    try:
        if v6 is not None:
            return str(ipaddress.IPv6Address(v6))
        host = idna.encode(name or "", uts46=True).decode().lower()
        if host[-1:].isdigit():
            # One spelling only: 0177.1, 2130706433 and 0x7f.1 are addresses to some and names to others.
            return str(ipaddress.IPv4Address(host))
    except (ValueError, idna.IDNAError):
        host = ""
    if len(host) > 253 or not _NAME.fullmatch(host):
        raise BadDestination("bad_host", _("This is no name of a host that we can look up."))
    return host


_lookups = ThreadPoolExecutor(32, thread_name_prefix="lookup")
_running: dict[str, "Future[list[str]]"] = {}
_lock = threading.Lock()


def _addresses(host: str) -> list[str]:
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        pass
    with _lock:
        # A name server that does not answer holds one thread for each name, however many wait for it.
        future = _running.get(host) or _lookups.submit(_ask, host)
        _running[host] = future
    future.add_done_callback(lambda _done: _running.pop(host, None))
    try:
        return future.result(LOOKUP_SECONDS)
    except (OSError, UnicodeError, TookTooLong):
        raise BadDestination("unknown_host", _("No address was found for this host.")) from None


def _ask(host: str) -> list[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    # A scope ("%eth0") belongs to addresses of this network only; without it they are refused as what they are.
    addresses = list(dict.fromkeys(str(row[4][0]).partition("%")[0] for row in found))
    if not addresses:
        raise OSError("no address")
    return addresses
