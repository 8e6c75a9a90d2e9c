"""The simulated OVO calls the merchant: the unsigned activation callback, and the legacy payment notification.

Contract 4.1 and 5.3: the callback is a GET, by query or with a body; a notification is sent up to three times.
"""

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlencode

import requests

from . import faspay_ovo_books as books
from .faspay_bank import snap_time
from .faspay_ovo_books import OvoBooks, Payment
from .faspay_ovo_wire import JSON, TYPES, XML, digest
from .state import Row

NOTIFICATION_MODES = (
    "bad_signature",
    "no_signature",
    "tampered",
    "duplicate",
    "malformed",
    "wrong_amount",
    "other_merchant",
    "ampersand",
    "bad_declaration",
    "comma",
    "old_form",
    "doctype",
    "numbers",
    "duplicate_keys",
    "nan",
    "huge",
    "lost",
)
CALLBACK_MODES = ("failed", "other_phone", "malformed", "lost")
WORDS = {
    "0": "Unprocessed",
    "2": "Payment Sukses",
    "3": "Payment Failed",
    "4": "Reversal",
    "7": "Expired",
    "8": "Cancelled",
}
QUERY = "query"


@dataclass
class OvoSettings:
    """Where the merchant listens; a form is json or xml, the callback's may be query too."""

    notify_url: str = ""
    notify_form: str = JSON
    callback_url: str = ""
    callback_form: str = QUERY
    return_url: str = ""
    attempts: int = 3
    retry_seconds: float = 3.0
    answer_seconds: float = 10.0
    window_seconds: float = 60.0
    ignore_pages: bool = False


@dataclass
class Letter:
    id: int
    kind: str
    about: str
    method: str
    url: str
    content_type: str
    body: str
    mode: str = ""
    attempts: list[Row] = field(default_factory=list)
    done: bool = False
    accepted: bool = False


@dataclass
class LegacyNews:
    """What an old notification says of anything that can be paid (contract 4.1); amounts are rupiah as text."""

    trx_id: str
    bill_no: str
    reference: str
    paid_at: float
    status: str
    bill: str
    paid: str
    channel_uid: str
    channel: str


