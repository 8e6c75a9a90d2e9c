"""A client of whom every report has something to tell, and its people."""

import csv
import io
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.test import Client as Browser

from accounts.access.actors import command
from accounts.models import ApiUser, Client, User
from accounts.services import keys
from cards.models import State as CardState
from checkout.models import State as CheckoutState
from config.lib.clock import now
from config.lib.ids import new_dated_reference
from payouts.models import Attempt, Batch, BatchRow, Payout
from payouts.models.states import BatchState, Kind, Problem, Reason, RowState, Source, State
from tests.accounts.cast import api_user
from tests.payouts.house import ACCOUNT, payment
from tests.reports.things import charged, checkout, noted


def fill(client: Client, name: str = "Bot") -> Batch:
    """Payments by a program and by people, calls, a batch of five rows that has ended, cards and checkouts."""
    bot = api_user(client, name)
    key = keys.issue(actor=command("test"), api_user=bot, is_sandbox=False).key
    for ago in (0, 1, 40):
        noted(key, 200 if ago else 404, ago=timedelta(days=ago))
    _payments(client, bot)
    for state in (CardState.AUTHORIZED, CardState.CAPTURED, CardState.DECLINED):
        charged(client, state, order_id=f"=order of {name}: {state}")
    for ended in (CheckoutState.OPEN, CheckoutState.COMPLETED):
        checkout(client, ended, description="Shoes, size 42")
    return batch(client)


def _payments(client: Client, bot: ApiUser) -> None:
    payment(client, api_user=bot, receiver_name='Aminata, "Ami" Sesay', fee=Decimal("2.50"))
    payment(client, api_user=bot, state=State.FAILED, reason=Reason.NO_ACCOUNT, receiver_name="=HYPERLINK(1)")
    payment(client, receiver="076123456", receiver_code="076", kind=Kind.MOBILE, ago=timedelta(days=3))
    payment(client, state=State.PENDING)


def batch(client: Client, *, amount: str = "100", fee: str = "0") -> Batch:
    """Paid, failed and tried again, wrong, left out: one row of each."""
    moment, checker = now(), User.objects.get_or_create(email="checker@example.id")[0]
    made = Batch.objects.create(
        reference=new_dated_reference("TB"),
        client=client,
        name="Wages, November",
        origin=Batch.Origin.PASTE,
        state=BatchState.PARTLY_COMPLETED,
        rows=4,
        valid=2,
        error=1,
        excluded=1,
        amount=2 * Decimal(amount),
        paid=1,
        failed=1,
        approved_at=moment,
        approved_by=checker,
        approved_digest="a" * 64,
        started_at=moment,
        finished_at=moment,
    )
    sums = {"amount": Decimal(amount), "fee": Decimal(fee)}
    paid = _sent(made, State.COMPLETED, **sums)
    failed = _sent(made, State.FAILED, reason=Reason.NO_ACCOUNT, attempts=2, **sums)
    for number in (1, 2):
        Attempt.objects.create(
            payout=failed, number=number, result="failed", reason=Reason.NO_ACCOUNT, asked_by="fatu@example.id"
        )
    _row(made, 1, paid, **sums)
    _row(made, 2, failed, **sums)
    _row(made, 3, None, state=RowState.ERROR, destination="nonsense", problems=f"{Problem.BAD_DESTINATION}")
    _row(made, 4, None, state=RowState.EXCLUDED)
    return made


def _sent(made: Batch, state: State, **given: Any) -> Payout:
    return payment(made.client, batch=made, source=Source.BATCH, state=state, **given)


def _row(made: Batch, position: int, payout: Payout | None, **given: Any) -> BatchRow:
    known = {
        "destination": ACCOUNT,
        "receiver": ACCOUNT,
        "receiver_code": "003",
        "kind": Kind.BANK,
        "receiver_name": "+Fatu",
        "amount": Decimal(100),
        "state": RowState.VALID,
        **given,
    }
    reference = payout.reference if payout else new_dated_reference("TP")
    return BatchRow.objects.create(batch=made, position=position, reference=reference, payout=payout, **known)


def sheet(answer: Any) -> list[list[str]]:
    """The rows of a file, its head first."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    text = content.decode()
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:])))


def question(slug: str, made: Batch) -> str:
    """What has to be asked for beside the report itself."""
    return f"?batch={made.reference}" if slug in ("batch", "reconciliation") else ""


def page(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.content.decode()
