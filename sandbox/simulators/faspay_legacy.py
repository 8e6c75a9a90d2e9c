"""The old notification (contract 4.1) for anything that can be paid: accounts, codes, permanent numbers and OVO.

A merchant on SNAP may get it all the same, even on its SNAP address; it is written and sent as OVO's are.
"""

from dataclasses import asdict
from decimal import Decimal
from typing import Any

from flask import Flask

from .control import add_control, of_type
from .faspay_bank import CHANNELS, QR_CHANNELS, Bank, Bill
from .faspay_control import amount_text
from .faspay_notifier import Notifier
from .faspay_ovo_caller import NOTIFICATION_MODES, LegacyNews, OvoCaller
from .faspay_ovo_wire import JSON, XML
from .faspay_static import StaticBank, StaticPayment
from .misbehave import BadControl
from .state import Row

# What the state of a bill is called there.
CODES = {"00": "2", "01": "1", "02": "1", "03": "0", "04": "4", "05": "8", "06": "3", "07": "7"}


class LegacyControl:
    def __init__(self, bank: Bank, static: StaticBank, notifier: Notifier, caller: OvoCaller) -> None:
        self.bank, self.static, self.notifier, self.caller = bank, static, notifier, caller

    def register(self, app: Flask) -> None:
        add_control(app, "POST", "legacy/notify", self.notify)

    def notify(self, wanted: Row) -> Any:
        """Write (and send) the old notification; `url` is another place than the one that is set."""
        form, digest, mode = word(wanted, "form", JSON), word(wanted, "digest", "right"), word(wanted, "mode", "")
        check("form", form, (JSON, XML))
        check("digest", digest, ("right", "wrong"))
        check("mode", mode, ("", *NOTIFICATION_MODES))
        news = self.news(wanted)
        url = word(wanted, "url", self.notifier.settings.legacy_notify_url or self.notifier.settings.notify_url)
        mode = mode or ("bad_signature" if digest == "wrong" else "")
        times = of_type(int, "times", wanted.get("times", 1))
        letters = self.caller.write(news, url, form, mode, times)
        if wanted.get("send", True):
            self.caller.send(
                letters,
                bool(wanted.get("wait", False)),
                delay=of_type(float, "delay_seconds", wanted.get("delay_seconds", 0.0)),
                concurrent=bool(wanted.get("concurrent", True)),
            )
        return {"letters": [asdict(one) for one in letters]}

    def news(self, wanted: Row) -> LegacyNews:
        news = self.found(str(wanted.get("trxId") or wanted.get("trx_id") or wanted.get("bill_no") or ""))
        if wanted.get("status") is not None:
            news.status = str(wanted["status"])
            check("status", news.status, tuple("0123456789"))
        if wanted.get("amount") is not None:
            news.paid = whole(amount_text(wanted["amount"]))
        return news

    def found(self, name: str) -> LegacyNews:
        bill = self.bank.find(name, name) or self.bank.find_code(name) or self.by_faspay(name)
        if bill is not None:
            return of_bill(bill, self.bank.now())
        payment = self.static.find(name) or self.static.find("", name)
        if payment is not None:
            return of_static(payment)
        ovo = self.caller.books.payments.get(name) or self.caller.books.of_bill(name)
        if ovo is None:
            raise BadControl("nothing to be paid has that trxId or bill_no")
        return self.caller.news(ovo)

    def by_faspay(self, name: str) -> Bill | None:
        with self.bank.lock:
            return next((one for one in self.bank.accounts.values() if one.faspay_trx_id == name), None)


def of_bill(bill: Bill, now: float) -> LegacyNews:
    """bill_no is our id, trx_id Faspay's own."""
    last: Row = bill.payments[-1] if bill.payments else {"amount": bill.amount, "at": now, "reference": "null"}
    return LegacyNews(
        trx_id=bill.faspay_trx_id,
        bill_no=bill.trx_id,
        reference=last["reference"],
        paid_at=last["at"],
        status=CODES.get(bill.flag_at(now), "9"),
        bill=whole(bill.amount),
        paid=whole(last["amount"]),
        channel_uid=bill.channel_code,
        channel=(CHANNELS | QR_CHANNELS)[bill.channel_code],
    )


def of_static(payment: StaticPayment) -> LegacyNews:
    """For a permanent number the bill is the number itself."""
    return LegacyNews(
        trx_id=payment.reference_no,
        bill_no=payment.number,
        reference=payment.request_id,
        paid_at=payment.at,
        status=CODES.get(payment.flag, "9"),
        bill=whole(payment.amount),
        paid=whole(payment.amount),
        channel_uid=payment.channel_code,
        channel=CHANNELS.get(payment.channel_code, "VA"),
    )


def whole(amount: str) -> str:
    """Rupiah without decimals, as these notifications write them."""
    value = Decimal(amount)
    return f"{value:.0f}" if value == value.to_integral_value() else f"{value:.2f}"


def word(wanted: Row, name: str, usual: str) -> str:
    return str(wanted.get(name) or usual)


def check(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise BadControl(f"{name} must be one of {', '.join(known)}")
