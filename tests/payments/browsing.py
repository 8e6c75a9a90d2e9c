"""A browser without JavaScript, and the looks of a page at its live part."""

import re
from typing import Any

from django.test import Client
from django.urls import reverse

from payments.models import Deposit

TOPUP = "/topup/"
KEY = "a-key-from-the-hidden-field"


def send_form(client: Client, **fields: str) -> Any:
    return client.post(TOPUP, {"preset": "50000", "amount": "", "bank": "702", "idempotency_key": KEY, **fields})


def url_of(deposit: Deposit, action: str = "deposit") -> str:
    return reverse(f"payments:{action}", args=[deposit.public_id])


def poll(client: Client, deposit: Deposit, seen: str = "") -> Any:
    return client.get(url_of(deposit), {"seen": seen} if seen else {}, headers={"HX-Request": "true"})


def seen_in(html: str) -> str:
    found = re.search(r"seen=([0-9]+-[0-9]+-[a-z_]+)", html)
    assert found
    return found.group(1)


def text_of(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())
