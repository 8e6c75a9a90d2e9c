"""The simulated Faspay calls the merchant: signed payment notifications, honest or broken on purpose.

Body of contract 4.2 (dynamic); signed over the canonical path whatever the merchant's own path is (1.3).
"""

import json
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from .faspay_bank import FLAGS, Account, Bank, random_digits, snap_time
from .faspay_signing import sign, string_to_sign
from .state import WIB, Row

PATH = "/v1.0/transfer-va/payment"
MODES = (
    "bad_signature",
    "foreign_key",
    "no_signature",
    "unpadded",
    "padding_lost",
    "duplicate",
    "tampered",
    "malformed",
    "wrong_path",
    "escaped_slashes",
    "whitespace",
    "wrong_amount",
    "no_amount",
    "glued_date",
    "old_timestamp",
    "lost",
)


@dataclass
class NotifySettings:
    notify_url: str = ""
    attempts: int = 3
    retry_seconds: float = 3.0
    answer_seconds: float = 10.0


@dataclass
class Letter:
    """What is written before it is sent: `wire` goes out, `signed` is what the signature covers."""

    wire: str
    signed: str
    path: str = PATH
    mode: str = ""


@dataclass
class Notification:
    id: int
    trx_id: str
    virtual_account_no: str
    external_id: str
    url: str
    headers: dict[str, str]
    body: str
    mode: str = ""
    attempts: list[Row] = field(default_factory=list)
    done: bool = False
    accepted: bool = False


@dataclass
class Order:
    """How a payment is to be told to the merchant."""

    status: str = "00"
    times: int = 1
    prefix: str = ""
    send: bool = True
    wait: bool = False
    delay_seconds: float = 0.0
    same_external_id: bool = False


