"""Requests to addresses that customers gave us: checked at every send, connected to what was checked, never trusted.

`config.lib.http` is for partners we chose. Here the other side may be hostile: it leads its name to a private address
after we looked, redirects, drips, never ends.
"""

import logging
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from urllib3 import BaseHTTPResponse, HTTPConnectionPool, HTTPSConnectionPool, PoolManager, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NewConnectionError,
    ReadTimeoutError,
    SSLError,
)

from config.lib import destinations, tallies
from config.lib.destinations import BadDestination, Destination

MAX_BODY = 64 * 1024
CONNECT_SECONDS = 3.0
# Of a name with many addresses so many are tried; only while not one byte has been sent.
MOST_ADDRESSES = 3

logger = logging.getLogger(__name__)
# It writes a traceback with the whole address for every header that a stranger gets wrong.
logging.getLogger("urllib3.connection").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Outcome:
    """What came of a request. ``status`` is None when there was no answer; then ``error`` says why.

    ``error`` is a code of `BadDestination`, or timeout, unreachable, tls, broken. ``body`` is cut at 64 KiB.
    """

    status: int | None
    error: str = ""
    address: str = ""
    headers: Mapping[str, str] | None = None
    body: bytes = b""
    elapsed: float = 0.0

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class _Watch:
    """Ends connections whose time is over. A receiver that sends a byte now and then outlasts every time limit of a
    socket; shutting the socket down from outside does not wait for it."""

    def __init__(self) -> None:
        self._until: dict[Any, float] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def begin(self, connection: Any, until: float) -> None:
        with self._lock:
            self._until[connection] = until
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="public-http-watch", daemon=True)
                self._thread.start()

    def end(self, connection: Any) -> None:
        with self._lock:
            self._until.pop(connection, None)

    def _run(self) -> None:
        while True:
            time.sleep(0.2)
            with self._lock:
                over = [one for one, until in self._until.items() if until < time.monotonic()]
                for connection in over:
                    del self._until[connection]
                    connection.cut()


_watch = _Watch()
_mine = threading.local()


