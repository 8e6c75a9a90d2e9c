"""What a person or a test does to the simulated OTPZap: deliver codes and mails, end orders, change the shop."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from flask import Flask, request

from .control import add_common_control, add_control, change_settings, limit_of, of_type
from .misbehave import BadControl
from .otpzap_api import OtpzapApi
from .otpzap_hook_control import HookControl
from .otpzap_house import Account, House, Refusal, clock_text
from .otpzap_mail import Domain, Inbox, PostOffice
from .otpzap_mail_desk import inbox_json
from .otpzap_market import Offer, Order
from .otpzap_rentals import Operator
from .state import RequestLog

T = TypeVar("T")


def activation_json(order: Order) -> dict[str, Any]:
    return {
        "order_id": order.order_id,
        "server": order.server,
        "account": order.account,
        "idempotency_key": order.idempotency_key or None,
        "phone_number": order.phone_number,
        "product_id": order.product_id,
        "service_id": order.service_id,
        "country_id": order.country_id,
        "operator_id": order.operator_id,
        "service_name": order.service_name,
        "country_name": order.country_name,
        "price": order.price,
        "status": order.status,
        "live": order.live,
        "otps": [{**otp, "received_at": clock_text(otp["received_at"])} for otp in order.otps],
        "refund_amount": order.refund_amount,
        "resend_count": order.resend_count,
        "replaced_by_order_id": order.replaced_by_order_id,
        "created_at": clock_text(order.created_at),
        "expires_at": clock_text(order.expires_at),
    }


def mail_json(inbox: Inbox) -> dict[str, Any]:
    more = {name: getattr(inbox, name) for name in ("account", "live", "subject", "regex", "reorder_count")}
    more["idempotency_key"] = inbox.idempotency_key or None
    return {**inbox_json(inbox), **more, "first_ref": inbox.id, "refund_amount": inbox.refund_amount}


class OtpzapControl:
    def __init__(self, house: House, office: PostOffice, api: OtpzapApi, hooks: HookControl, log: RequestLog) -> None:
        self.house, self.office, self.api, self.hooks, self.log = house, office, api, hooks, log
        self.market = hooks.market

    def register(self, app: Flask) -> None:
        add_common_control(app, self.api.faults, self.log, self.reset)
        self.hooks.register(app)
        add_control(app, "GET", "activations", self.activations)
        add_control(app, "GET", "mails", self.mails)
        add_control(app, "GET", "log", self.events)
        add_control(app, "GET", "accounts", self.accounts)
        add_control(app, "POST", "account", self.change_account)
        add_control(app, "POST", "deliver", self.hooks.telling(self.deliver))
        for name, how in {"expire": self.market.expire, "fail": self.market.fail}.items():
            add_control(app, "POST", name, self.hooks.telling(partial(self.end, how)))
        add_control(app, "POST", "mail/deliver", self.deliver_mail)
        add_control(app, "POST", "mail/expire", self.expire_mail)
        add_control(app, "POST", "product", self.product)
        add_control(app, "POST", "rental", self.rental)
        add_control(app, "POST", "operator", self.operator)
        add_control(app, "POST", "domain", self.domain)
        add_control(app, "GET", "settings", lambda wanted: self.change({}))
        add_control(app, "POST", "settings", self.change)

    def reset(self) -> None:
        with self.house.lock:
            self.house.reset()
            self.market.reset()
            self.office.reset()
            self.hooks.till.reset()
            self.hooks.hooks.reset()
            self.api.reset()

    # -- looking

    def activations(self, wanted: dict[str, Any]) -> Any:
        orders = self.market.newest_first(limit_of(200), request.args.get("live") == "1")
        return {"activations": [activation_json(order) for order in orders]}

    def mails(self, wanted: dict[str, Any]) -> Any:
        inboxes = self.office.newest_first(limit_of(200), request.args.get("live") == "1")
        return {"mails": [mail_json(inbox) for inbox in inboxes]}

    def events(self, wanted: dict[str, Any]) -> Any:
        with self.house.lock:
            return {"events": list(self.house.state.rows("events").values())[-limit_of(10_000) :]}

    def accounts(self, wanted: dict[str, Any]) -> Any:
        return {"accounts": [self.account_json(account) for account in self.house.accounts.values()]}

    def account_json(self, account: Account) -> dict[str, Any]:
        window = self.api.windows[account.number]
        calls = {"calls": window.calls, "refused": window.refused, "peak_per_60_seconds": window.peak}
        return {"account": account.number, "key_id": account.key_id, "balance": account.balance, **calls}

    # -- SMS

    def deliver(self, wanted: dict[str, Any]) -> Any:
        code, message = wanted.get("code"), wanted.get("message")
        if not isinstance(code, str | None) or not isinstance(message, str | None):
            raise BadControl("code and message must be text: codes may begin with zeros")
        if not code and not message:
            raise BadControl("a code or a message is needed")
        order = self.wanted_order(wanted)
        text = message or f"{code} is your {order.service_name} code. Do not share it with anyone."
        return activation_json(translated(lambda: self.market.deliver(order.order_id, code or None, text)))

    def wanted_order(self, wanted: dict[str, Any]) -> Order:
        if "order_id" in wanted:
            order_id = int(of_type(int, "order_id", wanted["order_id"]))
            return translated(lambda: self.market.order(order_id))
        number = str(wanted.get("phone_number", ""))
        return translated(lambda: self.market.live_order_on(number))

    def end(self, how: Callable[[int], Order], wanted: dict[str, Any]) -> Any:
        order = self.wanted_order(wanted)
        return activation_json(translated(lambda: how(order.order_id)))

    # -- mail

    def deliver_mail(self, wanted: dict[str, Any]) -> Any:
        inbox = self.wanted_inbox(wanted)
        message = mail_message(inbox, wanted)
        taken = translated(lambda: self.office.deliver(inbox.ref, message))
        return {**mail_json(inbox), "taken": taken}

    def expire_mail(self, wanted: dict[str, Any]) -> Any:
        inbox = self.wanted_inbox(wanted)
        return mail_json(translated(lambda: self.office.expire(inbox.ref)))

    def wanted_inbox(self, wanted: dict[str, Any]) -> Inbox:
        if "ref" in wanted:
            return translated(lambda: self.office.inbox(str(wanted["ref"])))
        return translated(lambda: self.office.at_address(str(wanted.get("email", ""))))

    # -- the shop

    def product(self, wanted: dict[str, Any]) -> Any:
        product = self.market.catalogue.products.get(of_type(int, "product_id", wanted.get("product_id")))
        if product is None:
            raise BadControl("unknown product_id")
        return self.changed_offer(product, wanted)

    def rental(self, wanted: dict[str, Any]) -> Any:
        country = "" if wanted.get("country_id") is None else wanted["country_id"]
        rental = self.market.rentals.rentals.get(f"s2:{country}:{wanted.get('service_id')}")
        if rental is None:
            raise BadControl("unknown service_id or country_id")
        return self.changed_offer(rental, wanted)

    def changed_offer(self, offer: Offer, wanted: dict[str, Any]) -> Any:
        with self.house.lock:
            change(offer, wanted, price=int, stock=int, active=bool)
            self.market.keep_offer(offer)
            return {**offer.as_json(), "active": offer.active}

    def operator(self, wanted: dict[str, Any]) -> Any:
        """Until the next start or reset."""
        country_id = of_type(int, "country_id", wanted.get("country_id"))
        found: Operator | None = self.market.rentals.operator(country_id, str(wanted.get("operator_id")))
        if found is None:
            raise BadControl("unknown country_id or operator_id")
        change(found, wanted, sold_out=bool)
        return {"id": found.id, "name": found.name, "sold_out": found.sold_out}

    def domain(self, wanted: dict[str, Any]) -> Any:
        found: Domain | None = self.office.domains.get(str(wanted.get("domain")))
        if found is None:
            raise BadControl("unknown domain")
        with self.house.lock:
            numbers = {"activation_rate": float, "life_seconds": float}
            change(found, wanted, price=int, cancel_fee=int, stock=int, active=bool, **numbers)
            self.office.keep_domain(found)
            return {"domain": found.name, "price": found.price, "stock": found.stock, "active": found.active}

    # -- accounts and settings

    def change_account(self, wanted: dict[str, Any]) -> Any:
        account = self.house.account(wanted.get("account"))
        if account is None:
            raise BadControl("unknown account")
        with self.house.lock:
            change(account, wanted, balance=int)
            self.house.keep_account(account)
        return self.account_json(account)

    def change(self, wanted: dict[str, Any]) -> Any:
        """Settings; `balance` is that of every account."""
        with self.house.lock:
            others = {name: value for name, value in wanted.items() if name != "balance"}
            result = change_settings(self.house.settings, others)
            self.house.keep_settings()
            for account in self.house.accounts.values():
                change(account, wanted, balance=int)
                self.house.keep_account(account)
            return {**result, "balance": next(iter(self.house.accounts.values())).balance}


def change(thing: Any, wanted: dict[str, Any], **kinds: type) -> None:
    """Set what is named of `kinds`; all of it is checked first."""
    new = {name: of_type(kind, name, wanted[name]) for name, kind in kinds.items() if name in wanted}
    for name, value in new.items():
        setattr(thing, name, value)


def mail_message(inbox: Inbox, wanted: dict[str, Any]) -> dict[str, Any]:
    """A mail from `sender`, `subject`, `text` or `html`, `code`; what is missing is made up.

    An explicit `code` is what the supplier recognises, null: nothing; the renter's own regex goes before it.
    """
    given = {name: wanted.get(name) for name in ("sender", "subject", "text", "html", "code")}
    if any(value is not None and not isinstance(value, str) for value in given.values()):
        raise BadControl(f"{', '.join(given)} must be text")
    code = given["code"]
    body = given["text"] or given["html"] or f"Your {inbox.site} verification code is {code or 'in another mail'}."
    subject = given["subject"] if given["subject"] is not None else f"Your {inbox.site} code"
    message = {"from": given["sender"] or f"no-reply@{inbox.site}", "subject": subject, "text": body}
    if "code" in wanted and not inbox.regex:
        message["otp"] = code or None
    return message


def translated(call: Callable[[], T]) -> T:
    try:
        return call()
    except Refusal as refusal:
        raise BadControl(refusal.message) from None
