"""A client that writes to people: its balance, its program, and the phones of the simulated gateway."""

from decimal import Decimal
from typing import Any
from uuid import uuid4

from accounts.access.actors import Actor, Origin
from accounts.access.credentials import rights_of_api_user
from accounts.models import ApiUser, Client
from notifications.models import Sms
from tests.simulators import Simulator
from wallets.selectors import client_balances
from wallets.services import Purse, credit_client

NUMBER = "+23276123456"


def fund(client: Client, amount: str = "100", *, is_sandbox: bool = False) -> None:
    """Leones on the balance of a client."""
    credit_client(
        purse=Purse(client, "SLE", is_sandbox),
        source="clearing:client-funding" + ("-test" if is_sandbox else ""),
        amount=Decimal(amount),
        kind="funding",
        reference=f"fund-{uuid4().hex[:20]}",
        subject="",
        memo="for a test",
    )


def balance(client: Client, *, is_sandbox: bool = False) -> Decimal:
    found = [one.available for one in client_balances(client, is_sandbox=is_sandbox) if one.currency == "SLE"]
    return found[0] if found else Decimal(0)


def program(api_user: ApiUser, *, is_sandbox: bool = False) -> Actor:
    """An API user as its key has it."""
    return Actor(
        kind="api_key",
        origin=Origin(via="api", address="198.51.100.9", request_id="a-request"),
        api_user=api_user,
        is_sandbox=is_sandbox,
        permissions=rights_of_api_user(api_user),
    )


def phones(sms: Simulator) -> list[dict[str, Any]]:
    """What phones have got, newest first."""
    found: list[dict[str, Any]] = sms.look("messages")["messages"]
    return found


def state_of(message: Sms) -> tuple[str, str]:
    message.refresh_from_db()
    return message.state, message.reason
