"""Money that came in by other ways, or otherwise than agreed, before you came.

Told through the simulators and the same doors as everything else: their letters are carried here by hand, since no web
process listens yet. A story that cannot be told is left out; a demo without it is better than a portal that does not
start.
"""

import logging
import uuid
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any

from django.conf import settings

from accounts.models import Customer
from payments import services as money
from payments import tasks
from payments.models import Deposit, PaymentAttempt, StaticAccount
from payments.services import incoming, static_accounts, switching
from payments.services.incoming import Call
from payments.settlement import asking, submitting
from sandbox import remote, remote_ways

BCA, MANDIRI = "702", "802"
_DOORS = {"inquiry": incoming.INQUIRY, "payment": incoming.PAYMENT, "static": incoming.PAYMENT}

logger = logging.getLogger(__name__)


def tell(customer: Customer) -> Iterator[str]:
    """One story after the other; nothing when they were told already."""
    known = Deposit.objects.filter(customer=customer, method="qris").exists()
    if known or StaticAccount.objects.filter(customer=customer).exists() or not settings.SANDBOX_FASPAY_URL:
        return
    for name, story in _STORIES.items():
        try:
            story(customer)
        except Exception:
            logger.exception("the story %s cannot be told", name)
            yield f"money: {name} left out"
        else:
            yield f"money: {name}"


def _by_code(customer: Customer) -> None:
    attempt = _attempt(customer, 35_000, "qris")
    remote_ways.scan(reference=attempt.trx_id, way="pay")
    money.check_now(deposit=attempt.deposit)
    asking.ask(attempt.pk)


def _by_permanent_number(customer: Customer) -> None:
    account = static_accounts.open_number(customer=customer, bank=BCA)
    wanted = {"virtualAccountNo": account.number, "amount": "60000", "send": False}
    _carry(remote.post(settings.SANDBOX_FASPAY_URL, "static/pay", wanted)["letters"])


def _late(customer: Customer) -> None:
    """Called off here, and paid by somebody who had the number all the same."""
    attempt = _attempt(customer, 40_000, "va", MANDIRI)
    money.cancel_deposit(deposit=attempt.deposit)
    _carry(_paid_at_the_bank(attempt))


def _twice(customer: Customer) -> None:
    """By its code and by its number: the second payment is nobody's wish, so it waits for two people of the staff."""
    first = _attempt(customer, 45_000, "va", BCA)
    second = switching.choose_way(deposit=first.deposit, method="qris")
    submitting.submit(second.pk)
    remote_ways.scan(reference=second.trx_id, way="pay")
    money.check_now(deposit=first.deposit)
    asking.ask(second.pk)
    _carry(_paid_at_the_bank(first))


_STORIES: dict[str, Callable[[Customer], None]] = {
    "a top-up by QRIS": _by_code,
    "a transfer to a permanent number": _by_permanent_number,
    "a late payment": _late,
    "a payment made twice": _twice,
}


def _attempt(customer: Customer, amount: int, method: str, bank: str = "") -> PaymentAttempt:
    deposit = money.request_deposit(
        customer=customer,
        amount=Decimal(amount),
        method=method,
        bank=bank,
        idempotency_key=str(uuid.uuid4()),
        fresh=True,
    )
    attempt = deposit.attempts.get()
    submitting.submit(attempt.pk)
    attempt.refresh_from_db()
    return attempt


def _paid_at_the_bank(attempt: PaymentAttempt) -> list[dict[str, Any]]:
    wanted = {"trxId": attempt.trx_id, "send": False}
    return list(remote.post(settings.SANDBOX_FASPAY_URL, "pay", wanted)["notifications"])


def _carry(letters: Iterable[dict[str, Any]]) -> None:
    """Hand letters of the simulated Faspay in at their doors, then do what a worker does about them."""
    for letter in letters:
        door = _DOORS.get(letter["kind"], incoming.PAYMENT)
        reply = incoming.receive_snap(door, Call("POST", _in_capitals(letter["headers"]), letter["body"].encode()))
        if reply.status != 200:
            raise ValueError(f"{letter['kind']} was answered {reply.status}")
        tasks.sweep()


def _in_capitals(headers: dict[str, str]) -> dict[str, str]:
    return {name.upper(): value for name, value in headers.items()}
