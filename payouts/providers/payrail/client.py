"""HTTP towards the rail: the key, time limits, and what each failure means."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from config.lib import http
from config.lib.errors import ProviderError
from payouts.providers.payrail import schemas

CONNECT_SECONDS = 3.0
_SECONDS = re.compile(r"[0-9]{1,5}", re.ASCII)
# Refused before anything was carried out: not our key, not in this form. Whatever else goes wrong may come from
# somebody in between, after the rail has acted.
_CLEAR = {401: "unauthorized", 403: "unauthorized", 422: "invalid"}


@dataclass(frozen=True)
class Client:
    """One address and one key; ``timeout`` is how many seconds an answer may take."""

    base_url: str
    key: str
    timeout: float

    def post(self, path: str, body: Mapping[str, Any], *, acts: bool = False) -> Mapping[str, Any]:
        """The JSON object that comes back. ``acts``: it moves money, so a broken answer leaves the outcome open.

        Raises `ProviderError`; codes are unreachable, timeout, throttled, unauthorized, invalid, conflict, broken and
        strange.
        """
        return self._call("POST", path, json.dumps(body).encode(), {}, acts)

    def get(self, path: str, parameters: Mapping[str, str]) -> Mapping[str, Any]:
        """The same for a question. Raises `ProviderError`."""
        return self._call("GET", path, None, parameters, False)

    def _call(
        self, method: str, path: str, body: bytes | None, parameters: Mapping[str, str], acts: bool
    ) -> Mapping[str, Any]:
        headers = {"Authorization": f"Bearer {self.key}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            reply = http.send(
                method,
                f"{self.base_url}{path}",
                headers=headers,
                body=body,
                params=parameters,
                connect_timeout=min(CONNECT_SECONDS, self.timeout),
                read_timeout=self.timeout,
                label="payrail",
            )
        except http.HttpError as error:
            code = "timeout" if error.sent else "unreachable"
            raise ProviderError(path, retryable=True, outcome_unknown=acts and error.sent, code=code) from error
        if reply.status not in (200, 201):
            raise self._refusal(path, reply, acts)
        return parsed(path, reply.body, acts)

    def _refusal(self, path: str, reply: http.HttpReply, acts: bool) -> ProviderError:
        if reply.status == 429:
            wait = _retry_after(reply.headers)
            return ProviderError(path, retryable=True, outcome_unknown=False, code="throttled", retry_after=wait)
        if code := _CLEAR.get(reply.status):
            words = schemas.refusal(reply.body) or code
            return ProviderError(words, retryable=False, outcome_unknown=False, code=code, status=reply.status)
        code = "conflict" if reply.status == 409 else "broken"
        return ProviderError(path, retryable=True, outcome_unknown=acts, code=code, status=reply.status)


def parsed(path: str, body: bytes, acts: bool) -> Mapping[str, Any]:
    try:
        return schemas.reply(body)
    except schemas.Strange as error:
        raise strange(path, error, acts) from error


def strange(path: str, error: schemas.Strange, acts: bool) -> ProviderError:
    return ProviderError(f"{path}: {error}", retryable=True, outcome_unknown=acts, code="strange")


def _retry_after(headers: Mapping[str, str]) -> float:
    text = headers.get("Retry-After", "").strip()
    return float(text) if _SECONDS.fullmatch(text) else 1.0
