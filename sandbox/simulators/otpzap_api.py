"""The wire of the simulated OTPZap: paths, envelopes, rate limit, idempotency (contract 1 to 6 and 11)."""

import hashlib
import hmac
import json
import re
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, request

from .control import json_response
from .misbehave import Misbehaviour, Rule
from .otpzap_market import Market, Order, Refusal, clock_text

OPERATIONS = (
    "balance",
    "countries",
    "services",
    "products",
    "order/create",
    "order/check",
    "order/cancel",
    "order/finish",
    "order/resend",
    "order/replace",
)
KEY_PATTERN = re.compile(r"[A-Za-z0-9_-]{1,128}\Z")
KEY_LIFE_SECONDS = 24 * 3600
SORTS: dict[str, tuple[Callable[[dict[str, Any]], Any], bool]] = {
    "price_asc": (lambda item: (item["price"], item["id"]), False),
    "price_desc": (lambda item: (item["price"], item["id"]), True),
    "available_asc": (lambda item: (item["stock"], item["id"]), False),
    "available_desc": (lambda item: (item["stock"], item["id"]), True),
    "name_asc": (lambda item: (item["name"], item["id"]), False),
    "name_desc": (lambda item: (item["name"], item["id"]), True),
}


def success(data: dict[str, Any]) -> Response:
    return json_response({"success": True, "data": data})


def error(status: int, code: str, message: str, retry_after: int | None = None) -> Response:
    body = {"success": False, "message": message, "error": {"code": code, "message": message, "details": {}}}
    answer = json_response(body, status)
    if retry_after is not None:
        answer.headers["Retry-After"] = str(retry_after)
    return answer


def order_json(market: Market, order: Order) -> dict[str, Any]:
    """The order object of section 6.2."""
    codes = [otp["otp"] for otp in order.otps if otp["otp"] is not None]
    return {
        "order_id": order.order_id,
        "server": 1,
        "status": order.status,
        "phone_number": order.phone_number,
        "service_name": order.service_name,
        "country_name": order.country_name,
        "product_id": order.product_id,
        "price": order.price,
        "otp_code": codes[-1] if codes else None,
        "otps": [{**otp, "received_at": clock_text(otp["received_at"])} for otp in order.otps],
        "resend_count": order.resend_count,
        "resend_locked_until": clock_or_none(order.resend_locked_until),
        "cancel_available_at": clock_text(market.cancel_available_at(order)),
        "created_at": clock_text(order.created_at),
        "expires_at": clock_text(order.expires_at),
        "finished_at": clock_or_none(order.finished_at),
        "replaced_by_order_id": order.replaced_by_order_id,
        "refunded": order.refund_amount > 0,
        "refund_amount": order.refund_amount,
    }


def clock_or_none(at: float | None) -> str | None:
    return None if at is None else clock_text(at)


