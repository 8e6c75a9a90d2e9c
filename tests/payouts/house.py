"""A client that pays out: its balance, its programs, the codes they are sent, and payments of other days."""

import re
from datetime import timedelta
from decimal import Decimal
from email import message_from_bytes, policy
from typing import Any

from accounts.access.actors import Actor, Origin
from accounts.access.credentials import portal_of, rights_of_api_user, rights_of_portal
from accounts.models import ApiUser, Client, User
from config.lib.clock import now
from config.lib.ids import new_dated_reference
from notifications.models import Mail
from payouts import books
from payouts.models import Payout
from payouts.models.states import OPEN, Kind, State
from wallets.selectors import client_balances
from wallets.services import Purse, credit_client

ACCOUNT, NUMBER = "003001014892010184", "076123456"


def fund(client: Client, amount: str = "100000", *, is_sandbox: bool = False) -> None:
    """Leones on the balance of a client."""
    credit_client(
        purse=Purse(client, "SLE", is_sandbox),
        source=books.funding(is_sandbox),
        amount=Decimal(amount),
        kind="funding",
        reference=new_dated_reference("TF"),
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


def somebody(user: User) -> Actor:
    """A person of a client as a session has it."""
    portal = portal_of(user)
    roles, permissions = rights_of_portal(portal) if portal else (frozenset[str](), frozenset[str]())
    origin = Origin(via="page", address="198.51.100.1", request_id="a-request")
    return Actor(kind="session", origin=origin, user=user, portal=portal, roles=roles, permissions=permissions)


def payment(client: Client, *, ago: timedelta = timedelta(0), **given: Any) -> Payout:
    """One that was asked for ``ago``; completed unless told otherwise."""
    moment = now() - ago
    state = given.get("state", State.COMPLETED)
    given = {
        "reference": new_dated_reference("TP"),
        "kind": Kind.BANK,
        "receiver": ACCOUNT,
        "receiver_code": "003",
        "amount": Decimal(100),
        "narration": "for a test",
        "state": state,
        "created_at": moment,
        **given,
    }
    if state in (State.COMPLETED, State.RETURNED):
        given |= {"completed_at": moment, "sent_at": moment}
    given |= {"due_at": moment} if state in OPEN else {"closed_at": moment}
    return Payout.objects.create(client=client, **given)


def code_in_mail(payout: Payout) -> str:
    """The last code that was mailed for it; codes of SMS are the same, and nobody can read them."""
    for mail in Mail.objects.order_by("-id"):
        text = message_from_bytes(bytes(mail.message), policy=policy.default).get_content()
        if payout.reference in text:
            found = re.search(r"^ {4}([0-9]{6})$", text, re.MULTILINE)
            assert found
            return found[1]
    raise AssertionError("no code was mailed")
