"""The one place from which requests leave us: time limits, no redirects, a size limit, one log line, no secrets."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError as TransportError

from config.lib import tallies, tracing

MAX_BODY = 1024 * 1024

logger = logging.getLogger(__name__)


class HttpError(Exception):
    """No usable answer. ``sent`` is false only when not one byte can have reached the other side."""

    sent = True


class HttpTimeout(HttpError):
    """The other side took the request and did not answer in time, or broke off: it may have acted."""


class HttpUnreachable(HttpError):
    """No connection could be made: the other side never saw the request."""

    sent = False


@dataclass(frozen=True)
class HttpReply:
    status: int
    headers: Mapping[str, str]
    body: bytes
    elapsed: float


@dataclass(frozen=True)
class Exchange:
    """One request and what came of it, for whoever keeps records. ``url`` without its query; nothing is redacted."""

    label: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    reply: HttpReply | None
    sent: bool
    elapsed: float


_listener: ContextVar[Callable[[Exchange], None] | None] = ContextVar("exchange_listener", default=None)


@contextmanager
def heard_by(listener: Callable[[Exchange], None]) -> Iterator[None]:
    """Tell ``listener`` of every request sent inside, also of those that failed."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def _make_session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    # One session serves every provider and every thread: what one of them sets must not go along with the next call.
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    # Retries are the caller's decision: only it knows whether a repetition is safe.
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_connections=8, pool_maxsize=16, max_retries=0))
    return session


_session = _make_session()
_NEVER_SENT = (
    requests.ConnectTimeout,
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidHeader,
)


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    label: str,
    body: bytes | None = None,
    params: Mapping[str, str] | None = None,
    connect_timeout: float = 3.0,
    read_timeout: float = 10.0,
    is_private: bool = False,
) -> HttpReply:
    """Send one request and return the reply whatever its status; ``label`` names it in the log.

    Raises `HttpUnreachable` (nothing was sent) or `HttpTimeout` (the outcome is unknown). Redirects are not
    followed; a reply over 1 MiB counts as broken off. Query and headers are never logged. What is ``is_private`` is
    told to no listener with its body, not even to those that keep records of every exchange. The other side is told
    an id of this call that begins with that of our request.
    """
    told = b"" if is_private else body
    started, call = time.monotonic(), tracing.new_call_id()
    sent = {"X-Request-Id": call, **headers}
    try:
        reply = _request(method, url, sent, body, params, (connect_timeout, read_timeout), started)
    except HttpError as error:
        _tell(label, method, url, headers, told, None, error.sent, started)
        _note(logging.WARNING, label, method, url, type(error).__name__, time.monotonic() - started, call)
        raise
    _tell(label, method, url, headers, told, reply, True, started)
    _note(logging.INFO, label, method, url, reply.status, reply.elapsed, call)
    return reply


def _note(level: int, label: str, method: str, url: str, outcome: int | str, elapsed: float, call: str) -> None:
    """One line, and one more in the figures: by what it was and how it ended."""
    milliseconds = round(elapsed * 1000)
    logger.log(
        level,
        "%s %s %s -> %s in %d ms call=%s",
        label,
        method,
        _bare(url),
        outcome,
        milliseconds,
        call,
        extra={"label": label, "method": method, "outcome": str(outcome), "ms": milliseconds, "call": call},
    )
    ended = f"{outcome // 100}xx" if isinstance(outcome, int) else outcome.removeprefix("Http").lower()
    tallies.CALLS.observe(elapsed, label, ended)


def _request(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    params: Mapping[str, str] | None,
    timeouts: tuple[float, float],
    started: float,
) -> HttpReply:
    try:
        with _session.request(
            method,
            url,
            headers=dict(headers),
            data=body,
            params=params,
            timeout=timeouts,
            allow_redirects=False,
            stream=True,
        ) as response:
            content = _read(response, started + sum(timeouts))
            return HttpReply(response.status_code, response.headers, content, time.monotonic() - started)
    except _NEVER_SENT as error:
        raise HttpUnreachable(type(error).__name__) from error
    except requests.ConnectionError as error:
        raise _classify(error) from error
    except (requests.RequestException, TransportError) as error:
        raise HttpTimeout(type(error).__name__) from error


def _tell(
    label: str,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    reply: HttpReply | None,
    sent: bool,
    started: float,
) -> None:
    listener = _listener.get()
    if listener is not None:
        elapsed = time.monotonic() - started
        listener(Exchange(label, method, _bare(url), headers, body or b"", reply, sent, elapsed))


def _read(response: requests.Response, deadline: float) -> bytes:
    parts: list[bytes] = []
    size = 0
    # As it arrives: waiting for a full part would let a reply that drips outlast every time limit.
    while part := response.raw.read1(64 * 1024, decode_content=True):
        parts.append(part)
        size += len(part)
        if size > MAX_BODY or time.monotonic() > deadline:
            raise requests.exceptions.ChunkedEncodingError("reply too long or too slow")
    return b"".join(parts)


def _classify(error: requests.ConnectionError) -> HttpError:
    # urllib3 says "new connection" only when connecting failed; anything else broke after we had begun to send.
    text = type(getattr(error.args[0], "reason", None)).__name__ if error.args else ""
    return HttpUnreachable(text) if text in {"NewConnectionError", "NameResolutionError"} else HttpTimeout(text)


def _bare(url: str) -> str:
    return url.split("?", 1)[0]
