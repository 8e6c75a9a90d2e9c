"""What a person or a test does at the simulated OVO: look, link, pay, cut a link, and let letters be sent."""

from dataclasses import asdict, replace
from typing import Any

from flask import Flask, request

from . import faspay_ovo_books as books
from .control import add_control, change_settings, limit_of, of_type
from .faspay_ovo_api import OvoApi
from .faspay_ovo_books import OvoBooks, Payment, Purse, shown
from .faspay_ovo_caller import CALLBACK_MODES, NOTIFICATION_MODES, OvoCaller, OvoSettings, forms_for
from .faspay_ovo_pages import OvoPages
from .misbehave import BadControl
from .state import Row

LINKS = (books.NONE, books.PENDING, books.LINKED, books.TOKEN_EXPIRED, books.BROKEN)
STATUSES = tuple("0123456789")


class OvoControl:
    def __init__(self, api: OvoApi, caller: OvoCaller, pages: OvoPages) -> None:
        self.api, self.caller, self.pages, self.books = api, caller, pages, api.books
        api.faults.own_modes["notification"] = NOTIFICATION_MODES
        api.faults.own_modes["callback"] = CALLBACK_MODES

    def register(self, app: Flask) -> None:
        add_control(app, "POST", "ovo/misbehave", lambda wanted: asdict(self.api.faults.add(wanted)))
        add_control(app, "GET", "ovo/misbehave", lambda wanted: {"pending": self.api.faults.pending()})
        add_control(app, "DELETE", "ovo/misbehave", self.behave)
        add_control(app, "GET", "ovo/settings", lambda wanted: change_settings(self.caller.settings, {}))
        add_control(app, "POST", "ovo/settings", self.settings)
        add_control(app, "POST", "ovo/purse", self.purse)
        add_control(app, "GET", "ovo/purses", lambda wanted: {"purses": [shown(one) for one in self.all_purses()]})
        add_control(app, "POST", "ovo/link", self.link)
        add_control(app, "GET", "ovo/payments", self.payments)
        add_control(app, "POST", "ovo/finish", self.finish)
        add_control(app, "POST", "ovo/notify", self.notify)
        add_control(app, "POST", "ovo/expire", self.expire)
        add_control(app, "GET", "ovo/letters", self.letters)

    def reset(self) -> None:
        """Forget everything; the merchant listens where it did at the start."""
        self.api.faults.clear()
        self.books.reset()
        self.caller.settings = replace(self.caller.at_start)
        self.apply()
        self.caller.load()

    def apply(self) -> None:
        self.api.window_seconds = self.caller.settings.window_seconds
        self.api.ignore_pages = self.caller.settings.ignore_pages

    def behave(self, wanted: Row) -> Any:
        self.api.faults.clear()
        return {"pending": []}

    def settings(self, wanted: Row) -> Any:
        for name in ("notify_form", "callback_form"):
            if name in wanted and wanted[name] not in forms_for(name):
                raise BadControl(f"{name} must be one of {', '.join(forms_for(name))}")
        changed = change_settings(self.caller.settings, wanted)
        self.apply()
        return changed

    def purse(self, wanted: Row) -> Any:
        """Set what a phone number has: cash, points, link, registered."""
        purse = self.named_purse(wanted)
        if wanted.get("link", purse.link) not in LINKS:
            raise BadControl(f"link must be one of {', '.join(LINKS)}")
        given = {name: value for name, value in wanted.items() if name != "phone"}
        if unknown := set(given) - set(Purse.__dataclass_fields__):
            raise BadControl(f"unknown field {', '.join(sorted(unknown))}")
        checked = {name: of_type(type(getattr(purse, name)), name, value) for name, value in given.items()}
        with self.books.lock:
            for name, value in checked.items():
                setattr(purse, name, value)
            self.books.keep(purse)
        return shown(purse)

    def link(self, wanted: Row) -> Any:
        """The customer types code and PIN (or, with `success` false, gives up), and the callback is sent."""
        purse, success = self.named_purse(wanted), bool(wanted.get("success", True))
        self.books.finish_link(purse.phone, success)
        letters = []
        if wanted.get("callback", True):
            letters = self.caller.call_back(purse.phone, success, wait=bool(wanted.get("wait", False)))
        return {"purse": shown(purse), "letters": [asdict(one) for one in letters]}

    def payments(self, wanted: Row) -> Any:
        with self.books.lock:
            newest = sorted(self.books.payments.values(), key=lambda one: one.created_at, reverse=True)
            return {"payments": [shown(one) for one in newest[: limit_of(200)]]}

    def finish(self, wanted: Row) -> Any:
        """The customer types the PIN (status 2), or it ends otherwise; a notification goes out unless told not to."""
        payment = self.named_payment(wanted)
        self.books.finish(payment, self.status(wanted) or books.SUCCESS)
        letters = self.told(payment, {**wanted, "status": ""}) if wanted.get("notify", True) else []
        return {"payment": shown(payment), "letters": letters}

    def notify(self, wanted: Row) -> Any:
        """Tell of a payment again, or of a status that it does not have."""
        payment = self.named_payment(wanted)
        return {"payment": shown(payment), "letters": self.told(payment, wanted)}

    def expire(self, wanted: Row) -> Any:
        payment = self.named_payment(wanted)
        with self.books.lock:
            payment.expires_at = min(payment.expires_at, self.books.now())
            self.books.keep(payment)
        return shown(payment)

    def letters(self, wanted: Row) -> Any:
        about = request.args.get("about", "")
        with self.books.lock:
            newest = sorted(self.caller.letters.values(), key=lambda one: one.id, reverse=True)
            found = [asdict(one) for one in newest if about in ("", one.about)]
            return {"letters": found[: limit_of(200)]}

    def told(self, payment: Payment, wanted: Row) -> list[Row]:
        times = of_type(int, "times", wanted.get("times", 1))
        letters = self.caller.notify(
            payment,
            status=self.status(wanted),
            times=times,
            wait=bool(wanted.get("wait", False)),
            send=bool(wanted.get("send", True)),
        )
        return [asdict(one) for one in letters]

    def status(self, wanted: Row) -> str:
        status = str(wanted.get("status", ""))
        if status and status not in STATUSES:
            raise BadControl("status must be one digit")
        return status

    def all_purses(self) -> list[Purse]:
        with self.books.lock:
            return list(self.books.purses.values())

    def named_purse(self, wanted: Row) -> Purse:
        phone = str(wanted.get("phone", ""))
        if not (phone.isdecimal() and phone.startswith("0")):
            raise BadControl("phone must be digits and begin with 0")
        return self.books.purse(phone)

    def named_payment(self, wanted: Row) -> Payment:
        found = self.books.payments.get(str(wanted.get("trx_id", ""))) or self.books.of_bill(
            str(wanted.get("bill_no", ""))
        )
        if found is None:
            raise BadControl("no payment has that trx_id or bill_no")
        return found


def build_ovo(own: OvoBooks, user_id: str, password: str, settings: OvoSettings, app: Flask) -> OvoControl:
    """Hang the whole of OVO Tokenize into the application."""
    api = OvoApi(own, user_id, password)

    def next_mode(kind: str) -> str:
        rule = api.faults.take(kind)
        return rule.mode if rule else ""

    caller = OvoCaller(own, user_id, password, next_mode)
    caller.at_start, caller.settings = settings, replace(settings)
    pages = OvoPages(own, caller)
    api.register(app)
    pages.register(app)
    control = OvoControl(api, caller, pages)
    control.register(app)
    return control
