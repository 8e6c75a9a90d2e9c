"""Nobody gets us to open a socket to an address that is not public, however it is spelt or where its name leads."""

import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from config.lib import destinations, public_http
from config.lib.destinations import BadDestination
from tests.lib import hostile

PUBLIC_V4, PUBLIC_V6 = "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"
Resolver = Callable[[str], list[str]]


class _Sockets:
    """What the process connects to. Public addresses are noted and not connected to: nothing leaves the machine."""

    def __init__(self) -> None:
        self.listening = False
        self.opened: list[str] = []

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.listening and event == "socket.connect" and isinstance(arguments[1], tuple):
            self.opened.append(str(arguments[1][0]))
            raise ConnectionRefusedError("not in a test")


_SOCKETS = _Sockets()
sys.addaudithook(_SOCKETS)


@pytest.fixture
def opened() -> Iterator[list[str]]:
    """The addresses sockets were connected to during the test."""
    _SOCKETS.opened, _SOCKETS.listening = [], True
    yield _SOCKETS.opened
    _SOCKETS.listening = False


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, Resolver]:
    """A name server: what each name leads to, asked anew each time."""
    known: dict[str, Resolver] = {}

    def getaddrinfo(host: str, *_arguments: Any, **_options: Any) -> list[Any]:
        # As the real one: what is an address already leads to itself.
        found = known[host](host) if host in known else [host] if _is_address(host) else []
        if not found:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        port = _arguments[0] or 0
        return [
            (socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return known


def _is_address(host: str) -> bool:
    return host.replace(":", "").replace(".", "").isalnum() and (":" in host or host.replace(".", "").isdigit())


def leads_to(*addresses: str) -> Resolver:
    return lambda _host: list(addresses)


def send(url: str) -> public_http.Outcome:
    return public_http.post(url, headers={}, body=b"{}", seconds=2, label="test")


def refuse(url: str, opened: list[str]) -> None:
    """Neither kept nor sent to, and no socket opened on the way."""
    with pytest.raises(BadDestination):
        destinations.check(url)
    outcome = send(url)
    assert (outcome.status, outcome.body) == (None, b"")
    assert outcome.error not in {"", "unreachable", "broken", "timeout", "tls"}
    assert opened == []


ADDRESSES = hostile.addresses()
SPELLINGS = list(hostile.spellings())
URLS = hostile.urls()


def test_there_are_enough_of_them() -> None:
    assert len(ADDRESSES) > 200
    assert len({*map(hostile.literal, ADDRESSES), *SPELLINGS, *URLS}) + len(ADDRESSES) >= 600


@pytest.mark.parametrize("number", range(len(ADDRESSES)))
def test_a_bare_address_that_is_not_public(number: int, opened: list[str], names: dict[str, Resolver]) -> None:
    refuse(hostile.literal(ADDRESSES[number]), opened)


@pytest.mark.parametrize("number", range(len(ADDRESSES)))
def test_a_name_that_leads_to_one(number: int, opened: list[str], names: dict[str, Resolver]) -> None:
    names["hooks.example.com"] = leads_to(ADDRESSES[number])
    refuse("https://hooks.example.com/", opened)
    # Among public ones it is as bad: who knows which of them is taken.
    names["mixed.example.com"] = leads_to(PUBLIC_V4, ADDRESSES[number], PUBLIC_V6)
    refuse("https://mixed.example.com/", opened)


@pytest.mark.parametrize("number", range(len(SPELLINGS)))
def test_an_odd_spelling_of_one(number: int, opened: list[str], names: dict[str, Resolver]) -> None:
    refuse(f"https://{SPELLINGS[number]}/", opened)


@pytest.mark.parametrize("number", range(len(URLS)))
def test_no_address_at_all(number: int, opened: list[str], names: dict[str, Resolver]) -> None:
    names["example.com"] = leads_to(PUBLIC_V4)
    refuse(URLS[number], opened)


@pytest.mark.parametrize(
    ("url", "host", "port", "target"),
    [
        ("https://example.com", "example.com", 443, "/"),
        ("HTTPS://Example.COM:443/a?b=%20&c", "example.com", 443, "/a?b=%20&c"),
        ("https://example.com:8443?x=1", "example.com", 8443, "/?x=1"),
        ("https://b\u00fccher.example/", "xn--bcher-kva.example", 443, "/"),
        (f"https://{PUBLIC_V4}/hook", PUBLIC_V4, 443, "/hook"),
        (f"https://[{PUBLIC_V6.upper()}]/hook", PUBLIC_V6, 443, "/hook"),
        ("https://a-b.c-d.io//x//../y", "a-b.c-d.io", 443, "//x//../y"),
    ],
)
def test_a_good_one(url: str, host: str, port: int, target: str) -> None:
    found = destinations.parse(url)
    assert (found.host, found.port, found.target) == (host, port, target)
    assert destinations.parse(found.url) == found


def test_a_name_that_turns_inward_after_it_was_kept(opened: list[str], names: dict[str, Resolver]) -> None:
    answers = iter([[PUBLIC_V4], ["127.0.0.1"]])
    names["rebind.example.com"] = lambda _host: next(answers)
    assert destinations.check("https://rebind.example.com/").host == "rebind.example.com"
    assert send("https://rebind.example.com/").error == "private_address"
    assert opened == []


def test_a_name_that_turns_inward_between_looking_and_connecting(opened: list[str], names: dict[str, Resolver]) -> None:
    answers = iter([[PUBLIC_V4], ["127.0.0.1"], ["127.0.0.1"]])
    names["rebind.example.com"] = lambda _host: next(answers)
    outcome = send("https://rebind.example.com/")
    assert (outcome.error, outcome.address, opened) == ("unreachable", PUBLIC_V4, [PUBLIC_V4])
    assert next(answers) == ["127.0.0.1"], "asked once"


def test_every_address_is_tried_and_only_those_that_were_checked(opened: list[str], names: dict[str, Resolver]) -> None:
    names["many.example.com"] = leads_to(PUBLIC_V6, PUBLIC_V4, "1.1.1.1", "8.8.8.8")
    assert send("https://many.example.com/").error == "unreachable"
    assert opened == [PUBLIC_V6, PUBLIC_V4, "1.1.1.1"]


def test_our_own_house(settings: Any, opened: list[str], names: dict[str, Resolver]) -> None:
    settings.BASE_URL = "https://gerbang.example.com"
    names["gerbang.example.com"] = leads_to(PUBLIC_V4)
    refuse("https://gerbang.example.com/api/v1/balance", opened)
    settings.WEBHOOK_REFUSED_NETWORKS = ["93.184.216.0/24", "2606:2800::/32"]
    names["other.example.com"] = leads_to(PUBLIC_V4)
    names["sixth.example.com"] = leads_to(PUBLIC_V6)
    refuse("https://other.example.com/", opened)
    refuse("https://sixth.example.com/", opened)


def test_receivers_on_this_machine_exist_in_the_sandbox_only(settings: Any, opened: list[str]) -> None:
    settings.WEBHOOK_LOCAL_RECEIVERS = ["127.0.0.1:9911"]
    assert destinations.check("http://127.0.0.1:9911/hook").is_local_receiver
    with pytest.raises(BadDestination):
        destinations.check("http://127.0.0.1:9912/hook")
    settings.SANDBOX_ENABLED = False
    refuse("http://127.0.0.1:9911/hook", opened)


def test_a_name_server_that_is_away(monkeypatch: pytest.MonkeyPatch, opened: list[str]) -> None:
    import threading

    gate = threading.Event()
    asked: list[str] = []

    def getaddrinfo(host: str, *_arguments: Any, **_options: Any) -> list[Any]:
        asked.append(host)
        gate.wait(20)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(destinations, "LOOKUP_SECONDS", 0.1)
    for _attempt in range(3):
        assert send("https://slow.example.com/").error == "unknown_host"
    # However many wait for a name, it holds one thread.
    assert asked == ["slow.example.com"]
    gate.set()
