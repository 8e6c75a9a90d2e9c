"""The door of the simulated OTPZap: keys, rate limit, idempotency, ordered misbehaviour (OTPZap contract 1, 11, 12)."""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, request

from .misbehave import Misbehaviour
from .otpzap_account_desk import AccountDesk
from .otpzap_faults import EDITS, REFUSALS
from .otpzap_house import Account, House, Refusal
from .otpzap_mail_desk import MailDesk
from .otpzap_sms_desk import SmsDesk
from .otpzap_wire import SlidingWindow, body_json, error, invalid

View = Callable[[Account], Response]
KEY_PATTERN = re.compile(r"[A-Za-z0-9_-]{1,128}\Z")
KEY_LIFE_SECONDS = 24 * 3600
ONCE = ("topup/create", "order/create", "order/replace", "order/email-create", "order/email-reorder")
CHANGING = re.compile(r"topup/create|order/(?!check|email-check).*")


class OtpzapApi:
    """Hangs the twenty-five operations into a Flask application."""

    def __init__(self, house: House, sms: SmsDesk, mail: MailDesk, account: AccountDesk) -> None:
        self.house = house
        self.views: dict[str, View] = {**account.views(), **sms.views(), **mail.views()}
        self.windows = {number: SlidingWindow() for number in house.accounts}
        self.faults = Misbehaviour(self.views, REFUSALS, EDITS)

    def register(self, app: Flask) -> None:
        for operation, view in self.views.items():
            guarded = self.guarded(operation, self.once(operation, view) if operation in ONCE else view)
            app.add_url_rule(f"/api/v1/{operation}", operation, guarded, methods=[method_of(operation)])
        app.register_error_handler(404, lambda e: error(404, "NOT_FOUND", "No such endpoint"))
        app.register_error_handler(405, lambda e: error(405, "METHOD_NOT_ALLOWED", "Method not allowed"))

    def reset(self) -> None:
        self.windows = {number: SlidingWindow() for number in self.house.accounts}

    def guarded(self, operation: str, view: View) -> Callable[[], Response]:
        """Key, rate limit, ordered misbehaviour, and refusals turned into the error envelope."""

        def guard() -> Response:
            account = self.caller()
            if account is None:
                return error(401, "UNAUTHORIZED", "Invalid API key")
            limit = self.house.settings.rate_per_minute
            with self.house.lock:
                wait, left = self.windows[account.number].take(limit)
            if wait:
                answer = error(429, "RATE_LIMIT_EXCEEDED", "Too many requests", max(1, int(wait + 0.999)))
            else:
                answer = self.faults.perform(operation, lambda: refused_or_done(view, account))
            answer.headers["X-RateLimit-Limit"] = str(limit)
            answer.headers["X-RateLimit-Remaining"] = str(left)
            return answer

        return guard

    def caller(self) -> Account | None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        return self.house.account_of_key(key) if scheme == "Bearer" else None

    def once(self, operation: str, view: View) -> View:
        """Idempotency-Key (section 12.9): same body, same answer; other body, 422; kept 24 hours.

        Server errors are not kept; nor is 429, which says "later" and not what became of it.
        """

        def careful(account: Account) -> Response:
            key = request.headers.get("Idempotency-Key")
            if key is None:
                return view(account)
            if not KEY_PATTERN.match(key):
                raise invalid("Idempotency-Key must be 1 to 128 letters, digits, - or _")
            digest = hashlib.sha256(json.dumps(body_json(), sort_keys=True).encode()).hexdigest()
            place = f"{account.number} {operation} {key}"
            with self.house.lock:
                kept = self.house.state.rows("keys").get(place)
                if kept is not None and self.house.now() - kept["at"] < KEY_LIFE_SECONDS:
                    return replayed(kept, digest)
                answer = refused_or_done(view, account)
                if answer.status_code != 429 and answer.status_code < 500:
                    row = {"digest": digest, "status": answer.status_code, "body": answer.get_data(as_text=True)}
                    self.house.state.put("keys", place, {**row, "at": self.house.now()})
                return answer

        return careful


def method_of(operation: str) -> str:
    if operation == "webhook/update":
        return "PATCH"
    return "POST" if CHANGING.fullmatch(operation) else "GET"


def refused_or_done(view: View, account: Account) -> Response:
    try:
        return view(account)
    except Refusal as refusal:
        return error(refusal.status, refusal.code, refusal.message, refusal.retry_after)


def replayed(kept: dict[str, Any], digest: str) -> Response:
    if kept["digest"] != digest:
        raise Refusal(422, "IDEMPOTENCY_KEY_REUSED", "This Idempotency-Key was used with another body")
    answer = Response(kept["body"], kept["status"], mimetype="application/json")
    answer.headers["Idempotent-Replayed"] = "true"
    return answer