class Notifier:
    def __init__(self, bank: Bank, key: RSAPrivateKey, take_mode: Callable[[], str]) -> None:
        """`take_mode` tells how the next notification is to be broken ("" for not at all)."""
        self.bank, self.key, self.take_mode = bank, key, take_mode
        self.settings = NotifySettings()
        self.load()

    def load(self) -> None:
        rows = self.bank.state.rows("notifications")
        self.notifications = {int(key): Notification(**row) for key, row in rows.items()}

    @cached_property
    def foreign_key(self) -> RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def tell(self, account: Account, payment: Row, order: Order) -> list[Notification]:
        """Write the notifications of a payment and, unless told otherwise, send each in its own thread."""
        mode = self.take_mode()
        written = self.write_all(account, payment, order, mode)
        if order.send and mode != "lost":
            threads = [
                threading.Thread(target=self.deliver, args=(notification, order.delay_seconds), daemon=True)
                for notification in written
            ]
            for thread in threads:
                thread.start()
            if order.wait:
                for thread in threads:
                    thread.join()
        return written

    def write_all(self, account: Account, payment: Row, order: Order, mode: str) -> list[Notification]:
        letter = write_letter(account, payment, order.status, self.bank.merchant, mode)
        external_id = random_digits(35)
        written = []
        for _ in range(order.times + (mode == "duplicate")):
            written.append(self.write(account, letter, external_id, order.prefix))
            external_id = external_id if order.same_external_id else random_digits(35)
        return written

    def write(self, account: Account, letter: Letter, external_id: str, prefix: str) -> Notification:
        with self.bank.lock:
            notification = Notification(
                id=max(self.notifications, default=0) + 1,
                trx_id=account.trx_id,
                virtual_account_no=account.number,
                external_id=external_id,
                url=self.settings.notify_url.replace(PATH, prefix + PATH),
                headers=self.headers(letter, external_id),
                body=letter.wire,
                mode=letter.mode,
            )
            self.notifications[notification.id] = notification
            self.keep(notification)
            return notification

    def headers(self, letter: Letter, external_id: str) -> dict[str, str]:
        shift = 2 * 86400 if letter.mode == "old_timestamp" else 0
        stamp = snap_time(time.time() - shift)
        text = string_to_sign("POST", letter.path, letter.signed.encode(), stamp)
        made = {
            "Content-Type": "application/json",
            "X-TIMESTAMP": stamp,
            "X-SIGNATURE": self.signature(text, letter.mode),
            "X-PARTNER-ID": self.bank.merchant,
            "X-EXTERNAL-ID": external_id,
            "CHANNEL-ID": "77001",
        }
        if letter.mode == "no_signature":
            del made["X-SIGNATURE"]
        return made

    def signature(self, text: str, mode: str) -> str:
        if mode == "bad_signature":
            text = text[::-1]
        return sign(self.foreign_key if mode == "foreign_key" else self.key, text)

    # -- sending

    def deliver(self, notification: Notification, delay: float) -> None:
        """Up to three attempts, the same body and X-EXTERNAL-ID each time (contract 4.1 and 4.2)."""
        time.sleep(delay)
        for attempt in range(self.settings.attempts):
            if attempt:
                time.sleep(self.settings.retry_seconds)
            self.attempt(notification)
            if notification.accepted:
                break
        notification.done = True
        self.keep(notification)

    def attempt(self, notification: Notification) -> None:
        entry: Row = {"at": snap_time(time.time()), "status": None, "answer": "", "error": ""}
        try:
            reply = requests.post(
                notification.url,
                data=notification.body.encode(),
                headers=notification.headers,
                timeout=self.settings.answer_seconds,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            entry["error"] = type(error).__name__
        else:
            entry |= {"status": reply.status_code, "answer": reply.text[:2000]}
            notification.accepted = reply.status_code == 200 and says_ok(reply)
        notification.attempts.append(entry)
        self.keep(notification)

    def keep(self, notification: Notification) -> None:
        with self.bank.lock:
            if self.notifications.get(notification.id) is notification:  # not after a reset
                self.bank.state.put("notifications", notification.id, asdict(notification))


def says_ok(reply: requests.Response) -> bool:
    try:
        body = reply.json()
    except ValueError:
        return False
    return isinstance(body, dict) and body.get("responseCode") == "2002500"


def notification_body(account: Account, payment: Row, status: str, merchant: str) -> dict[str, Any]:
    """The dynamic form: paymentRequestId equals virtualAccountNo, ids padded to eight."""
    return {
        "partnerServiceId": account.padded_service_id,
        "customerNo": account.customer_no,
        "virtualAccountNo": account.padded_number,
        "paymentRequestId": account.padded_number,
        "trxId": account.trx_id,
        "paidAmount": {"value": payment["amount"], "currency": "IDR"},
        "additionalInfo": {
            "paymentDate": datetime.fromtimestamp(payment["at"], WIB).strftime("%Y-%m-%d %H:%M:%S"),
            "channelCode": account.channel_code,
            "merchantId": merchant,
            "latestTransactionStatus": status,
            "transactionStatusDesc": FLAGS.get(status, "Unknown"),
        },
    }


def write_letter(account: Account, payment: Row, status: str, merchant: str, mode: str) -> Letter:
    """Body as text, and the ways to break it that lie in the text."""
    body = notification_body(account, payment, status, merchant)
    info = body["additionalInfo"]
    match mode:
        case "unpadded":
            strip_ids(body, "")
        case "wrong_amount":
            body["paidAmount"]["value"] = raised(body)
        case "no_amount":
            del body["paidAmount"]
        case "glued_date":
            info["paymentDate"] = info["paymentDate"].replace(" ", "")
        case "escaped_slashes":
            info["transactionStatusDesc"] = "Success/Sukses"
    signed = compact(body)
    return on_the_wire(body, signed, mode)


def on_the_wire(body: dict[str, Any], signed: str, mode: str) -> Letter:
    match mode:
        case "tampered":
            return Letter(compact(body | {"paidAmount": {"value": raised(body), "currency": "IDR"}}), signed, mode=mode)
        case "padding_lost":
            return Letter(compact(strip_ids(dict(body), " ")), signed, mode=mode)
        case "malformed":
            return Letter(signed[:-1], signed[:-1], mode=mode)
        case "wrong_path":
            return Letter(signed, signed, path="/v1.0/transfer-va/inquiry", mode=mode)
        case "escaped_slashes":
            return Letter(signed.replace("/", "\\/"), signed, mode=mode)
        case "whitespace":
            return Letter(json.dumps(body, indent=2), signed, mode=mode)
    return Letter(signed, signed, mode=mode)


def strip_ids(body: dict[str, Any], padding: str) -> dict[str, Any]:
    for name in ("partnerServiceId", "virtualAccountNo", "paymentRequestId"):
        body[name] = padding + body[name].strip()
    return body


def raised(body: dict[str, Any]) -> str:
    return f"{Decimal(body['paidAmount']['value']) + 900_000:.2f}"


def compact(body: dict[str, Any]) -> str:
    return json.dumps(body, separators=(",", ":"))


def shown(notifications: Iterable[Notification]) -> list[Row]:
    return [asdict(notification) for notification in notifications]
