"""A client of the simulated OTPZap, written for these tests and for no other purpose."""

import re
from typing import Any

import requests

from tests.simulators import Simulator

WHATSAPP_INDONESIA = 1071
WIB_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d WIB")


class Shop:
    def __init__(self, simulator: Simulator, key: str = "api_key") -> None:
        self.simulator = simulator
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {simulator.secrets[key]}"

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.session.get(f"{self.simulator.url}/api/v1/{path}", params=query, timeout=10)

    def post(self, path: str, key: str | None = None, timeout: float = 10, **body: Any) -> requests.Response:
        headers = {"Idempotency-Key": key} if key else {}
        url = f"{self.simulator.url}/api/v1/{path}"
        return self.session.post(url, json=body, headers=headers, timeout=timeout)

    def patch(self, path: str, **body: Any) -> requests.Response:
        return self.session.patch(f"{self.simulator.url}/api/v1/{path}", json=body, timeout=10)

    def buy(self, product_id: int = WHATSAPP_INDONESIA) -> dict[str, Any]:
        return self.data(self.post("order/create", server=1, product_id=product_id))

    def rent(self, service_id: str = "wa", country_id: int = 7, operator_id: str = "any") -> dict[str, Any]:
        ids = {"service_id": service_id, "country_id": country_id, "operator_id": operator_id}
        return self.data(self.post("order/create", server=2, **ids))

    def inbox(self, site: str = "openai.com", domain: str = "outlook.com", **more: Any) -> dict[str, Any]:
        return self.data(self.post("order/email-create", site=site, domain=domain, **more))

    def data(self, reply: requests.Response) -> dict[str, Any]:
        assert reply.status_code == 200, reply.text
        assert reply.json()["success"] is True
        return dict(reply.json()["data"])

    def check(self, order_id: int) -> dict[str, Any]:
        return self.data(self.get("order/check", order_id=order_id))

    def mail(self, ref: str) -> dict[str, Any]:
        return self.data(self.get("order/email-check", ref=ref))

    def balance(self) -> int:
        return int(self.get("balance").json()["data"]["balance"])

    def control(self, path: str, **body: Any) -> Any:
        return self.simulator.control(path, **body)

    def activations(self) -> list[dict[str, Any]]:
        return list(self.simulator.look("activations")["activations"])


def code_of(reply: requests.Response) -> tuple[int, str]:
    body = reply.json()
    assert body["success"] is False
    assert body["message"] == body["error"]["message"]
    return reply.status_code, body["error"]["code"]
