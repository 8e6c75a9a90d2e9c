"""A program that calls the gateway API as somebody."""

import json
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponseBase
from django.test import Client

from accounts.access import tokens
from accounts.models import Customer


@dataclass
class Program:
    """``bearer`` is a token or a key; without one it calls as nobody."""

    bearer: str = ""
    client: Client = field(default_factory=lambda: Client(raise_request_exception=True))

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/api{path}", query, headers=self._headers())

    def post(self, path: str, /, *, key: str = "", **body: Any) -> Any:
        extra = {"Idempotency-Key": key} if key else {}
        return self.send(path, json.dumps(body), **extra)

    def send(self, path: str, body: str, **headers: str) -> Any:
        """A body exactly as it is."""
        return self.client.post(
            f"/api{path}", body, content_type="application/json", headers={**self._headers(), **headers}
        )

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.bearer}"} if self.bearer else {}


def program_of(customer: Customer) -> Program:
    """A program that holds a customer's token."""
    return Program(tokens.issue(customer))


def text_of(answer: HttpResponseBase) -> str:
    """The body of an answer, streamed or not."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
    return str(content.decode())
