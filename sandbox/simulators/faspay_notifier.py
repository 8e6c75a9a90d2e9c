"""The simulated Faspay calls the merchant: signed letters, sent until they are accepted, and kept with every answer.

Signed over the canonical path whatever the merchant's own path is (contract 1.3).
"""

import json
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

import requests

from .faspay_bank import FLAGS, Account, Bank, QrCode, random_digits, snap_time
from .faspay_keys import KeyRing
from .faspay_letters import ORDERED, Letter, write_letter
from .faspay_signing import sign, string_to_sign
from .state import WIB, Row

PATH = "/v1.0/transfer-va/payment"
INQUIRY_PATH = "/v1.0/transfer-va/inquiry"
QR_PATH = "/v1.0/qr/qr-mpm-notify"
NOTIFICATION, QR, STATIC, INQUIRY, PAYMENT = "notification", "qr", "static", "inquiry", "payment"
# By which orders to misbehave a letter of a kind is broken, the first that has one.
OPERATIONS = {
    NOTIFICATION: ("notification",),
    QR: ("qr-notification", "notification"),
    STATIC: ("static-notification", "notification"),
    INQUIRY: ("inquiry",),
    PAYMENT: ("payment",),
}
# What an answer must say to be the last attempt; for the flag "Inconsistent Request" counts as success (contract 7).
ACCEPTED = {
    NOTIFICATION: ("2002500",),
    QR: ("2005200",),
    STATIC: ("2002500",),
    INQUIRY: ("2002400",),
    PAYMENT: ("2002500", "4042518"),
}


@dataclass
class NotifySettings:
    notify_url: str = ""
    # Where inquiry, flag and QRIS notifications go; empty means where notify_url is.
    merchant_url: str = ""
    legacy_notify_url: str = ""
    attempts: int = 3
    retry_seconds: float = 3.0
    answer_seconds: float = 10.0


@dataclass
class Notification:
    """One letter; `trx_id` is what it is about: our trxId, our partnerReferenceNo, or the paymentRequestId."""

    id: int
    trx_id: str
    virtual_account_no: str
    external_id: str
    url: str
    headers: dict[str, str]
    body: str
    mode: str = ""
    kind: str = NOTIFICATION
    attempts: list[Row] = field(default_factory=list)
    done: bool = False
    accepted: bool = False


@dataclass
class Order:
    """How something is to be told to the merchant."""

    status: str = "00"
    times: int = 1
    prefix: str = ""
    send: bool = True
    wait: bool = False
    delay_seconds: float = 0.0
    same_external_id: bool = False
    # Several letters at the same moment, or one after the other.
    concurrent: bool = True


@dataclass
class Message:
    """What is to be told, before it is signed."""

    kind: str
    about: str
    path: str
    body: Row
    number: str = ""


