"""HTTP towards the processor: the key, time limits, and what each failure means. No body is ever told to anybody."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.views.decorators.debug import sensitive_variables

from cards.providers.simulator import schemas
from config.lib import http
from config.lib.errors import ProviderError

_CONNECT_SECONDS = 3.0
# Refused before anything was carried out. Whatever else goes wrong may come from somebody in between, after the
# processor has acted.
_CLEAR = {401: "unauthorized", 403: "unauthorized", 422: "invalid", 429: "throttled"}
_BAD_ANSWER = "bad_pares"


@dataclass(frozen=True)
class Client:
    """One address and one key; ``timeout`` is how many seconds a call may take."""

    base_url: str
    key: str = field(repr=False)
    timeout: float

    @sensitive_variables()
    def post(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The JSON object that comes back; a broken answer leaves the outcome open.

        Raises `ProviderError`; codes are unreachable, timeout, throttled, unauthorized, invalid, bad_pares, conflict,
        broken and strange. None of them carries what was sent.
        """
        reply = self._call("POST", path, json.dumps(body).encode())
        if reply.status not in (200, 201):
            raise _refusal(path, reply)
        return parsed(path, reply.body)

    def ask(self, path: str) -> Mapping[str, Any] | None:
        """The same for a question; None when the processor says that it knows nothing of it. Raises `ProviderError`."""
        reply = self._call("GET", path, None)
        if reply.status == 404 and schemas.code_of(reply.body) == "unknown":
            return None
        if reply.status != 200:
            raise _refusal(path, reply)
        return parsed(path, reply.body)

    @sensitive_variables()
    def _call(self, method: str, path: str, body: bytes | None) -> http.HttpReply:
        headers = {"Authorization": f"Bearer {self.key}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        connecting = min(_CONNECT_SECONDS, self.timeout / 3)
        try:
            return http.send(
                method,
                f"{self.base_url}{path}",
                headers=headers,
                body=body,
                connect_timeout=connecting,
                read_timeout=self.timeout - connecting,
                label="cards",
                is_private=True,
            )
        except http.HttpError as error:
            code, sent = ("timeout" if error.sent else "unreachable"), error.sent
        # Outside the handler: what the transport raised holds on to the body.
        raise ProviderError(path, retryable=True, outcome_unknown=sent, code=code)


def _refusal(path: str, reply: http.HttpReply) -> ProviderError:
    said = schemas.code_of(reply.body)
    code = _BAD_ANSWER if (reply.status, said) == (400, _BAD_ANSWER) else _CLEAR.get(reply.status, "")
    if code:
        return ProviderError(said or code, retryable=False, outcome_unknown=False, code=code, status=reply.status)
    code = "conflict" if reply.status == 409 else "broken"
    return ProviderError(path, retryable=True, outcome_unknown=True, code=code, status=reply.status)


def parsed(path: str, body: bytes) -> Mapping[str, Any]:
    try:
        return schemas.reply(body)
    except schemas.Strange as error:
        raise strange(path, error) from error


def strange(path: str, error: schemas.Strange) -> ProviderError:
    return ProviderError(f"{path}: {error}", retryable=True, outcome_unknown=True, code="strange")
