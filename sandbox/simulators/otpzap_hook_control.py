"""What a person or a test does to deposits at the simulated OTPZap, and to the notes it sends."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

from flask import Flask, request

from .control import View, add_control, limit_of, of_type
from .misbehave import BadControl
from .otpzap_account_desk import hook_json, topup_json
from .otpzap_hook_rules import ALL, EVENTS, Hook
from .otpzap_hooks import Hooks, Sending, shown
from .otpzap_house import FIRST_ACCOUNT, Refusal
from .otpzap_market import Market, Order
from .otpzap_notes import MODES, Note
from .otpzap_sms_desk import order_json
from .otpzap_topups import Till, Topup
from .state import Row

SENDING = {field.name for field in fields(Sending)}


class HookControl:
    """Also carries the news of orders and deposits to the notes."""

    def __init__(self, hooks: Hooks, market: Market, till: Till) -> None:
        self.hooks, self.market, self.till = hooks, market, till
        hooks.faults.own_modes["webhook"] = MODES
        market.tell, till.tell = self.order_changed, self.topup_paid

    def register(self, app: Flask) -> None:
        add_control(app, "GET", "topups", self.topups)
        for name, action in {"pay": self.pay, "expire": self.expire, "fail": self.fail}.items():
            add_control(app, "POST", f"topup/{name}", self.telling(action))
        add_control(app, "GET", "webhook", self.webhooks)
        add_control(app, "POST", "webhook", self.configure)
        add_control(app, "POST", "webhook/send", self.telling(self.write))
        add_control(app, "POST", "webhook/again", self.again)
        add_control(app, "POST", "webhook/names", self.names)
        add_control(app, "GET", "deliveries", self.deliveries)

    # -- news

    def order_changed(self, event: str, order: Order, more: Row) -> None:
        self.hooks.tell(event, order.account, str(order.order_id), {**order_json(self.market, order), **more})

    def topup_paid(self, topup: Topup) -> None:
        self.hooks.tell("deposit.success", topup.account, topup.order_id, topup_json(topup))

    def telling(self, view: View) -> View:
        """Do it, sending the notes as this call wants it; the answer says which notes it caused."""

        def act(wanted: dict[str, Any]) -> Any:
            how = sending_of(wanted)
            with self.hooks.in_this_way(how) as written:
                answer = view({name: value for name, value in wanted.items() if name not in SENDING})
            return {**answer, "deliveries": [shown(one) for one in written]}

        return act

    # -- deposits

    def topups(self, wanted: Row) -> Any:
        return {"topups": [self.shown(topup) for topup in self.till.newest_first(limit_of(200))]}

    def shown(self, topup: Topup) -> Row:
        more = {name: getattr(topup, name) for name in ("account", "total_amount", "payment_url")}
        return {**topup_json(topup), **more}

    def pay(self, wanted: Row) -> Any:
        """`noticed` false: OTPZap learns of it from the next check."""
        return self.acted(lambda order_id: self.till.pay(order_id, bool(wanted.get("noticed", True))), wanted)

    def expire(self, wanted: Row) -> Any:
        return self.acted(self.till.expire, wanted)

    def fail(self, wanted: Row) -> Any:
        return self.acted(self.till.fail, wanted)

    def acted(self, action: Callable[[str], Topup], wanted: Row) -> Row:
        try:
            return self.shown(action(str(wanted.get("order_id", ""))))
        except Refusal as refusal:
            raise BadControl(refusal.message) from None

    # -- notes

    def webhooks(self, wanted: Row) -> Any:
        return {"webhooks": [{"account": hook.account, **hook_json(hook)} for hook in self.hooks.hooks.values()]}

    def configure(self, wanted: Row) -> Any:
        """As by the dashboard: any address, any secret."""
        old = self.hook(wanted)
        events = wanted.get("events", old.events or [ALL])
        if not isinstance(events, list) or not set(events) <= {*EVENTS, ALL}:
            raise BadControl(f"events must be some of {', '.join((*EVENTS, ALL))}")
        url, secret = str(wanted.get("url", old.url)), str(wanted.get("secret", old.secret))
        hook = Hook(old.account, url, events, bool(wanted.get("is_active", True)), secret)
        self.hooks.set(hook)
        return hook_json(hook)

    def hook(self, wanted: Row) -> Hook:
        number = of_type(int, "account", wanted.get("account", FIRST_ACCOUNT))
        if number not in self.hooks.hooks:
            raise BadControl("unknown account")
        return self.hooks.hooks[number]

    def write(self, wanted: Row) -> Any:
        """A note of any `event` about an `order_id` or a `topup`, whatever happened; `mode` as of misbehave."""
        event, mode = str(wanted.get("event", EVENTS[0])), str(wanted.get("mode", ""))
        if mode not in ("", *MODES):
            raise BadControl(f"mode must be one of {', '.join(MODES)}")
        account, about, data = self.subject(wanted)
        hook = self.hooks.hooks[account]
        if not hook.url:
            raise BadControl("no webhook is configured")
        self.hooks.write(hook, Note(event, about, data), mode)
        return {"event": event, "about": about}

    def subject(self, wanted: Row) -> tuple[int, str, Row]:
        try:
            if "topup" in wanted:
                topup = self.till.topup(str(wanted["topup"]))
                return topup.account, topup.order_id, topup_json(topup)
            order = self.market.order(of_type(int, "order_id", wanted.get("order_id")))
        except Refusal as refusal:
            raise BadControl(refusal.message) from None
        return order.account, str(order.order_id), order_json(self.market, order)

    def again(self, wanted: Row) -> Any:
        """The very same note once more, by its `id` or the newest about an order or deposit."""
        about = str(wanted.get("about", ""))
        newest = sorted(self.hooks.deliveries.values(), key=lambda one: one.id, reverse=True)
        found = next((one for one in newest if wanted.get("id") == one.id or about == one.about), None)
        if found is None:
            raise BadControl("no such note")
        self.hooks.send([found] * of_type(int, "times", wanted.get("times", 1)), sending_of(wanted))
        return shown(found)

    def names(self, wanted: Row) -> Any:
        """Where a name leads for webhook/update: `host`, `addresses` (none: it does not exist)."""
        addresses = wanted.get("addresses")
        if not isinstance(addresses, list):
            raise BadControl("addresses must be a list")
        self.hooks.names.known[str(wanted.get("host", ""))] = [str(address) for address in addresses]
        return {"known": self.hooks.names.known}

    def deliveries(self, wanted: Row) -> Any:
        about = request.args.get("about", "")
        with self.hooks.state.lock:
            newest = sorted(self.hooks.deliveries.values(), key=lambda one: one.id, reverse=True)
            return {"deliveries": [shown(one) for one in newest if about in ("", one.about)][: limit_of(200)]}


def sending_of(wanted: Row) -> Sending:
    how = Sending()
    for name in SENDING & set(wanted):
        setattr(how, name, of_type(type(getattr(how, name)), name, wanted[name]))
    return how