class OvoCaller:
    def __init__(self, own: OvoBooks, user_id: str, password: str, take_mode: Callable[[str], str]) -> None:
        """`take_mode` tells how the next letter of a kind is to be broken ("" for not at all)."""
        self.books, self.user_id, self.password, self.take_mode = own, user_id, password, take_mode
        self.at_start, self.settings = OvoSettings(), OvoSettings()
        self.load()

    def load(self) -> None:
        rows = self.books.state.rows("ovo_letters")
        self.letters = {int(key): Letter(**row) for key, row in rows.items()}

    def call_back(self, phone: str, success: bool, wait: bool = False) -> list[Letter]:
        """Tell that an activation ended. Nobody signs this."""
        mode = self.take_mode("callback")
        row = {
            "response": "Account Activation OVO OpenAPI",
            "phone_number": "081299999999" if mode == "other_phone" else phone,
            "response_code": "00" if success and mode != "failed" else "01",
            "response_desc": "success" if success else "failed",
        }
        url, form = self.settings.callback_url, self.settings.callback_form
        if form == QUERY:
            url, body = f"{url}{'&' if '?' in url else '?'}{urlencode(row)}", ""
        else:
            body = written(form, row)
        letter = self.keep_new("callback", phone, "GET", url, form, body[:-3] if mode == "malformed" else body, mode)
        return self.send([letter], wait)

    def notify(
        self, payment: Payment, *, status: str = "", times: int = 1, wait: bool = False, send: bool = True
    ) -> list[Letter]:
        """Tell of a payment, `times` times; with `send` false it is only written."""
        mode = self.take_mode("notification")
        news = self.news(payment)
        news.status = status or news.status
        letters = self.write(news, self.settings.notify_url, self.settings.notify_form, mode, times)
        return self.send(letters, wait) if send else letters

    def news(self, payment: Payment) -> LegacyNews:
        now = self.books.now()
        return LegacyNews(
            trx_id=payment.trx_id,
            bill_no=payment.bill_no,
            reference="null",
            paid_at=payment.paid_at or now,
            status=payment.status_at(now),
            bill=str(payment.amount),
            paid=str(payment.amount),
            channel_uid="720",
            channel="OVO OpenAPI",
        )

    def write(self, news: LegacyNews, url: str, form: str, mode: str, times: int) -> list[Letter]:
        """Letters that are not sent yet; one more than `times` when it is to be a duplicate."""
        body = self.notification(news, form, mode)
        return [
            self.keep_new("notification", news.trx_id, "POST", url, form, body, mode)
            for _ in range(times + (mode == "duplicate"))
        ]

    def notification(self, news: LegacyNews, form: str, mode: str) -> str:
        row = {
            "request": "Payment Notification",
            "trx_id": news.trx_id,
            "merchant_id": self.books.merchant,
            "merchant": "GERBANG",
            "bill_no": news.bill_no,
            "payment_reff": news.reference,
            "payment_date": books.time_text(news.paid_at),
            "payment_status_code": news.status,
            "payment_status_desc": WORDS.get(news.status, "Unknown"),
            "bill_total": news.bill,
            "payment_total": news.paid,
            "payment_channel_uid": news.channel_uid,
            "payment_channel": news.channel,
            "signature": digest(self.user_id, self.password, news.bill_no, news.status),
        }
        return broken(written(form, changed(row, mode)), form, mode)

    def keep_new(self, kind: str, about: str, method: str, url: str, form: str, body: str, mode: str) -> Letter:
        with self.books.lock:
            number = max(self.letters, default=0) + 1
            letter = Letter(number, kind, about, method, url, TYPES.get(form, ""), body, mode)
            self.letters[number] = letter
            self.keep(letter)
            return letter

    def send(self, letters: list[Letter], wait: bool, *, delay: float = 0.0, concurrent: bool = True) -> list[Letter]:
        """All at once, or one after the other."""
        going = [letter for letter in letters if letter.mode != "lost" and letter.url.startswith("http")]
        groups = [[letter] for letter in going] if concurrent else [going]
        threads = [threading.Thread(target=self.deliver_all, args=(group, delay), daemon=True) for group in groups]
        for thread in threads:
            thread.start()
        for thread in threads if wait else ():
            thread.join()
        return letters

    def deliver_all(self, letters: list[Letter], delay: float) -> None:
        time.sleep(delay)
        for letter in letters:
            self.deliver(letter)

    def deliver(self, letter: Letter) -> None:
        attempts = self.settings.attempts if letter.kind == "notification" else 1
        for attempt in range(attempts):
            if attempt:
                time.sleep(self.settings.retry_seconds)
            self.attempt(letter)
            if letter.accepted:
                break
        letter.done = True
        self.keep(letter)

    def attempt(self, letter: Letter) -> None:
        entry: Row = {"at": snap_time(time.time()), "status": None, "type": "", "answer": "", "error": ""}
        headers = {"Content-Type": letter.content_type} if letter.content_type else {}
        try:
            reply = requests.request(
                letter.method,
                letter.url,
                data=letter.body.encode() or None,
                headers=headers,
                timeout=self.settings.answer_seconds,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            entry["error"] = type(error).__name__
        else:
            entry |= {"status": reply.status_code, "answer": reply.text[:2000]}
            entry["type"] = reply.headers.get("Content-Type", "")
            letter.accepted = reply.status_code == 200 and (letter.kind == "callback" or says_ok(reply.text))
        letter.attempts.append(entry)
        self.keep(letter)

    def keep(self, letter: Letter) -> None:
        with self.books.lock:
            if self.letters.get(letter.id) is letter:  # not after a reset
                self.books.state.put("ovo_letters", letter.id, asdict(letter))


def says_ok(text: str) -> bool:
    """Code 00 in JSON or XML, found as text: what is around it is the merchant's own business."""
    return bool(re.search(r'"response_code"\s*:\s*"00"|<response_code>00</response_code>', text))


def written(form: str, row: Row) -> str:
    if form == JSON:
        return json.dumps(row)
    # Unescaped, as Faspay does it: a merchant's name may have an ampersand (contract 4.1).
    inner = "".join(f"  <{name}>{value}</{name}>\n" for name, value in row.items())
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<faspay>\n{inner}</faspay>\n'


def changed(row: dict[str, Any], mode: str) -> dict[str, Any]:
    match mode:
        case "bad_signature":
            return {**row, "signature": row["signature"][::-1]}
        case "no_signature":
            return {name: value for name, value in row.items() if name != "signature"}
        case "tampered":
            return {**row, "payment_status_code": "2" if row["payment_status_code"] != "2" else "3"}
        case "wrong_amount":
            return {**row, "payment_total": row["payment_total"] + "00"}
        case "other_merchant":
            return {**row, "merchant_id": "99999"}
        case "ampersand":
            return {**row, "merchant": "Toko & Anak &copy"}
        case "huge":
            return {**row, "merchant": "x" * 1_200_000}
        case "numbers":
            return {name: int(value) if value.isdecimal() else value for name, value in row.items()}
        case "comma":
            return {**row, "bill_total": row["bill_total"] + ",00", "payment_total": row["payment_total"] + ",00"}
        case "old_form":
            return {name: row[name] for name in row if not name.endswith("_total")} | {"amount": row["payment_total"]}
    return row


def broken(text: str, form: str, mode: str) -> str:
    match (mode, form):
        case ("malformed", _):
            return text.rstrip()[:-9]
        case ("duplicate_keys", "json"):
            return text[:-1] + ', "payment_status_code": "2", "payment_total": "9999999"}'
        case ("duplicate_keys", "xml"):
            return text.replace("</faspay>", "  <payment_total>9999999</payment_total>\n</faspay>", 1)
        case ("nan", _):
            return re.sub(r'(payment_total)(": |>)"?\d+"?', r"\1\2NaN", text, count=1)
        case ("bad_declaration", "xml"):
            return text.replace("encoding=", "encodin0g=", 1)
        case ("doctype", "xml"):
            return text.replace("<faspay>", '<!DOCTYPE faspay [<!ENTITY a "b">]><faspay>', 1)
    return text


def forms_for(name: str) -> tuple[str, ...]:
    return (QUERY, JSON, XML) if name == "callback_form" else (JSON, XML)
