"""Webhooks of the simulated BTCPay Server: signed by HMAC, sent again with a new delivery id until they are taken."""

import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

import requests

from .btcpay_books import Invoice, News, Store, new_id
from .state import Row, StateFile

TABLE = "btcpay_deliveries"
MODES = (
    "bad_signature",
    "no_signature",
    "foreign_secret",
    "sha1",
    "tampered",
    "malformed",
    "duplicate_keys",
    "nan",
    "huge",
    "numbers",
    "no_order",
    "other_order",
    "other_store",
    "unknown_invoice",
    "unknown_type",
    "duplicate",
    "redelivery",
    "out_of_order",
    "lost",
)
TYPES = (
    "InvoiceCreated",
    "InvoiceReceivedPayment",
    "InvoicePaymentSettled",
    "InvoiceProcessing",
    "InvoiceExpired",
    "InvoiceSettled",
    "InvoiceInvalid",
)


@dataclass
class HookSettings:
    webhook_url: str = ""
    attempts: int = 3
    retry_seconds: float = 3.0
    answer_seconds: float = 10.0
    # Rupiah for one BTC.
    rate: int = 1_000_000_000
    # Whether something happening is told at all.
    tell: int = 1


@dataclass
class Delivery:
    id: int
    invoice_id: str
    order_id: str
    type: str
    url: str
    headers: dict[str, str]
    body: str
    mode: str = ""
    attempts: list[Row] = field(default_factory=list)
    accepted: bool = False
    done: bool = False


@dataclass
class Sending:
    """How events are to be sent."""

    times: int = 1
    send: bool = True
    wait: bool = False
    delay_seconds: float = 0.0
    concurrent: bool = False


