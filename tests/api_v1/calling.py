"""A program of a customer that speaks OTPZap's language to us."""

import json
from dataclasses import dataclass, field
from typing import Any

from django.test import Client

from accounts.access.actors import command
from accounts.models import Customer
from accounts.services import keys
from config.lib import envelope

Json = dict[str, Any]


@dataclass
class Program:
    """Calls with a key; without one as nobody."""

    bearer: str = ""
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/api/v1{path}", query, headers=self._headers())

    def post(self, path: str, /, *, key: str = "", **body: Any) -> Any:
        return self.send("POST", path, json.dumps(body), **({"Idempotency-Key": key} if key else {}))

    def patch(self, path: str, /, **body: Any) -> Any:
        return self.send("PATCH", path, json.dumps(body))

    def send(self, method: str, path: str, body: str | bytes, **headers: str) -> Any:
        """A body exactly as it is."""
        return self.client.generic(
            method,
            f"/api/v1{path}",
            body,
            content_type="application/json",
            headers={**self._headers(), **headers},
        )

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.bearer}"} if self.bearer else {}


def program_of(customer: Customer, *, is_sandbox: bool = False) -> Program:
    return Program(keys.issue(actor=command("tests"), user=customer.user, is_sandbox=is_sandbox).raw)


def data_of(answer: Any) -> Json:
    """What a yes carries."""
    assert answer.status_code == 200, answer.content
    body = answer.json()
    assert answer["Content-Type"].startswith("application/json")
    assert body.keys() == {"success", "data"}
    assert body["success"] is True
    assert isinstance(body["data"], dict)
    found: Json = body["data"]
    return found


def refusal_of(answer: Any, status: int, code: str) -> Json:
    """What a no carries, once it is known to be that one."""
    assert (answer.status_code, answer.json().get("error", {}).get("code")) == (status, code), answer.content
    body = answer.json()
    assert answer["Content-Type"] == "application/json"
    assert body.keys() == {"success", "message", "error"}
    assert body["success"] is False
    assert body["error"].keys() == {"code", "message", "details"}
    assert body["message"] == body["error"]["message"]
    assert body["message"]
    assert body["error"]["details"]["request_id"] == answer["X-Request-Id"]
    assert answer["Cache-Control"] == "no-store"
    assert envelope.PREFIX == "/api/v1"
    found: Json = body["error"]
    return found
