"""Server 1 and 2 of the simulated OTPZap on the wire: catalogues and SMS orders (OTPZap contract 4, 5 and 6)."""

from collections.abc import Callable
from typing import Any

from flask import Response, request

from .otpzap_house import Account, Refusal, clock_or_none, clock_text
from .otpzap_market import Market, Order
from .otpzap_rentals import ANY, Operator, Rental
from .otpzap_wire import body_json, body_order_id, identifier, invalid, query_number, success, whole_number

SORTS: dict[str, tuple[Callable[[dict[str, Any]], Any], bool]] = {
    "price_asc": (lambda item: (item["price"], item["id"]), False),
    "price_desc": (lambda item: (item["price"], item["id"]), True),
    "available_asc": (lambda item: (item["stock"], item["id"]), False),
    "available_desc": (lambda item: (item["stock"], item["id"]), True),
    "name_asc": (lambda item: (item["name"], item["id"]), False),
    "name_desc": (lambda item: (item["name"], item["id"]), True),
}


def order_json(market: Market, order: Order) -> dict[str, Any]:
    """The order object of section 6.2."""
    codes = [otp["otp"] for otp in order.otps if otp["otp"] is not None]
    ids = {"service_id": order.service_id, "country_id": order.country_id, "operator_id": order.operator_id}
    return {
        "order_id": order.order_id,
        "server": order.server,
        "status": order.status,
        "phone_number": order.phone_number,
        "service_name": order.service_name,
        "country_name": order.country_name,
        "product_id": order.product_id,
        **(ids if order.server == 2 else {}),
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


class SmsDesk:
    def __init__(self, market: Market) -> None:
        self.market = market

    def views(self) -> dict[str, Callable[[Account], Response]]:
        return {
            "countries": self.countries,
            "services": self.services,
            "products": self.products,
            "s2/countries": self.s2_countries,
            "s2/services": self.s2_services,
            "s2/operators": self.s2_operators,
            "s2/special": self.s2_special,
            "order/create": self.create,
            "order/check": self.check,
            "order/cancel": self.cancel,
            "order/finish": self.finish,
            "order/resend": self.resend,
            "order/replace": self.replace,
        }

    # -- catalogues

    def countries(self, account: Account) -> Response:
        return success({"countries": self.market.catalogue.countries()})

    def services(self, account: Account) -> Response:
        return success({"services": self.market.catalogue.services(query_number("country_id"))})

    def products(self, account: Account) -> Response:
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

    def s2_countries(self, account: Account) -> Response:
        return success({"countries": self.market.rentals.countries()})

    def s2_services(self, account: Account) -> Response:
        country_id = self.asked_country()
        with self.market.lock:
            return success({"services": [one.as_json() for one in self.market.rentals.in_country(country_id)]})

    def s2_operators(self, account: Account) -> Response:
        return success({"operators": self.market.rentals.operators_json(self.asked_country())})

    def s2_special(self, account: Account) -> Response:
        with self.market.lock:
            return success({"services": [one.as_json() for one in self.market.rentals.special()]})

    def asked_country(self) -> int:
        country_id = query_number("country_id")
        if country_id is None:
            raise invalid("country_id is required")
        if country_id not in self.market.rentals.operators:
            raise Refusal(404, "NOT_FOUND", "Country not found")
        return country_id

    # -- orders

    def create(self, account: Account) -> Response:
        body = body_json()
        match whole_number(body.get("server"), "server"):
            case 1:
                return self.create_product(account, body)
            case 2:
                return self.create_rental(account, body)
        raise invalid("server must be 1 or 2; email has its own endpoints")

    def create_product(self, account: Account, body: dict[str, Any]) -> Response:
        product = self.market.product(whole_number(body.get("product_id"), "product_id"))
        check_name(body, product.service_name)
        return self.shown(self.market.buy(product, account.number, idempotency_key()))

    def create_rental(self, account: Account, body: dict[str, Any]) -> Response:
        with self.market.lock:
            rental = self.rental(body)
            check_name(body, rental.service_name)
            operator, asked = self.operator(rental, body)
            order = self.market.buy(rental, account.number, idempotency_key(), operator, asked)
            return self.shown(order)

    def rental(self, body: dict[str, Any]) -> Rental:
        """By service and country, or a special service by itself. Refusals 404, 422."""
        service_id = identifier(body.get("service_id"), "service_id")
        given = body.get("country_id")
        country_id = None if given is None else whole_number(given, "country_id")
        found = self.market.rentals.find(service_id, country_id)
        if found is None and country_id is None:
            raise invalid("country_id is required; only special services go without")
        if found is None:
            raise Refusal(404, "NOT_FOUND", "Service not found")
        return found

    def operator(self, rental: Rental, body: dict[str, Any]) -> tuple[Operator | None, str]:
        """The operator that gives the number, and the one asked for. Refusals 404, 409, 422."""
        if rental.country is None:
            return None, ""
        asked = identifier(body.get("operator_id"), "operator_id")
        country_id = int(rental.words["country_id"])
        if asked == ANY:
            any_one = self.market.rentals.one_of(country_id)
            if any_one is None:
                raise Refusal(409, "OUT_OF_STOCK", "No operator has a number")
            return any_one, asked
        found = self.market.rentals.operator(country_id, asked)
        if found is None:
            raise Refusal(404, "NOT_FOUND", "Operator not found")
        return found, asked

    def shown(self, order: Order) -> Response:
        return success(order_json(self.market, order))

    def check(self, account: Account) -> Response:
        order_id = whole_number(request.args.get("order_id", ""), "order_id")
        with self.market.lock:
            return self.shown(self.market.check(order_id, account.number))

    def cancel(self, account: Account) -> Response:
        order = self.market.cancel(body_order_id(), account.number)
        ended = {"order_id": order.order_id, "status": order.status, "refund_amount": order.refund_amount}
        return success({**ended, "balance": account.balance})

    def finish(self, account: Account) -> Response:
        order = self.market.finish(body_order_id(), account.number)
        return success({"order_id": order.order_id, "status": order.status})

    def resend(self, account: Account) -> Response:
        order = self.market.resend(body_order_id(), account.number)
        locked = clock_or_none(order.resend_locked_until)
        asked = {"order_id": order.order_id, "status": order.status, "resend_count": order.resend_count}
        return success({**asked, "resend_locked_until": locked})

    def replace(self, account: Account) -> Response:
        old, new = self.market.replace(body_order_id(), account.number, idempotency_key())
        flat = {"order_id": new.order_id, "phone_number": new.phone_number}
        return success({"old_order_id": old.order_id, "order": order_json(self.market, new), **flat})


def idempotency_key() -> str:
    return request.headers.get("Idempotency-Key", "")


def check_name(body: dict[str, Any], name: str) -> None:
    if body.get("service_name") not in (None, name):
        raise invalid("service_name does not match the service")
