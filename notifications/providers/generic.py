"""Any gateway with one HTTP call for one message: settings.SMS_HTTP say what it looks like (docs/sms.md)."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings

from config.lib.errors import ProviderError
from config.lib.http import HttpReply
from notifications.providers.calls import call, garbled
from notifications.providers.types import Outgoing, Status, Word


@dataclass
class _Request:
    """A call in the making: what goes where is added step by step."""

    headers: dict[str, str]
    fields: dict[str, str]


class HttpGateway:
    name = "http"

    @property
    def repeats_safely(self) -> bool:
        return bool(settings.SMS_HTTP["repeats"])

    @property
    def can_be_asked(self) -> bool:
        return bool(settings.SMS_HTTP["status_url"])

    def send(self, message: Outgoing) -> Word:
        said = {
            "to": number_for_them(message.recipient),
            "from": message.sender,
            "text": message.text,
            "reference": message.reference,
        }
        names: Mapping[str, str] = settings.SMS_HTTP["fields"]
        fields = {names[ours]: value for ours, value in said.items() if names.get(ours)}
        asked = _signed(_Request({}, {**settings.SMS_HTTP["extra"], **fields}))
        reply = _sent("send", settings.SMS_HTTP["method"], settings.SMS_GATEWAY_URL, asked)
        answer = read(reply.body)
        if not _is_good(answer, "send"):
            raise ProviderError("send: refused", retryable=False, outcome_unknown=False, code="refused")
        return Word(Status.TAKEN, message.reference, text_at(answer, settings.SMS_HTTP["id"])[:100])

    def ask(self, messages: Sequence[tuple[str, str]]) -> list[Word]:
        found = (self._asked(reference, gateway_id) for reference, gateway_id in messages if gateway_id)
        return [word for word in found if word is not None]

    def _asked(self, reference: str, gateway_id: str) -> Word | None:
        url = settings.SMS_HTTP["status_url"].replace("{id}", quote(gateway_id, safe=""))
        asked = _signed(_Request({}, {}))
        reply = call("ask", "GET", url, headers=asked.headers, params=asked.fields)
        status = status_of(text_at(read(reply.body), settings.SMS_HTTP["status"]))
        return Word(status, reference, gateway_id) if status else None


def status_of(word: str) -> Status | None:
    """What their word for a state means; None for one that settles nothing."""
    known = {
        Status.DELIVERED: settings.SMS_HTTP["delivered"],
        Status.UNDELIVERED: settings.SMS_HTTP["undelivered"],
        Status.REJECTED: settings.SMS_HTTP["rejected"],
    }
    return next((status for status, words in known.items() if word.lower() in map(str.lower, words) and word), None)


def number_for_them(number: str) -> str:
    return number if settings.SMS_HTTP["plus"] else number.removeprefix("+")


def read(body: bytes) -> Any:
    """JSON where it is some, otherwise the text."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body.decode(errors="replace").strip()


def text_at(answer: Any, path: str) -> str:
    """What stands at ``messages.0.id`` in an answer, as text; ``.`` is the whole of it, nothing is found nowhere."""
    for step in path.strip(".").split(".") if path.strip(".") else ():
        if isinstance(answer, list) and step.isdecimal() and int(step) < len(answer):
            answer = answer[int(step)]
        elif isinstance(answer, Mapping) and step in answer:
            answer = answer[step]
        else:
            return ""
    return str(answer) if path and isinstance(answer, str | int) else ""


def _is_good(answer: Any, label: str) -> bool:
    """``SMS_HTTP_OK`` is ``path=word|word``: their way to say yes, where a status of 2xx says too little."""
    path, _equals, words = settings.SMS_HTTP["ok"].partition("=")
    if not path:
        return True
    said = text_at(answer, path)
    if not said:
        raise garbled(label)
    return said.lower() in words.lower().split("|")


def _signed(asked: _Request) -> _Request:
    way, _colon, name = settings.SMS_HTTP["auth"].partition(":")
    key = settings.SMS_GATEWAY_KEY
    if way == "bearer":
        asked.headers["Authorization"] = f"Bearer {key}"
    elif way == "basic":
        asked.headers["Authorization"] = f"Basic {base64.b64encode(key.encode()).decode()}"
    elif way == "header":
        asked.headers[name] = key
    elif way == "field":
        asked.fields[name] = key
    return asked


def _sent(label: str, method: str, url: str, asked: _Request) -> HttpReply:
    how = settings.SMS_HTTP["format"]
    if how == "query":
        return call(label, method, url, headers=asked.headers, params=asked.fields)
    kind = "application/json" if how == "json" else "application/x-www-form-urlencoded"
    body = json.dumps(_nested(asked.fields)) if how == "json" else urlencode(asked.fields)
    return call(label, method, url, headers={**asked.headers, "Content-Type": kind}, body=body.encode())


def _nested(fields: Mapping[str, str]) -> dict[str, Any]:
    """``message.text`` is the field ``text`` of the object ``message``."""
    made: dict[str, Any] = {}
    for path, value in fields.items():
        *outer, last = path.split(".")
        place = made
        for step in outer:
            place = place.setdefault(step, {})
        place[last] = value
    return made