class Notifier:
    def __init__(self, bank: Bank, keys: KeyRing, take_mode: Callable[[str], str]) -> None:
        """`take_mode` tells how the next letter of an operation is to be broken ("" for not at all)."""
        self.bank, self.keys, self.take_mode = bank, keys, take_mode
        self.at_start, self.settings = NotifySettings(), NotifySettings()
        self.load()

    def load(self) -> None:
        rows = self.bank.state.rows("notifications")
        self.notifications = {int(key): Notification(**row) for key, row in rows.items()}

    def reset(self) -> None:
        """Forget everything; the merchant listens where it did at the start."""
        self.settings = replace(self.at_start)
        self.bank.state.clear("notifications")
        self.load()

    def url(self, path: str, prefix: str) -> str:
        if path == PATH:
            return self.settings.notify_url.replace(PATH, prefix + PATH)
        return self.merchant_url + prefix + path

    @property
    def merchant_url(self) -> str:
        return (self.settings.merchant_url or self.settings.notify_url.removesuffix(PATH)).rstrip("/")

    def tell(self, message: Message, order: Order) -> list[Notification]:
        """Write the letters of a message and, unless told otherwise, send each in its own thread."""
        mode = self.next_mode(message.kind)
        written = self.write_all(message, order, mode)
        if order.send and mode != "lost":
            self.send(written, replace(order, concurrent=order.concurrent and mode not in ORDERED))
        return written

    def next_mode(self, kind: str) -> str:
        return next((mode for name in OPERATIONS[kind] if (mode := self.take_mode(name))), "")

    def send(self, written: list[Notification], order: Order) -> None:
        if order.concurrent:
            threads = [self.thread([one], order.delay_seconds) for one in written]
        else:
            threads = [self.thread(written, order.delay_seconds)]
        for thread in threads:
            thread.start()
        for thread in threads if order.wait else ():
            thread.join()

    def thread(self, letters: list[Notification], delay: float) -> threading.Thread:
        def deliver() -> None:
            time.sleep(delay)
            for letter in letters:
                self.deliver(letter)

        return threading.Thread(target=deliver, daemon=True)

    def write_all(self, message: Message, order: Order, mode: str) -> list[Notification]:
        external_id = random_digits(35)
        written = []
        for letter in letters_of(message, order, mode):
            written.append(self.write(message, letter, external_id, order.prefix))
            same = order.same_external_id or mode == "same_external_id"
            external_id = external_id if same else random_digits(35)
        return written

    def write(self, message: Message, letter: Letter, external_id: str, prefix: str = "") -> Notification:
        headers = self.headers(letter, external_id)
        with self.bank.lock:
            notification = Notification(
                id=max(self.notifications, default=0) + 1,
                kind=message.kind,
                trx_id=message.about,
                virtual_account_no=message.number,
                external_id=external_id,
                url=self.url(message.path, prefix),
                headers=headers,
                body=letter.wire,
                mode=letter.mode,
            )
            self.notifications[notification.id] = notification
            self.keep(notification)
            return notification

    def headers(self, letter: Letter, external_id: str) -> dict[str, str]:
        shift = 2 * 86400 if letter.mode == "old_timestamp" else 0
        stamp = snap_time(time.time() - shift)
        if letter.mode == "bad_timestamp":
            stamp = stamp[:19]
        made = {
            "Content-Type": "application/json",
            "X-TIMESTAMP": stamp,
            "X-SIGNATURE": self.signature(
                string_to_sign("POST", letter.path, letter.signed.encode(), stamp), letter.mode
            ),
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
        return sign(self.keys.foreign if mode == "foreign_key" else self.keys.next_key(), text)

    # -- sending

    def deliver(self, notification: Notification) -> None:
        """Up to three attempts, the same body and X-EXTERNAL-ID each time (contract 4.1 and 4.2).

        A bank asks and flags only once: its customer stands at the counter.
        """
        attempts = 1 if notification.kind in (INQUIRY, PAYMENT) else self.settings.attempts
        for attempt in range(attempts):
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
            code = response_code(reply.text)
            notification.accepted = code in ACCEPTED[notification.kind] and reply.status_code in (200, int(code[:3]))
        notification.attempts.append(entry)
        self.keep(notification)

    def keep(self, notification: Notification) -> None:
        with self.bank.lock:
            if self.notifications.get(notification.id) is notification:  # not after a reset
                self.bank.state.put("notifications", notification.id, asdict(notification))


def letters_of(message: Message, order: Order, mode: str) -> list[Letter]:
    """`times` letters, and one more where the mode takes two."""
    letters = [write_letter(message.body, message.path, mode) for _ in range(order.times)]
    match mode:
        case "duplicate":
            letters.append(letters[0])
        case "same_external_id":
            letters.append(write_letter(message.body, message.path, "wrong_amount"))
        case "out_of_order":
            letters.append(write_letter(paying(message.body), message.path, mode))
    return letters


def paying(body: Row) -> Row:
    """An older state of the same payment, told after the newer one."""
    older = json.loads(json.dumps(body))
    place = older if "latestTransactionStatus" in older else older.get("additionalInfo", older)
    place |= {"latestTransactionStatus": "02", "transactionStatusDesc": "Paying"}
    return dict(older)


def answered(notification: Notification) -> Row:
    """The JSON object of the last answer, {} without one."""
    try:
        body = json.loads(notification.attempts[-1]["answer"] if notification.attempts else "")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def response_code(text: str) -> str:
    try:
        body = json.loads(text)
    except ValueError:
        return ""
    return str(body.get("responseCode", "")) if isinstance(body, dict) else ""


def account_message(account: Account, payment: Row, status: str, merchant: str) -> Message:
    """The dynamic form (contract 4.2): paymentRequestId equals virtualAccountNo, ids padded to eight."""
    body = {
        "partnerServiceId": account.padded_service_id,
        "customerNo": account.customer_no,
        "virtualAccountNo": account.padded_number,
        "paymentRequestId": account.padded_number,
        "trxId": account.trx_id,
        "paidAmount": {"value": payment["amount"], "currency": "IDR"},
        "additionalInfo": status_info(payment["at"], account.channel_code, merchant, status),
    }
    return Message(NOTIFICATION, account.trx_id, PATH, body, account.number)


def qr_message(code: QrCode, payment: Row, status: str, merchant: str) -> Message:
    """Service 52: status and amount beside the references, the rest in additionalInfo."""
    info = status_info(payment["at"], code.channel_code, merchant, status)
    body = {
        "originalReferenceNo": code.faspay_trx_id,
        "originalPartnerReferenceNo": code.trx_id,
        "latestTransactionStatus": info.pop("latestTransactionStatus"),
        "transactionStatusDesc": info.pop("transactionStatusDesc"),
        "amount": {"value": payment["amount"], "currency": "IDR"},
        "additionalInfo": info,
    }
    return Message(QR, code.trx_id, QR_PATH, body)


def status_info(at: float, channel: str, merchant: str, status: str) -> dict[str, Any]:
    return {
        "paymentDate": datetime.fromtimestamp(at, WIB).strftime("%Y-%m-%d %H:%M:%S"),
        "channelCode": channel,
        "merchantId": merchant,
        "latestTransactionStatus": status,
        "transactionStatusDesc": FLAGS.get(status, "Unknown"),
    }


def shown(notifications: Iterable[Notification]) -> list[Row]:
    return [asdict(notification) for notification in notifications]
