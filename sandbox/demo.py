"""The people of the sandbox and a little history, so that no page is empty.

Passwords are made here at the first start and stand only in VAR_DIR/demo.json (mode 0600). Loading twice changes
nothing: people keep their passwords, history is told once.
"""

import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings

from accounts.models import Customer
from accounts.services.people import register_customer
from sandbox import demo_cards, demo_checkout, demo_history, demo_identity, demo_money, demo_payouts, demo_people

CUSTOMER = "ayu@demo.example"
FRIEND = "budi@demo.example"
_STAFF = ("superadmin", "company_admin", "approver", "support", "auditor", "portal_admin")
_ROLES = (*_STAFF, *demo_people.COLLEAGUES, "customer")


def load() -> Iterator[str]:
    """Make what is missing; yields what was done, one line each, without secrets."""
    known = _read()
    passwords = {role: _password(known, role) for role in _ROLES}
    ayu = _customer(CUSTOMER, "Ayu Lestari", passwords["customer"])
    _customer(FRIEND, "Budi Santoso", secrets.token_urlsafe(24))
    yield from demo_people.make(passwords)
    _write(_description(passwords, known.get("api_keys", {})))
    yield f"customer: {ayu.user.email}"
    yield from demo_identity.tell(secrets.token_urlsafe(24))
    yield from demo_history.tell(ayu)
    yield from demo_money.tell(ayu)
    yield from demo_payouts.tell()
    yield from demo_cards.tell()
    yield from demo_checkout.tell()


def _password(known: dict[str, Any], role: str) -> str:
    found: str = known.get("users", {}).get(role, {}).get("password", "")
    return found or secrets.token_urlsafe(12)


def _customer(email: str, name: str, password: str) -> Customer:
    found = Customer.objects.select_related("user").filter(user__email=email, is_sandbox=False).first()
    return found or register_customer(email=email, password=password, display_name=name)


def _description(passwords: dict[str, str], api_keys: dict[str, str]) -> dict[str, Any]:
    people = {role: person.email for role, person in (demo_people.STAFF | demo_people.COLLEAGUES).items()} | {
        "superadmin": demo_people.SUPERADMIN.email,
        "portal_admin": demo_people.PORTAL_ADMIN.email,
        "customer": CUSTOMER,
    }
    return {
        "base_url": settings.BASE_URL,
        "users": {role: {"email": people[role], "password": passwords[role]} for role in _ROLES},
        "api_keys": api_keys if api_keys and all(api_keys.values()) else demo_people.make_keys(),
        "simulators": {
            "otpzap": settings.SANDBOX_OTPZAP_URL,
            "faspay": settings.SANDBOX_FASPAY_URL,
            "btcpay": settings.SANDBOX_BTCPAY_URL,
            "rail": settings.SANDBOX_RAIL_URL,
            "sms": settings.SANDBOX_SMS_URL,
            "cards": settings.SANDBOX_CARDS_URL,
        },
    }


def _path() -> Path:
    return Path(settings.VAR_DIR) / "demo.json"


def _read() -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(_path().read_text())
    except (OSError, ValueError):
        return {}
    return found


def _write(description: dict[str, Any]) -> None:
    partial = _path().with_suffix(".partial")
    partial.touch(mode=0o600)
    os.chmod(partial, 0o600)
    partial.write_text(json.dumps(description, indent=2) + "\n")
    partial.replace(_path())
