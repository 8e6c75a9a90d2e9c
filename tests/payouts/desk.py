"""Two people of a client and their batches, and the engine made to work until nothing is left to do."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from accounts.access.actors import Actor
from accounts.models import ApiUser, Client, Role
from notifications.models import Mail
from payouts import rails, sending, starting
from payouts.models import Batch, BatchRow, Payout
from payouts.services import batches
from payouts.services.rows import Item, from_items
from tests.accounts.cast import api_user, company, person
from tests.payouts.house import fund, program, somebody

GOOD = ("003001014892010184", "076123456", "001001014892010185")


@dataclass
class Desk:
    """Fatu makes batches, Musa approves them."""

    client: Client
    maker: Actor
    checker: Actor
    bots: list[ApiUser] = field(default_factory=list)

    def made(self, *amounts: str, name: str = "Salaries", to: Iterable[str] = GOOD) -> Batch:
        """A batch that was checked; receivers in turn."""
        receivers = list(to)
        items = [Item(receivers[n % len(receivers)], Decimal(amount)) for n, amount in enumerate(amounts)]
        batch = from_items(actor=self.maker, name=name, items=items)
        # As from a file: what programs send may hold wrong rows.
        Batch.objects.filter(pk=batch.pk).update(origin=Batch.Origin.PASTE)
        batch.refresh_from_db()
        return batch

    def submitted(self, *amounts: str, name: str = "Salaries", to: Iterable[str] = GOOD) -> Batch:
        batch = self.made(*amounts, name=name, to=to)
        return batches.submit(actor=self.maker, batch=batch, duplicates_reason="two shifts")

    def approved(self, *amounts: str, name: str = "Salaries", to: Iterable[str] = GOOD) -> Batch:
        """Begun, or waiting for money."""
        return batches.approve(actor=self.checker, batch=self.submitted(*amounts, name=name, to=to))


def desk(name: str = "Nassit", *, money: str = "100000") -> Desk:
    client = company(name)
    if Decimal(money):
        fund(client, money)
    fatu = person(f"fatu-{name.lower()}", Role.PAYOUT_MAKER, client=client)
    musa = person(f"musa-{name.lower()}", Role.PAYOUT_APPROVER, client=client)
    return Desk(client, somebody(fatu.user), somebody(musa.user))


def bot(desk: Desk, name: str, *, is_sandbox: bool = False) -> Actor:
    """A program of the client."""
    return program(api_user(desk.client, name), is_sandbox=is_sandbox)


def rows_of(batch: Batch) -> list[BatchRow]:
    return list(BatchRow.objects.filter(batch=batch).select_related("payout").order_by("position"))


def payouts_of(batch: Batch) -> list[Payout]:
    return list(Payout.objects.filter(batch=batch).order_by("id"))


def work(seconds: float = 5.0) -> None:
    """What workers do, until nothing is due."""
    starting.start_due()
    for line in rails.lines():
        sending.run(line.name, seconds=seconds)


def finished(batch: Batch, seconds: float = 15.0) -> Batch:
    """Work until it has ended; accepted payouts end by themselves after a while."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        work(1.0)
        batch.refresh_from_db()
        if batch.finished_at is not None:
            return batch
        time.sleep(0.05)
    raise AssertionError(f"batch is still {batch.state}")


def mailed() -> list[tuple[str, str]]:
    """Who was mailed what, oldest first."""
    return [(recipient, mail.subject) for mail in Mail.objects.order_by("id") for recipient in mail.recipients]
