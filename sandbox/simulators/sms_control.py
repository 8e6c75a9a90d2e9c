"""What a person or a test reads and does at the simulated SMS gateway: every phone is here."""

from dataclasses import asdict
from typing import Any

from flask import Flask, request

from .control import add_common_control, add_control, change_settings, limit_of
from .misbehave import BadControl
from .sms_api import SmsApi
from .sms_books import ACCEPTED, DELIVERED, ENDS, Books, Message
from .state import RequestLog, Row


class SmsControl:
    def __init__(self, books: Books, api: SmsApi, log: RequestLog) -> None:
        self.books, self.api, self.log = books, api, log

    def register(self, app: Flask) -> None:
        add_common_control(app, self.api.faults, self.log, self.books.reset)
        add_control(app, "GET", "messages", self.messages)
        add_control(app, "POST", "end", self.end)
        add_control(app, "GET", "settings", lambda wanted: change_settings(self.books.delays, {}))
        add_control(app, "POST", "settings", lambda wanted: change_settings(self.books.delays, wanted))

    def messages(self, wanted: Row) -> Any:
        """Newest first, with their texts; `to` finds those of a number by its last digits."""
        to, reference, most = request.args.get("to", ""), request.args.get("reference", ""), limit_of(100)
        found = [one for one in self.books.newest_first() if one.to.endswith(to) and reference in ("", one.reference)]
        return {"messages": [as_json(one) for one in found[:most]], "total": len(found)}

    def end(self, wanted: Row) -> Any:
        """A message that is on its way ends now, delivered unless another `status` is given."""
        message, status = self.books.messages.get(str(wanted.get("reference", ""))), wanted.get("status", DELIVERED)
        if message is None:
            raise BadControl("no message has that reference")
        if message.status != ACCEPTED or status not in ENDS:
            raise BadControl(f"what was accepted can end {', '.join(ENDS)}")
        self.books.end(message, status, str(wanted.get("code", "")))
        return {"message": as_json(message)}


def as_json(message: Message) -> Row:
    return {**asdict(message), "at": message.moment}
