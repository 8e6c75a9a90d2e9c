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
from django.db import transaction

from accounts.models import Customer, User
from accounts.services.people import register_customer
from accounts.services.portal_users import appoint_first_administrator
from sandbox import demo_history

CUSTOMER = "ayu@demo.example"
FRIEND = "budi@demo.example"
STAFF = "citra@demo.example"


def load() -> Iterator[str]:
    """Make what is missing; yields what was done, one line each, without secrets."""
    passwords = _passwords()
    staff = _staff(passwords["superadmin"])
    ayu = _customer(CUSTOMER, "Ayu Lestari", passwords["customer"])
    _customer(FRIEND, "Budi Santoso", secrets.token_urlsafe(24))
    _write(_description(passwords))
    yield f"people: {staff.email}, {ayu.user.email}"
    yield from demo_history.tell(ayu)


def _passwords() -> dict[str, str]:
    known = _read().get("users", {})
    return {
        role: known.get(role, {}).get("password") or secrets.token_urlsafe(12) for role in ("superadmin", "customer")
    }


def _customer(email: str, name: str, password: str) -> Customer:
    found = Customer.objects.select_related("user").filter(user__email=email).first()
    return found or register_customer(email=email, password=password, display_name=name)


@transaction.atomic
def _staff(password: str) -> User:
    from allauth.account.models import EmailAddress

    user = User.objects.filter(email=STAFF).first()
    if user is None:
        user = appoint_first_administrator(User.objects.create_user(STAFF, password, display_name="Citra Dewi"))
        EmailAddress.objects.create(user=user, email=STAFF, verified=True, primary=True)
    return user


def _description(passwords: dict[str, str]) -> dict[str, Any]:
    # Roles and keys that do not exist yet stay empty, so that readers of the file find every name they know.
    return {
        "base_url": settings.BASE_URL,
        "users": {
            "superadmin": {"email": STAFF, "password": passwords["superadmin"]},
            "company_admin": {},
            "approver": {},
            "portal_admin": {},
            "customer": {"email": CUSTOMER, "password": passwords["customer"]},
        },
        "api_keys": {"customer": "", "api_user": "", "api_user_sandbox": ""},
        "simulators": {"otpzap": settings.SANDBOX_OTPZAP_URL, "faspay": settings.SANDBOX_FASPAY_URL},
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
