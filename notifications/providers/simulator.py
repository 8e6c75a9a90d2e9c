"""The simulated gateway: JSON, a bearer key, and one message for one reference however often it is sent."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings

from config.lib.errors import ProviderError
from notifications.providers.calls import call, garbled
from notifications.providers.types import Outgoing, Status, Word

_STATUSES = {
    "accepted": Status.TAKEN,
    "delivered": Status.DELIVERED,
    "undelivered": Status.UNDELIVERED,
    "rejected": Status.REJECTED,
}
_CODES = {"bad_number", "bad_sender", "bad_text", "unreachable"}


class SimulatedGateway:
    name = "simulator"
    repeats_safely = True
    can_be_asked = True

    def send(self, message: Outgoing) -> Word:
        answer = _post(
            "send",
            "/messages",
            {
                "reference": message.reference,
                "to": message.recipient,
                "from": message.sender,
                "text": message.text,
                "encoding": message.encoding,
            },
        )
        word = _word(answer, "send")
        if word.reference != message.reference:
            raise garbled("send")
        if word.status is Status.REJECTED:
            raise ProviderError("send: rejected", retryable=False, outcome_unknown=False, code=word.code)
        return word

    def ask(self, messages: Sequence[tuple[str, str]]) -> list[Word]:
        answer = _post("ask", "/messages/lookup", {"references": [reference for reference, _id in messages]})
        found = answer.get("messages")
        if not isinstance(found, list):
            raise garbled("ask")
        return [_word(one, "ask") for one in found]


def _post(label: str, path: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    reply = call(
        label,
        "POST",
        settings.SMS_GATEWAY_URL.rstrip("/") + path if settings.SMS_GATEWAY_URL else "",
        headers={"Authorization": f"Bearer {settings.SMS_GATEWAY_KEY}", "Content-Type": "application/json"},
        body=json.dumps(payload, separators=(",", ":")).encode(),
        reason=lambda refusal: _code(_object(refusal) or {}),
    )
    answer = _object(reply.body)
    if answer is None:
        raise garbled(label)
    return answer


def _object(body: bytes) -> Mapping[str, Any] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _code(found: Mapping[str, Any]) -> str:
    code = found.get("code")
    return code if isinstance(code, str) and code in _CODES else ""


def _word(found: Any, label: str) -> Word:
    try:
        status = _STATUSES[found["status"]]
        reference, gateway_id = str(found["reference"]), str(found["id"])
    except (KeyError, TypeError) as error:
        raise garbled(label) from error
    return Word(status, reference, gateway_id[:100], _code(found))
