"""A client with a balance, transfers and batches in every state worth seeing, told by its own people.

The worker does not run yet, so what it does is done here. A story that cannot be told is left out; a demo without it is
better than a portal that does not start.
"""

import email
import logging
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from email import policy

from django.conf import settings

from accounts.access.actors import Actor
from accounts.models import Client
from notifications.models import Mail
from payouts import sending
from payouts.models import Batch, Funding, Payout
from payouts.services import batches, funding, rows, transfers
from sandbox.demo_people import PAYOUT_APPROVER, PAYOUT_MAKER, PORTAL_ADMIN, STAFF, acting
from sandbox.simulators.rail_api import name_at

BALANCE, PLAY_MONEY = Decimal(250_000), Decimal(50_000)
_SECONDS = 10
_CODE = re.compile(r"\b([0-9]{6})\b")

logger = logging.getLogger(__name__)


def tell() -> Iterator[str]:
    """One story after the other; nothing when they were told already, or nobody pays anything out here."""
    client = Client.objects.get(email=PORTAL_ADMIN.email)
    if not settings.PAYOUT_RAIL_URL or Funding.objects.filter(client=client).exists():
        return
    for name, story in _STORIES.items():
        try:
            story()
        except Exception:
            logger.exception("the story %s cannot be told", name)
            yield f"money out: {name} left out"
        else:
            yield f"money out: {name}"


def _balance() -> None:
    boss = acting(PORTAL_ADMIN.email)
    announced = funding.announce(actor=boss, amount=BALANCE, currency="SLE", note="June payroll")
    finder, checker = acting(STAFF["support"].email), acting(STAFF["company_admin"].email)
    found = funding.find(actor=finder, funding=announced, received=BALANCE, bank_reference="FT26142-000871")
    funding.confirm(actor=checker, funding=found)
    funding.announce(actor=boss, amount=Decimal(40_000), currency="SLE", note="July payroll")
    funding.play(actor=boss, amount=PLAY_MONEY)


def _transfers() -> None:
    boss = acting(PORTAL_ADMIN.email)
    _transfer(boss, "003001014892010184", Decimal("1250.00"), "Office rent")
    _transfer(boss, "076543210", Decimal("85.50"), "Travel")
    _transfer(boss, "008001014892011111", Decimal("300.00"), "Deposit back")
    transfers.initiate(
        actor=boss,
        account_number="002001992010184333",
        amount=Decimal("420.00"),
        receiver_name=name_at("002001992010184333"),
        narration="Repairs",
    )


def _transfer(actor: Actor, destination: str, amount: Decimal, narration: str) -> None:
    where = {"phone": destination} if len(destination) == 9 else {"account_number": destination}
    payout = transfers.initiate(
        actor=actor, amount=amount, receiver_name=name_at(destination), narration=narration, **where
    )
    transfers.authorise(actor=actor, payout=payout, code=_code_from_the_mail(actor))
    sending.attend([payout.pk], _SECONDS)


def _code_from_the_mail(actor: Actor) -> str:
    """The one place where a code can be read: on its way to whoever asked."""
    kept = Mail.objects.filter(recipients__contains=actor.label).latest("id")
    letter = email.message_from_bytes(bytes(kept.message), policy=policy.default)
    body = letter.get_body(("plain",))
    found = _CODE.search(body.get_content() if body else "")
    if found is None:
        raise ValueError("no code in the mail")
    return found[1]


def _finished() -> None:
    _send(_approved("Stipends May", _rows(("077123456", "003001014892010185", "030445566", "012001014892010186"), 2)))


def _with_a_failed_row() -> None:
    _send(
        _approved(
            "Pensions May", _rows(("003001014892010187", "078222333", "005001014892015555", "008001014892010188"))
        )
    )


def _waiting() -> None:
    maker = acting(PAYOUT_MAKER.email)
    made = rows.from_items(actor=maker, name="Pensions June", items=_rows(_JUNE, 3))
    batches.submit(actor=maker, batch=made)


def _to_be_mended() -> None:
    wrong = ("999001014892010184", "+23266123456", "003001014892010189", "076999888")
    rows.from_items(actor=acting(PAYOUT_MAKER.email), name="Stipends June", items=_rows(wrong))


def _approved(name: str, items: list[rows.Item]) -> Batch:
    maker, checker = acting(PAYOUT_MAKER.email), acting(PAYOUT_APPROVER.email)
    made = rows.from_items(actor=maker, name=name, items=items)
    waiting = batches.submit(actor=maker, batch=made, duplicates_reason="Each of them is due.")
    return batches.approve(actor=checker, batch=waiting)


def _send(batch: Batch) -> None:
    sending.attend(list(Payout.objects.filter(batch=batch).values_list("pk", flat=True)), _SECONDS)


_PHONES = ("076543211", "077123457", "031445567")
_JUNE = (*(f"00{n % 3 + 2}00101489201{n:04}" for n in range(101, 113)), *_PHONES)


def _rows(destinations: tuple[str, ...], factor: int = 1) -> list[rows.Item]:
    return [
        rows.Item(destination, Decimal(factor * (150 + 25 * n)) + Decimal("0.50"), name_at(destination), "Thank you")
        for n, destination in enumerate(destinations)
    ]


_STORIES: dict[str, Callable[[], None]] = {
    "a balance": _balance,
    "some transfers": _transfers,
    "a finished batch": _finished,
    "a batch with a failed row": _with_a_failed_row,
    "a batch that waits for approval": _waiting,
    "a batch with wrong rows": _to_be_mended,
}
