"""Money that payers pay in the small world: payments by card and checkouts of two clients, and play ones."""

import base64
import secrets
from datetime import timedelta
from decimal import Decimal
from typing import Any

from accounts.models import Client, User
from cards.models import Card, CardPayment, State
from cards.services import tokens
from checkout.models import Session
from config.lib.clock import now

_OF_CHECKOUTS = ("card", "by", "bank", "ask", "code.png")
KINDS = [
    ("company/cards/", "public_id", "card_payment"),
    ("staff/cards/", "public_id", "card_payment"),
    ("company/checkout/", "public_id", "checkout"),
    ("staff/checkouts/", "public_id", "checkout"),
    ("api/checkout/sessions/", "sessionId", "checkout"),
    # The page itself is that of deposits too, whose links are older.
    *((f"pay/<uuid:public_id>/{part}", "public_id", "checkout_page") for part in _OF_CHECKOUTS),
]
# Whoever has the link may pay.
SHARED = ("checkout_page",)
_WHOSE = {"portal_a": "a", "portal_b": "b", "api_live": "a", "portal_a_key": "a", "api_test": "test"}
_STAFF = dict.fromkeys(("super", "company", "approver", "support", "auditor"), "a b")
SEEN: dict[str, dict[str, str]] = {kind: {**_STAFF, **_WHOSE} for kind in ("card_payment", "checkout")}
# Cards are open, and the processor is never reached: nothing here leaves the house.
SETTINGS: dict[str, Any] = {
    "CARD_PROCESSOR_URL": "http://127.0.0.1:9/cards/v1",
    "CARD_PROCESSOR_KEY": "a-key",
    "CARD_CHALLENGE_KEY": "a-key",
    "SANDBOX_CARDS_URL": "http://127.0.0.1:9",
    "SANDBOX_CARDS_KEY": "a-key",
    "CARD_ENCRYPTION_KEYS": [base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()],
    "CARD_FINGERPRINT_KEY": "a-key-of-the-world",
}


def fill(clients: dict[str, Client], people: dict[str, User]) -> dict[str, dict[str, object]]:
    """Payments and checkouts by kind and owner."""
    found: dict[str, dict[str, object]] = {kind: {} for kind in SEEN}
    for name, client, is_sandbox in (
        ("a", clients["a"], False),
        ("b", clients["b"], False),
        ("test", clients["a"], True),
    ):
        card = _card(client, is_sandbox)
        person = people.get(f"portal_{name}")
        found["card_payment"][name] = _payment(name, card, person).public_id
        found["checkout"][name] = _checkout(name, client, is_sandbox).public_id
    return found | {"checkout_page": {"any": found["checkout"]["a"]}}


def _card(client: Client, is_sandbox: bool) -> Card:
    return tokens.tokenize(
        client=client,
        is_sandbox=is_sandbox,
        number="4242424242424242",
        expiry_month=12,
        expiry_year=2099,
        code="123",
    )


def _payment(name: str, card: Card, person: User | None) -> CardPayment:
    """One that waits to be captured."""
    until = now() + timedelta(days=7)
    return CardPayment.objects.create(
        reference=f"CP-of-{name}",
        client=card.client,
        is_sandbox=card.is_sandbox,
        card=card,
        created_by=person,
        order_id=f"order-of-{name}",
        amount=Decimal(100),
        currency="SLE",
        state=State.AUTHORIZED,
        processor="simulator",
        processor_id=f"P-of-{name}",
        authorized_at=now(),
        expires_at=until,
        due_at=until,
    )


def _checkout(name: str, client: Client, is_sandbox: bool) -> Session:
    return Session.objects.create(
        reference=f"CO-of-{name}",
        client=client,
        is_sandbox=is_sandbox,
        amount=Decimal(75),
        currency="SLE",
        description="Order 7",
        methods=["card"],
        expires_at=now() + timedelta(days=1),
    )


def bodies(world: Any) -> dict[str, tuple[str, dict[str, Any]]]:
    """A valid call of each operation on cards and checkouts that takes a body: who makes it, and what with."""
    payment = str(world.things["card_payment"]["a"])
    token = Card.objects.get(payments__public_id=payment).token
    card = {"cardNumber": "4242424242424242", "expiryMonth": 12, "expiryYear": 2099, "cvv": "123"}
    return {
        "card-payments.tokenize": ("api_live", card),
        "card-payments.authorize": ("api_live", {"token": token, "amount": 12, "currency": "SLE"}),
        "card-payments.capture": ("api_live", {"authorizationId": payment, "amount": 12}),
        "card-payments.verify-3ds": ("api_live", {"authorizationId": payment, "paRes": "x.y"}),
        "checkout.create": ("api_live", {"amount": 12, "currency": "SLE", "returnUrl": "https://shop.example/thanks"}),
    }


# What the processor would have to answer, or where there is nothing to do.
REFUSED = {"card-payments.capture", "card-payments.verify-3ds"}
