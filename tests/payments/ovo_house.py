"""Ayu, her OVO account at the simulator, and the letters between the two, carried by hand."""

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from django.db.models import F
from django.test import Client
from django.utils import timezone

from accounts.models import Customer
from payments import settlement
from payments.models import Deposit, OvoLink, PaymentAttempt
from payments.services import ovo, request_deposit
from payments.settlement import ovo as links
from tests.simulators import Simulator
from wallets.models import Posting
from wallets.selectors import balances

PHONE = "081382826301"
OTHER_PHONE = "081299990000"
TOKEN = "a-token-that-nobody-guesses"
NOTIFY, LINKED = "/faspay/notification", f"/faspay/ovo/linked/{TOKEN}"


@dataclass
class OvoHouse:
    """Both sides of an OVO account, and the steps between them, one at a time."""

    sim: Simulator
    customer: Customer
    page: Client
    outside: Client = field(default_factory=Client)

    # -- the link

    @property
    def link(self) -> OvoLink:
        return OvoLink.objects.filter(customer=self.customer).latest("id")

    def work(self, link: OvoLink | None = None) -> OvoLink:
        """The next step of a link, whether it is time or not."""
        link = link or self.link
        OvoLink.objects.filter(pk=link.pk, next_check_at__isnull=False).update(next_check_at=timezone.now())
        links.work(link.pk)
        link.refresh_from_db()
        return link

    def begin(self, phone: str = PHONE) -> OvoLink:
        """A pending link with OVO's page."""
        return self.work(ovo.link_account(customer=self.customer, phone=phone))

    def linked(self, *, cash: int = 150_000, points: int = 20_000) -> OvoLink:
        """A link that works."""
        self.begin()
        self.sim.control("ovo/purse", phone=PHONE, link="linked", cash=cash, points=points)
        link = self.work()
        assert link.state == "linked"
        return link

    def hint(self, phone: str = PHONE, code: str = "00", path: str = LINKED) -> Any:
        """What OVO's callback says, by whomever."""
        return self.outside.get(path, {"phone_number": phone, "response_code": code, "response_desc": "x"})

    # -- a payment

    def ask_only(self, amount: int = 50_000, pay_type: str = "0") -> Deposit:
        return request_deposit(
            customer=self.customer,
            amount=Decimal(amount),
            method="ovo",
            pay_type=pay_type,
            idempotency_key=secrets.token_hex(12),
        )

    def push(self, amount: int = 50_000, pay_type: str = "0") -> Deposit:
        """A deposit that OVO has been asked for (unless the simulator was told to misbehave)."""
        deposit = self.ask_only(amount, pay_type)
        settlement.submit(self.attempt(deposit).pk)
        deposit.refresh_from_db()
        return deposit

    def attempt(self, deposit: Deposit) -> PaymentAttempt:
        return deposit.attempts.latest("id")

    def question(self, deposit: Deposit) -> PaymentAttempt:
        """Ask about it right now, whatever the pace says."""
        attempt = self.attempt(deposit)
        PaymentAttempt.objects.filter(pk=attempt.pk).update(next_check_at=timezone.now())
        settlement.ask(attempt.pk)
        deposit.refresh_from_db()
        return self.attempt(deposit)

    def pass_time(self, deposit: Deposit, by: timedelta) -> None:
        """Let the push be that much older."""
        names = ("opened_at", "in_doubt_since", "expires_at")
        attempt = PaymentAttempt.objects.filter(pk=self.attempt(deposit).pk)
        attempt.update(**{name: F(name) - by for name in names})

    def finish(self, deposit: Deposit, status: str = "2", **order: Any) -> str:
        """The PIN was typed (or not) at OVO, and nobody is told; a notification comes back unsent."""
        bill = self.attempt(deposit).trx_id
        self.sim.control("ovo/finish", bill_no=bill, status=status, notify=False)
        return self.letter(deposit, **order)

    def letter(self, deposit: Deposit, **order: Any) -> str:
        bill = self.attempt(deposit).trx_id
        told = self.sim.control("ovo/notify", bill_no=bill, send=False, **order)
        return str(told["letters"][0]["body"])

    def deliver(self, body: str, path: str = NOTIFY) -> Any:
        form = "application/xml" if body.lstrip().startswith("<") else "application/json"
        return self.outside.post(path, data=body.encode(), content_type=form)

    def tell(self, deposit: Deposit, status: str = "2", **order: Any) -> Any:
        """The PIN was typed, we are told, and act on it."""
        answer = self.deliver(self.finish(deposit, status, **order))
        self.act(deposit)
        return answer

    def act(self, deposit: Deposit) -> None:
        """What the task does with the messages that wait."""
        for message_id in settlement.due.messages():
            asked = settlement.apply_message(message_id)
            if asked:
                settlement.ask(asked)
        deposit.refresh_from_db()

    @property
    def balance(self) -> Decimal:
        return balances(self.customer)[0].balance

    @property
    def credits(self) -> int:
        return Posting.objects.filter(account__customer=self.customer).count()

    @property
    def payments(self) -> list[dict[str, Any]]:
        return list(self.sim.look("ovo/payments")["payments"])

    def misbehave(self, operation: str, mode: str, **more: Any) -> None:
        self.sim.control("ovo/misbehave", operation=operation, mode=mode, **more)


def host_of(url: str) -> str:
    return urlsplit(url).netloc
