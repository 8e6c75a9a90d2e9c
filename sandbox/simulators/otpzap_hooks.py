"""Webhooks of the simulated OTPZap: signed, sent in the background, and again until they are taken (contract 10)."""

import base64
import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import requests

from .misbehave import Misbehaviour
from .otpzap_hook_rules import Hook, Names
from .otpzap_house import House
from .otpzap_notes import Note, tampered, written
from .state import Row

OPERATION = "webhook"
KEPT = 2_000


@dataclass
class Delivery:
    id: int
    account: int
    event_id: str
    event: str
    about: str
    url: str
    body: str
    signed: str
    mode: str = ""
    # Of the last attempt.
    headers: dict[str, str] = field(default_factory=dict)
    attempts: list[Row] = field(default_factory=list)
    accepted: bool = False
    done: bool = False


@dataclass
class Sending:
    """How notes are to be sent. Not `send`: only write them."""

    times: int = 1
    send: bool = True
    wait: bool = False
    delay_seconds: float = 0.0
    concurrent: bool = False


class Hooks:
    """One configuration per account. `url` and `secret` are those of every account that has set nothing else."""

    def __init__(
        self, house: House, faults: Misbehaviour, url: str = "", secret: str = "", local: bool = False
    ) -> None:
        self.house, self.state, self.faults = house, house.state, faults
        self.started_with, self.local = (url, secret), local
        self.names = Names()
        # How the notes of the running control call go out, one per thread that serves one.
        self.calling = threading.local()
        self.load()

    def load(self) -> None:
        url, secret = self.started_with
        self.hooks = {number: Hook(number, url, ["*"] if url else [], True, secret) for number in self.house.accounts}
        self.hooks |= {int(key): Hook(**row) for key, row in self.state.rows("hooks").items()}
        self.deliveries = {int(key): Delivery(**row) for key, row in self.state.rows("notes").items()}

    def reset(self) -> None:
        self.state.clear("hooks", "notes")
        self.names = Names()
        self.load()

    def set(self, hook: Hook) -> None:
        with self.state.lock:
            self.hooks[hook.account] = hook
            self.state.put("hooks", hook.account, asdict(hook))

    # -- telling

    @contextmanager
    def in_this_way(self, how: Sending) -> Iterator[list[Delivery]]:
        """What is told meanwhile by this thread is sent at the end, when no lock is held any more."""
        self.calling.how, self.calling.written = how, []
        try:
            yield self.calling.written
            self.send([one for one in self.calling.written if one.mode != "lost"], how)
        finally:
            self.calling.how = None

    def tell(self, event: str, account: int, about: str, data: Row) -> None:
        """Something happened to an order or a deposit."""
        hook = self.hooks.get(account)
        if hook is None or not hook.wants(event) or self.is_silent(hook):
            return
        rule = self.faults.take(OPERATION)
        self.write(hook, Note(event, about, data), rule.mode if rule else "")

    def is_silent(self, hook: Hook) -> bool:
        limit = self.house.settings.webhook_off_after
        return bool(self.house.settings.webhook_quiet) or (0 < limit <= hook.failures)

    def write(self, hook: Hook, note: Note, mode: str) -> None:
        how: Sending | None = getattr(self.calling, "how", None)
        made = [self.delivery(hook, one, mode) for one in written(note, mode, how.times if how else 1)]
        if how is None:
            self.send([one for one in made if one.mode != "lost"], Sending())
        else:
            self.calling.written.extend(made)

    def delivery(self, hook: Hook, note: Note, mode: str) -> Delivery:
        event = {"id": note.id, "event": note.event, "timestamp": rfc_time(self.house.now()), "data": note.data}
        body, signed = tampered(event, mode)
        with self.state.lock:
            number = max(self.deliveries, default=0) + 1
            made = Delivery(number, hook.account, note.id, note.event, note.about, hook.url, body, signed, mode)
            self.deliveries[number] = made
            self.keep(made)
            self.forget_old()
            return made

    def forget_old(self) -> None:
        while len(self.deliveries) > KEPT:
            oldest = next(iter(self.deliveries))
            del self.deliveries[oldest]
            self.state.put("notes", oldest, None)

    def headers(self, delivery: Delivery) -> dict[str, str]:
        settings, made = self.house.settings, {"Content-Type": "application/json"}
        secret = self.hooks[delivery.account].secret
        if delivery.mode == "foreign_secret":
            secret = secrets.token_hex(24)
        if delivery.mode == "no_signature":
            return made
        made[settings.signature_header] = settings.signature_prefix + self.signature(secret, delivery)
        if settings.standard_headers:
            stamp = str(int(self.house.now()) - (7200 if delivery.mode == "old_timestamp" else 0))
            mac = hmac.new(secret.encode(), f"{delivery.event_id}.{stamp}.{delivery.signed}".encode(), hashlib.sha256)
            made |= {"webhook-id": delivery.event_id, "webhook-timestamp": stamp}
            made["webhook-signature"] = "v1," + base64.b64encode(mac.digest()).decode()
        return made

    def signature(self, secret: str, delivery: Delivery) -> str:
        """HMAC-SHA256 with the secret as typed over the raw body (12.1)."""
        kind = hashlib.sha1 if delivery.mode == "sha1" else hashlib.sha256
        mac = hmac.new(secret.encode(), delivery.signed.encode(), kind)
        if self.house.settings.signature_encoding == "base64":
            value = base64.b64encode(mac.digest()).decode()
        else:
            value = mac.hexdigest()
        return value[::-1] if delivery.mode == "bad_signature" else value

    # -- sending

    def send(self, notes: list[Delivery], how: Sending) -> None:
        if not how.send or not notes:
            return
        groups = [[one] for one in notes] if how.concurrent else [notes]
        threads = [threading.Thread(target=self.deliver_all, args=(group, how), daemon=True) for group in groups]
        for thread in threads:
            thread.start()
        for thread in threads if how.wait else ():
            thread.join()

    def deliver_all(self, notes: list[Delivery], how: Sending) -> None:
        time.sleep(how.delay_seconds)
        for delivery in notes:
            self.deliver(delivery)

    def deliver(self, delivery: Delivery) -> None:
        """Until somebody takes it, the same id every time; any 2xx takes it."""
        settings = self.house.settings
        for attempt in range(settings.webhook_attempts):
            if attempt:
                time.sleep(settings.webhook_retry_seconds)
            self.attempt(delivery)
            if delivery.accepted:
                break
        delivery.done = True
        self.keep(delivery)
        self.count(delivery)

    def attempt(self, delivery: Delivery) -> None:
        entry: Row = {"at": int(time.time()), "status": None, "answer": "", "error": ""}
        delivery.headers = self.headers(delivery)
        try:
            reply = requests.post(
                delivery.url,
                data=delivery.body.encode(),
                headers=delivery.headers,
                timeout=self.house.settings.webhook_answer_seconds,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            entry["error"] = type(error).__name__
        else:
            entry |= {"status": reply.status_code, "answer": reply.text[:500]}
            delivery.accepted = reply.ok and reply.status_code < 300
        delivery.attempts.append(entry)
        self.keep(delivery)

    def count(self, delivery: Delivery) -> None:
        hook = self.hooks[delivery.account]
        hook.failures = 0 if delivery.accepted else hook.failures + 1

    def keep(self, delivery: Delivery) -> None:
        with self.state.lock:
            if self.deliveries.get(delivery.id) is delivery:  # not after a reset
                self.state.put("notes", delivery.id, asdict(delivery))


def rfc_time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def shown(delivery: Delivery) -> dict[str, Any]:
    found = asdict(delivery)
    del found["signed"]
    return found