def whole_number(value: Any, name: str) -> int:
    """An id or page number; numeric text is accepted, a boolean is not. Refusal 422."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,15}", value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise Refusal(422, "VALIDATION_ERROR", f"{name} must be a whole number")


def query_number(name: str) -> int | None:
    text = request.args.get(name, "")
    return whole_number(text, name) if text else None


def body_json() -> dict[str, Any]:
    try:
        body = json.loads(request.get_data() or b"null")
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refusal(422, "VALIDATION_ERROR", "The body must be a JSON object")
    return body


def body_order_id() -> int:
    return whole_number(body_json().get("order_id"), "order_id")


class SlidingWindow:
    """So many requests in any 60 seconds; refused ones do not count."""

    def __init__(self) -> None:
        self.taken: deque[float] = deque()

    def take(self, limit: int) -> tuple[float, int]:
        """Seconds to wait (0 when allowed) and how many are left."""
        now = time.monotonic()
        while self.taken and self.taken[0] <= now - 60:
            self.taken.popleft()
        if len(self.taken) >= limit:
            return (self.taken[-limit] + 60 - now if limit else 60.0), 0
        self.taken.append(now)
        return 0.0, limit - len(self.taken)


class OtpzapApi:
    """Hangs the ten operations of Server 1 into a Flask application."""

    def __init__(self, market: Market, api_key: str) -> None:
        self.market, self.api_key = market, api_key
        self.window = SlidingWindow()
        self.faults = Misbehaviour(OPERATIONS, REFUSALS)

    def register(self, app: Flask) -> None:
        views: dict[str, Callable[[], Response]] = {
            "balance": self.balance,
            "countries": self.countries,
            "services": self.services,
            "products": self.products,
            "order/create": self.create,
            "order/check": self.check,
            "order/cancel": self.cancel,
            "order/finish": self.finish,
            "order/resend": self.resend,
            "order/replace": self.replace,
        }
        reading = ("balance", "countries", "services", "products", "order/check")
        for operation, view in views.items():
            method = "GET" if operation in reading else "POST"
            app.add_url_rule(f"/api/v1/{operation}", operation, self.guarded(operation, view), methods=[method])
        app.register_error_handler(404, lambda e: error(404, "NOT_FOUND", "No such endpoint"))
        app.register_error_handler(405, lambda e: error(405, "METHOD_NOT_ALLOWED", "Method not allowed"))

    def guarded(self, operation: str, view: Callable[[], Response]) -> Callable[[], Response]:
        """Key, rate limit, ordered misbehaviour, and refusals turned into the error envelope."""

        def careful() -> Response:
            try:
                return view()
            except Refusal as refusal:
                return error(refusal.status, refusal.code, refusal.message, refusal.retry_after)

        def guard() -> Response:
            if not self.key_fits():
                return error(401, "UNAUTHORIZED", "Invalid API key")
            limit = self.market.settings.rate_per_minute
            with self.market.lock:
                wait, left = self.window.take(limit)
            if wait:
                answer = error(429, "RATE_LIMIT_EXCEEDED", "Too many requests", max(1, int(wait + 0.999)))
            else:
                answer = self.faults.perform(operation, careful)
            answer.headers["X-RateLimit-Limit"] = str(limit)
            answer.headers["X-RateLimit-Remaining"] = str(left)
            return answer

        return guard

    def key_fits(self) -> bool:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        return scheme == "Bearer" and hmac.compare_digest(key.encode(), self.api_key.encode())

    # -- reading

    def balance(self) -> Response:
        return success({"balance": self.market.settings.balance, "currency": "IDR"})

    def countries(self) -> Response:
        return success({"countries": self.market.catalogue.countries()})

    def services(self) -> Response:
        return success({"services": self.market.catalogue.services(query_number("country_id"))})

    def products(self) -> Response:
        platform_id, country_id = query_number("platform_id"), query_number("country_id")
        page = query_number("page") or 1
        limit = min(query_number("limit") or 100, 1000)
        with self.market.lock:
            found = [
                product.as_json()
                for product in self.market.catalogue.products.values()
                if product.active
                and platform_id in (None, product.service.id)
                and country_id in (None, product.country.id)
            ]
        key, backwards = SORTS.get(request.args.get("sort", ""), SORTS["price_asc"])
        found.sort(key=key, reverse=backwards)
        shown = found[(page - 1) * limit : page * limit]
        meta = {"page": page, "limit": limit, "count": len(shown), "total": len(found)}
        return success({"products": shown, **meta})

    def check(self) -> Response:
        order_id = whole_number(request.args.get("order_id", ""), "order_id")
        with self.market.lock:
            return success(order_json(self.market, self.market.check(order_id)))

    # -- changing

    def create(self) -> Response:
        return self.once("order/create", self.create_now)

    def create_now(self) -> Response:
        body = body_json()
        if whole_number(body.get("server"), "server") != 1:
            raise Refusal(422, "VALIDATION_ERROR", "Only server 1 is simulated")
        product = self.market.product(whole_number(body.get("product_id"), "product_id"))
        if body.get("service_name") not in (None, product.service.name):
            raise Refusal(422, "VALIDATION_ERROR", "service_name does not match the product")
        order = self.market.buy(product.id, request.headers.get("Idempotency-Key", ""))
        return success(order_json(self.market, order))

    def cancel(self) -> Response:
        order = self.market.cancel(body_order_id())
        return success(
            {
                "order_id": order.order_id,
                "status": order.status,
                "refund_amount": order.refund_amount,
                "balance": self.market.settings.balance,
            }
        )

    def finish(self) -> Response:
        order = self.market.finish(body_order_id())
        return success({"order_id": order.order_id, "status": order.status})

    def resend(self) -> Response:
        order = self.market.resend(body_order_id())
        return success(
            {
                "order_id": order.order_id,
                "status": order.status,
                "resend_count": order.resend_count,
                "resend_locked_until": clock_or_none(order.resend_locked_until),
            }
        )

    def replace(self) -> Response:
        return self.once("order/replace", self.replace_now)

    def replace_now(self) -> Response:
        old, new = self.market.replace(body_order_id(), request.headers.get("Idempotency-Key", ""))
        flat = {"order_id": new.order_id, "phone_number": new.phone_number}
        return success({"old_order_id": old.order_id, "order": order_json(self.market, new), **flat})

    def once(self, operation: str, view: Callable[[], Response]) -> Response:
        """Idempotency-Key (section 12.9): same body, same answer; other body, 422; kept 24 hours."""
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return view()
        if not KEY_PATTERN.match(key):
            raise Refusal(422, "VALIDATION_ERROR", "Idempotency-Key must be 1 to 128 letters, digits, - or _")
        digest = hashlib.sha256(json.dumps(body_json(), sort_keys=True).encode()).hexdigest()
        with self.market.lock:
            kept = self.market.state.rows("keys").get(f"{operation} {key}")
            if kept is not None and self.market.now() - kept["at"] < KEY_LIFE_SECONDS:
                return replayed(kept, digest)
            answer = refused_or_done(view)
            row = {"digest": digest, "status": answer.status_code, "body": answer.get_data(as_text=True)}
            self.market.state.put("keys", f"{operation} {key}", {**row, "at": self.market.now()})
            return answer


def refused_or_done(view: Callable[[], Response]) -> Response:
    try:
        return view()
    except Refusal as refusal:
        return error(refusal.status, refusal.code, refusal.message, refusal.retry_after)


def replayed(kept: dict[str, Any], digest: str) -> Response:
    if kept["digest"] != digest:
        raise Refusal(422, "IDEMPOTENCY_KEY_REUSED", "This Idempotency-Key was used with another body")
    answer = Response(kept["body"], kept["status"], mimetype="application/json")
    answer.headers["Idempotent-Replayed"] = "true"
    return answer


def refuse(status: int, code: str, message: str, waits: bool = False) -> Callable[[Rule], Response]:
    return lambda rule: error(status, code, message, rule.retry_after if waits else None)


REFUSALS: dict[str, Callable[[Rule], Response]] = {
    "429": refuse(429, "RATE_LIMIT_EXCEEDED", "Too many requests", waits=True),
    "502": refuse(502, "UPSTREAM_REJECTED", "The system rejected the request"),
    "503": refuse(503, "SERVICE_UNAVAILABLE", "Under maintenance", waits=True),
    "unauthorized": refuse(401, "UNAUTHORIZED", "Invalid API key"),
    "forbidden": refuse(403, "FORBIDDEN", "This API key has been revoked"),
    "not_found": refuse(404, "NOT_FOUND", "Not found"),
    "out_of_stock": refuse(409, "OUT_OF_STOCK", "No number is available for this product"),
    "insufficient_balance": refuse(402, "INSUFFICIENT_BALANCE", "Balance is too low"),
    "request_in_progress": refuse(409, "REQUEST_IN_PROGRESS", "The same request is still running", waits=True),
    "success_false": refuse(200, "UNKNOWN_ERROR", "Something went wrong"),
}