class _Guarded:
    """A connection that goes where the address was checked, and nowhere else, and not for longer than it may."""

    _handle: socket.socket | None = None
    _is_attended = False
    _was_cut = False

    def _new_conn(self) -> socket.socket:
        made: socket.socket = super()._new_conn()  # type: ignore[misc]
        peer = made.getpeername()[0]
        if not _mine.is_local and not destinations.is_public(peer):
            made.close()
            raise BadDestination("private_address", "")
        # A handle of its own: the other one moves into the TLS socket, and its number is soon somebody else's.
        self._handle = made.dup()
        return made

    def connect(self) -> None:
        self._attend()
        super().connect()  # type: ignore[misc]

    def request(self, *arguments: Any, **options: Any) -> None:
        self._attend()
        super().request(*arguments, **options)  # type: ignore[misc]

    def getresponse(self) -> Any:
        answer = super().getresponse()  # type: ignore[misc]
        # Headers that break off are taken for complete ones by whoever reads them.
        if self._was_cut:
            raise TimeoutError
        return answer

    def close(self) -> None:
        super().close()  # type: ignore[misc]
        # A body that goes on until the other side hangs up is read after this.
        if not self._is_attended:
            self._drop()

    def cut(self) -> None:
        """End it from another thread."""
        self._was_cut = True
        if self._handle is not None:
            with suppress(OSError):
                self._handle.shutdown(socket.SHUT_RDWR)

    def let_go(self) -> None:
        """Nobody waits for it any more."""
        self._is_attended = False
        if self.sock is None:  # type: ignore[attr-defined]
            self._drop()

    def _attend(self) -> None:
        _mine.connection, self._is_attended, self._was_cut = self, True, False
        _watch.begin(self, _mine.until)

    def _drop(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            handle.close()


class _Plain(_Guarded, HTTPConnection):
    pass


class _Tls(_Guarded, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _Tls


def _context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _manager() -> PoolManager:
    # The name a certificate is checked for is part of what makes two connections the same.
    manager = PoolManager(num_pools=64, maxsize=64, block=False, ssl_context=_context(), retries=False)
    manager.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}
    return manager


_pools = _manager()


def post(url: str, *, headers: Mapping[str, str], body: bytes, seconds: float, label: str) -> Outcome:
    """Send ``body`` to ``url`` within ``seconds`` altogether and say what came of it; raises nothing.

    The name is looked up, every address of it must be public, and one of those is connected to with the name kept in
    Host and TLS. Redirects are answers like any other.
    """
    started = time.monotonic()
    try:
        destination = destinations.parse(url)
        outcome = _try_each(destination, destinations.resolve(destination), headers, body, started + seconds)
    except BadDestination as error:
        outcome = Outcome(None, error.code)
    elapsed = time.monotonic() - started
    _note(label, url, outcome, elapsed)
    return Outcome(outcome.status, outcome.error, outcome.address, outcome.headers, outcome.body, elapsed)


def _note(label: str, url: str, outcome: Outcome, elapsed: float) -> None:
    host, ended = url.split("/", 3)[2:3], outcome.status or outcome.error
    milliseconds = round(elapsed * 1000)
    extra = {"label": label, "outcome": str(ended), "ms": milliseconds}
    logger.info("%s %s -> %s in %d ms", label, host, ended, milliseconds, extra=extra)
    # The first word: what follows it names one message.
    kind = label.partition(" ")[0]
    tallies.CALLS.observe(elapsed, kind, f"{outcome.status // 100}xx" if outcome.status else outcome.error)


def _try_each(
    destination: Destination, addresses: list[str], headers: Mapping[str, str], body: bytes, until: float
) -> Outcome:
    outcome = Outcome(None, "unknown_host")
    for address in addresses[:MOST_ADDRESSES]:
        outcome = _send(destination, address, headers, body, until)
        if outcome.error != "unreachable" or time.monotonic() >= until:
            break
    return outcome


def _send(destination: Destination, address: str, headers: Mapping[str, str], body: bytes, until: float) -> Outcome:
    _mine.until, _mine.is_local, _mine.connection = until, destination.is_local_receiver, None
    try:
        return _exchange(destination, address, headers, body, until)
    except (NewConnectionError, ConnectTimeoutError):
        return Outcome(None, "unreachable", address)
    except SSLError:
        return Outcome(None, "timeout" if time.monotonic() >= until else "tls", address)
    except ReadTimeoutError:
        return Outcome(None, "timeout", address)
    except (HTTPError, OSError, ValueError):
        # Cut by the watch, or broken off by the other side.
        return Outcome(None, "timeout" if time.monotonic() >= until else "broken", address)
    finally:
        if _mine.connection is not None:
            _watch.end(_mine.connection)
            _mine.connection.let_go()


def _exchange(destination: Destination, address: str, headers: Mapping[str, str], body: bytes, until: float) -> Outcome:
    left = max(0.05, until - time.monotonic())
    response = _pool(destination, address).urlopen(
        "POST",
        destination.target,
        body=body,
        headers={**headers, "Host": destination.authority, "Accept-Encoding": "identity"},
        redirect=False,
        retries=False,
        timeout=Timeout(connect=min(CONNECT_SECONDS, left), read=left),
        preload_content=False,
        decode_content=False,
    )
    content = _read(response, until)
    return Outcome(response.status, "", address, response.headers, content)


def _pool(destination: Destination, address: str) -> HTTPConnectionPool:
    options: dict[str, Any] = {}
    if destination.scheme == "https":
        # What the greeting asks for and the certificate must name: the host as it was given, not where it led.
        options = {"server_hostname": destination.host}
    return _pools.connection_from_host(address, destination.port, destination.scheme, pool_kwargs=options)


def _read(response: BaseHTTPResponse, until: float) -> bytes:
    """The beginning of the answer. The status counts; how the rest ends does not."""
    content, is_whole = b"", False
    with suppress(HTTPError, OSError, ValueError):
        while len(content) < MAX_BODY and time.monotonic() < until and not is_whole:
            part = response.read1(MAX_BODY - len(content), decode_content=False)
            content, is_whole = content + part, not part
    if is_whole:
        response.release_conn()
    else:
        response.close()
    return content
