"""What the simulated SMS gateway answers: /sms/v1 (docs/simulators.md)."""

import hmac
import json
import re
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, request

from .control import json_response
from .misbehave import Misbehaviour, Rule, bad_gateway
from .serving import Hang
from .sms_books import NOBODY, SILENT, Books, Conflict, Message, shown
from .state import Row

OPERATIONS = ("send", "lookup")
MOST = 500
SILENCE_SECONDS = 60.0
NUMBER = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
SENDER = re.compile(r"[A-Za-z0-9 ]{1,11}", re.ASCII)
REFERENCE = re.compile(r"[A-Za-z0-9-]{8,40}", re.ASCII)


class Refused(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class SmsApi:
    def __init__(self, books: Books, api_key: str) -> None:
        self.books, self.api_key = books, api_key
        self.faults = Misbehaviour(OPERATIONS, REFUSALS)

    def register(self, app: Flask) -> None:
        app.add_url_rule("/sms/v1/messages", "send", self.guarded("send", self.send), methods=["POST"])
        app.add_url_rule("/sms/v1/messages/lookup", "lookup", self.guarded("lookup", self.lookup), methods=["POST"])

    def guarded(self, operation: str, view: Callable[[], Response]) -> Callable[[], Response]:
        def answer() -> Response:
            given = request.headers.get("Authorization", "").removeprefix("Bearer ")
            if not hmac.compare_digest(given.encode(), self.api_key.encode()):
                return json_response({"code": "unauthorized", "message": "Unknown key"}, 401)
            return self.faults.perform(operation, lambda: guarded_view(view))

        return answer

    def send(self) -> Response:
        wanted = message_from(body_of())
        if wanted.ending == NOBODY:
            raise Refused(422, "bad_number", "Nobody has this number")
        try:
            message, fresh = self.books.take(wanted)
        except Conflict:
            raise Refused(409, "reference_conflict", "This reference was used for another message") from None
        if fresh and message.ending == SILENT:
            raise Hang(SILENCE_SECONDS)
        return json_response(shown(message), 201 if fresh else 200)

    def lookup(self) -> Response:
        references = body_of().get("references")
        if not isinstance(references, list) or len(references) > MOST:
            raise Refused(422, "invalid", f"references must be a list of at most {MOST}")
        with self.books.lock:
            self.books.age()
            known = [one for one in references if isinstance(one, str) and one in self.books.messages]
            rows = [shown(self.books.messages[one]) for one in known]
        return json_response({"messages": rows, "unknown": [one for one in references if one not in known]})


def guarded_view(view: Callable[[], Response]) -> Response:
    try:
        return view()
    except Refused as refused:
        return json_response({"code": refused.code, "message": refused.message}, refused.status)


def message_from(body: Row) -> Message:
    reference = text_of(body, "reference", REFERENCE, "invalid")
    number = text_of(body, "to", NUMBER, "bad_number")
    sender = text_of(body, "from", SENDER, "bad_sender")
    text = text_of(body, "text", re.compile(r".{1,1600}", re.DOTALL), "bad_text")
    return Message(reference, number, sender, text, str(body.get("encoding", "")))


def text_of(body: Row, name: str, pattern: re.Pattern[str], code: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise Refused(422, code, f"{name} makes no sense")
    return value


def body_of() -> Row:
    try:
        found: Any = json.loads(request.get_data())
    except ValueError:
        raise Refused(400, "invalid", "The body must be JSON") from None
    if not isinstance(found, dict):
        raise Refused(400, "invalid", "The body must be a JSON object")
    return found


def refuse(status: int, code: str, waits: bool = False) -> Callable[[Rule], Response]:
    def answer(rule: Rule) -> Response:
        found = json_response({"code": rule.code or code, "message": code}, status)
        if waits:
            found.headers["Retry-After"] = str(rule.retry_after)
        return found

    return answer


REFUSALS: dict[str, Callable[[Rule], Response]] = {
    "429": refuse(429, "too_many", waits=True),
    "502": bad_gateway,
    "503": refuse(503, "maintenance", waits=True),
    "unauthorized": refuse(401, "unauthorized"),
    "refused": refuse(422, "bad_text"),
}
