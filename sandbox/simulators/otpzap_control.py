"""What a person or a test does to the simulated OTPZap: deliver codes, end orders, change the shop."""

from collections.abc import Callable
from typing import Any

from flask import Flask, request

from .control import add_common_control, add_control, change_settings, limit_of, of_type
from .misbehave import BadControl
from .otpzap_api import OtpzapApi
from .otpzap_catalogue import Product
from .otpzap_market import Market, Order, Refusal, clock_text
from .state import RequestLog


def activation_json(order: Order) -> dict[str, Any]:
    return {
        "order_id": order.order_id,
        "idempotency_key": order.idempotency_key or None,
        "phone_number": order.phone_number,
        "product_id": order.product_id,
        "service_name": order.service_name,
        "country_name": order.country_name,
        "price": order.price,
        "status": order.status,
        "otps": [{**otp, "received_at": clock_text(otp["received_at"])} for otp in order.otps],
        "refund_amount": order.refund_amount,
        "resend_count": order.resend_count,
        "replaced_by_order_id": order.replaced_by_order_id,
        "created_at": clock_text(order.created_at),
        "expires_at": clock_text(order.expires_at),
    }


class OtpzapControl:
    def __init__(self, market: Market, api: OtpzapApi, log: RequestLog) -> None:
        self.market, self.api, self.log = market, api, log

    def register(self, app: Flask) -> None:
        add_common_control(app, self.api.faults, self.log, self.reset)
        add_control(app, "GET", "activations", self.activations)
        add_control(app, "GET", "log", self.events)
        add_control(app, "POST", "deliver", self.deliver)
        add_control(app, "POST", "expire", lambda wanted: self.end(self.market.expire, wanted))
        add_control(app, "POST", "fail", lambda wanted: self.end(self.market.fail, wanted))
        add_control(app, "POST", "product", self.product)
        add_control(app, "GET", "settings", lambda wanted: change_settings(self.market.settings, {}))
        add_control(app, "POST", "settings", self.change)

    def reset(self) -> None:
        self.api.window.taken.clear()
        self.market.reset()

    def activations(self, wanted: dict[str, Any]) -> Any:
        orders = self.market.newest_first(limit_of(200), request.args.get("live") == "1")
        return {"activations": [activation_json(order) for order in orders]}

    def events(self, wanted: dict[str, Any]) -> Any:
        with self.market.lock:
            return {"events": list(self.market.state.rows("events").values())[-limit_of(10_000) :]}

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

    def product(self, wanted: dict[str, Any]) -> Any:
        product = self.market.catalogue.products.get(of_type(int, "product_id", wanted.get("product_id")))
        if product is None:
            raise BadControl("unknown product_id")
        with self.market.lock:
            self.change_product(product, wanted)
            self.market.keep_product(product)
            return {**product.as_json(), "active": product.active}

    def change_product(self, product: Product, wanted: dict[str, Any]) -> None:
        price = of_type(int, "price", wanted.get("price", product.price))
        stock = of_type(int, "stock", wanted.get("stock", product.stock))
        product.price, product.stock = price, stock
        product.active = bool(wanted.get("active", product.active))

    def change(self, wanted: dict[str, Any]) -> Any:
        with self.market.lock:
            result = change_settings(self.market.settings, wanted)
            self.market.keep_settings()
            return result


def translated(call: Callable[[], Order]) -> Order:
    try:
        return call()
    except Refusal as refusal:
        raise BadControl(refusal.message) from None