class Hooks:
    def __init__(self, state: StateFile, store: Store, secret: str, take_mode: Callable[[], str]) -> None:
        self.state, self.store, self.secret, self.take_mode = state, store, secret, take_mode
        self.webhook_id = new_id()
        self.settings = HookSettings()
        # How the news of the running control call go out, one per thread that serves one.
        self.sending = threading.local()
        store.tell = self.tell
        self.load()

    def load(self) -> None:
        self.deliveries = {int(key): Delivery(**row) for key, row in self.state.rows(TABLE).items()}

    def reset(self) -> None:
        self.settings = HookSettings(self.settings.webhook_url)
        self.state.clear(TABLE)
        self.load()

    def tell(self, invoice: Invoice, news: list[News]) -> list[Delivery]:
        """What happened, in order, one event after the other; events of one control call in its own way."""
        how: Sending = getattr(self.sending, "how", None) or Sending()
        if not self.settings.tell:
            return []
        written = [delivery for one in news for delivery in self.write_all(invoice, one, how.times)]
        getattr(self.sending, "written", []).extend(written)
        self.send([one for one in written if one.mode != "lost"], how)
        return written

    def send(self, written: list[Delivery], how: Sending) -> None:
        if not how.send or not self.settings.webhook_url:
            return
        groups = [[one] for one in written] if how.concurrent else [written]
        threads = [threading.Thread(target=self.deliver_all, args=(group, how), daemon=True) for group in groups]
        for thread in threads:
            thread.start()
        for thread in threads if how.wait else ():
            thread.join()

    def write_all(self, invoice: Invoice, news: News, times: int) -> list[Delivery]:
        mode = self.take_mode()
        event = self.event(invoice, news)
        again = {**event, "originalDeliveryId": event["deliveryId"], "isRedelivery": True, "deliveryId": new_id()}
        bodies = [event] + [{**event, "deliveryId": new_id()} for _ in range(times - 1)]
        match mode:
            case "duplicate":
                bodies.append(event)
            case "redelivery":
                bodies.append(again)
            case "out_of_order":
                bodies.append({**self.event(invoice, News("InvoiceCreated"))})
        return [self.write(invoice, body, mode) for body in bodies]

    def event(self, invoice: Invoice, news: News) -> Row:
        delivery = new_id()
        return {
            "deliveryId": delivery,
            "webhookId": self.webhook_id,
            "originalDeliveryId": delivery,
            "isRedelivery": False,
            "type": news.type,
            "timestamp": int(self.store.now()),
            "storeId": self.store.id,
            "invoiceId": invoice.id,
            "metadata": invoice.metadata,
            **news.extra,
        }

    def write(self, invoice: Invoice, event: Row, mode: str) -> Delivery:
        body, signed = texts(event, mode)
        with self.state.lock:
            delivery = Delivery(
                id=max(self.deliveries, default=0) + 1,
                invoice_id=invoice.id,
                order_id=invoice.order_id,
                type=event["type"],
                url=self.settings.webhook_url,
                headers=self.headers(signed, mode),
                body=body,
                mode=mode,
            )
            self.deliveries[delivery.id] = delivery
            self.keep(delivery)
            return delivery

    def headers(self, signed: str, mode: str) -> dict[str, str]:
        secret = secrets.token_hex(16) if mode == "foreign_secret" else self.secret
        value = "sha256=" + hmac.new(secret.encode(), signed.encode(), hashlib.sha256).hexdigest()
        if mode == "bad_signature":
            value = "sha256=" + value[7:][::-1]
        if mode == "sha1":
            value = "sha1=" + hmac.new(secret.encode(), signed.encode(), hashlib.sha1).hexdigest()
        made = {"Content-Type": "application/json; charset=utf-8", "BTCPay-Sig": value}
        if mode == "no_signature":
            del made["BTCPay-Sig"]
        return made

    # -- sending

    def deliver_all(self, written: list[Delivery], how: Sending) -> None:
        time.sleep(how.delay_seconds)
        for delivery in written:
            self.deliver(delivery)

    def deliver(self, delivery: Delivery) -> None:
        for attempt in range(self.settings.attempts):
            if attempt:
                time.sleep(self.settings.retry_seconds)
                self.renew(delivery)
            self.attempt(delivery)
            if delivery.accepted:
                break
        delivery.done = True
        self.keep(delivery)

    def renew(self, delivery: Delivery) -> None:
        """A repetition has an id of its own and names the first one."""
        if delivery.mode:
            return
        event = json.loads(delivery.body) | {"deliveryId": new_id(), "isRedelivery": True}
        delivery.body = compact(event)
        delivery.headers = self.headers(delivery.body, "")

    def attempt(self, delivery: Delivery) -> None:
        entry: Row = {"at": int(time.time()), "status": None, "answer": "", "error": ""}
        try:
            reply = requests.post(
                delivery.url,
                data=delivery.body.encode(),
                headers=delivery.headers,
                timeout=self.settings.answer_seconds,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            entry["error"] = type(error).__name__
        else:
            entry |= {"status": reply.status_code, "answer": reply.text[:500]}
            delivery.accepted = reply.ok
        delivery.attempts.append(entry)
        self.keep(delivery)

    def keep(self, delivery: Delivery) -> None:
        with self.state.lock:
            if self.deliveries.get(delivery.id) is delivery:  # not after a reset
                self.state.put(TABLE, delivery.id, asdict(delivery))


def texts(event: Row, mode: str) -> tuple[str, str]:
    """What travels and what is signed."""
    event = broken(event, mode)
    text = compact(event)
    match mode:
        case "tampered":
            return compact({**event, "type": "InvoiceSettled", "invoiceId": new_id()}), text
        case "malformed":
            text = text[:-1]
        case "duplicate_keys":
            text = text[:-1] + "," + compact({**event, "invoiceId": new_id()})[1:]
        case "nan":
            text = text[:-1] + ',"amount":NaN}'
    return text, text


def broken(event: Row, mode: str) -> Row:
    match mode:
        case "huge":
            return {**event, "note": "x" * 1_200_000}
        case "numbers":
            return {**event, "deliveryId": 12345, "invoiceId": 67890}
        case "no_order":
            return {name: value for name, value in event.items() if name != "metadata"}
        case "other_order":
            return {**event, "metadata": {"orderId": "SOMEBODYELSES"}}
        case "other_store":
            return {**event, "storeId": "AnotherStore"}
        case "unknown_invoice":
            return {**event, "invoiceId": new_id(), "metadata": {}}
        case "unknown_type":
            return {**event, "type": "InvoiceSneezed"}
    return event


def compact(event: Row) -> str:
    return json.dumps(event, separators=(",", ":"))
