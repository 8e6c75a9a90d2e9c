"""One call to a gateway, and what its answer means as far as HTTP goes."""

import re
from collections.abc import Callable, Mapping

from config.lib import http
from config.lib.errors import ProviderError

_CONNECT_SECONDS, _READ_SECONDS = 3.0, 10.0


def call(
    label: str,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: bytes | None = None,
    params: Mapping[str, str] | None = None,
    reason: Callable[[bytes], str] = lambda body: "",
) -> http.HttpReply:
    """The answer of a call that succeeded. Neither text nor key gets into a log; ``reason`` reads a refusal's code.

    Raises `ProviderError`: ``retryable`` when nothing was sent, they ask us to come back (429, 503) or do not take our
    key (401, 403: somebody will see to it); ``outcome_unknown`` for a timeout, 3xx and other 5xx.
    """
    if not url:
        raise ProviderError("no address of a gateway", retryable=True, outcome_unknown=False)
    try:
        reply = http.send(
            method,
            url,
            headers=headers,
            body=body,
            params=params,
            label=f"sms {label}",
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
        )
    except http.HttpError as error:
        raise ProviderError(f"{label}: no answer", retryable=not error.sent, outcome_unknown=error.sent) from error
    if reply.status // 100 == 2:
        return reply
    raise _refusal(label, reply, reason)


def _refusal(label: str, reply: http.HttpReply, reason: Callable[[bytes], str]) -> ProviderError:
    comes_back = reply.status in {401, 403, 429, 503}
    return ProviderError(
        f"{label}: HTTP {reply.status}",
        retryable=comes_back,
        outcome_unknown=not comes_back and (reply.status // 100 != 4 or reply.status == 408),
        code=reason(reply.body),
        status=reply.status,
        retry_after=_seconds(reply.headers.get("Retry-After", "")),
    )


def garbled(label: str) -> ProviderError:
    """They answered with success and what we cannot read: the message may have gone out."""
    return ProviderError(f"{label}: unreadable answer", retryable=False, outcome_unknown=True)


def _seconds(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,5}", text, re.ASCII) else None
