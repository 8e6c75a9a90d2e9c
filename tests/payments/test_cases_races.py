"""Two people and the machine at one case, in real threads. First the race itself, then that the case is won once."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.access.actors import Actor, Origin
from accounts.models import AuditEntry, PortalUser, User
from notifications.models import Mail
from payments import settlement
from payments.errors import CaseRefused
from payments.models import Deposit, PaymentAttempt, PaymentCase, ProviderMessage, Receipt
from payments.services import cases
from payments.settlement.cases import open_case
from tests.payments.cases_desk import Desk, house_balance, problems, wallet
from tests.payments.conftest import House, body_of
from tests.payments.test_races import at_once
from wallets.services import credit_from_house

pytestmark = pytest.mark.django_db(transaction=True)
RP, NIL = Decimal(50_000), Decimal(0)
TRX, NUMBER = "NOBODYKNOWS12345", "3702011234567890"


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else works on these rows."""
    monkeypatch.setattr("celery.app.task.Task.apply_async", lambda *args, **kwargs: None)


def actor_of(person: PortalUser) -> Actor:
    user = User.objects.get(pk=person.user_id)
    rights = frozenset({"PaymentCases.Propose", "PaymentCases.Approve"})
    roles = frozenset(person.roles.values_list("name", flat=True))
    return Actor(kind="session", origin=Origin(via="page"), user=user, portal=person, roles=roles, permissions=rights)


def waiting(house: House) -> PaymentCase:
    with transaction.atomic():
        return open_case(
            PaymentCase.Kind.PAID_TWICE,
            key="paid_twice:race",
            channel="faspay_va",
            amount=RP,
            currency="IDR",
            customer_id=house.customer.pk,
            receipt_key="race",
        )


def tried(work: Callable[[], Any]) -> Callable[[], str]:
    """What came of it: "done", or the code it was refused with."""

    def run() -> str:
        try:
            work()
        except CaseRefused as refusal:
            return refusal.code
        return "done"

    return run


def test_the_race_is_real(house: House, desk: Desk) -> None:
    """The same steps without the lock and with a reference per person credit twice."""
    case, between = waiting(house), Barrier(2)

    def naive(who: str) -> None:
        with transaction.atomic():
            row = PaymentCase.objects.get(pk=case.pk)
            between.wait(10)
            if row.state != "settled":
                credit_from_house(
                    customer=house.customer,
                    source="suspense:faspay_va",
                    amount=RP,
                    currency="IDR",
                    kind="correction",
                    reference=f"naive:{who}",
                    subject="",
                    memo="",
                    caused_by=None,
                )

    at_once(lambda: naive("one"), lambda: naive("other"))
    assert (wallet(house.customer), house_balance("suspense:faspay_va")) == (2 * RP, -RP)
    assert problems() != [], "and the proof sees it"


def test_two_approvers_at_once_move_it_once(house: House, desk: Desk) -> None:
    case = waiting(house)
    desk.propose(case, "credit")
    actors = [actor_of(desk.people[name]) for name in ("checker", "other")]
    came = at_once(*(tried(partial(cases.approve, actor=one, case=case)) for one in actors))
    assert sorted(came) == ["case_moved", "done"]
    assert (wallet(house.customer), house_balance("suspense:faspay_va")) == (RP, NIL)
    assert AuditEntry.objects.filter(action="payment_case.approved").count() == 1
    assert (Mail.objects.filter(subject__contains="Rp50.000").count(), problems()) == (1, [])


def test_one_person_pressing_often_moves_it_once(house: House, desk: Desk) -> None:
    case = waiting(house)
    desk.propose(case, "credit")
    checker = actor_of(desk.people["checker"])
    came = at_once(*[tried(lambda: cases.approve(actor=checker, case=case))] * 5)
    assert came == ["done"] * 5
    assert (wallet(house.customer), Receipt.objects.count(), problems()) == (RP, 1, [])


def test_approve_and_reject_at_once_have_one_winner(house: House, desk: Desk) -> None:
    checker, other = (actor_of(desk.people[name]) for name in ("checker", "other"))
    case = waiting(house)
    for _round in range(4):
        desk.propose(case, "return")
        if case.state != "proposed":
            break
        came = at_once(
            tried(partial(cases.approve, actor=checker, case=case)),
            tried(partial(cases.reject, actor=other, case=case, note="No.")),
        )
        assert sorted(came) == ["case_moved", "done"]
        case = PaymentCase.objects.get(pk=case.pk)
        moved = house_balance("suspense:faspay_va") == NIL
        assert (case.state == "settled", case.state == "open") == (moved, not moved)
    assert problems() == []


def test_approved_by_hand_while_its_reference_appears_it_is_credited_once(house: House, desk: Desk) -> None:
    checker = actor_of(desk.people["checker"])
    for round_ in range(4):
        trx_id, number = f"{TRX[:-1]}{round_}", f"{NUMBER[:-1]}{round_}"
        house.deliver(house.sign(body_of(number, trxId=trx_id)))
        for _try in range(3):
            _due_now(house)
        case = PaymentCase.objects.get(kind="unknown_reference", reference__in=[trx_id, number])
        desk.propose(case, "credit", customer=house.customer.user.email)
        deposit = house.ask_only(50_000 + round_)
        PaymentAttempt.objects.create(deposit=deposit, bank="702", trx_id=trx_id, number=number, state="open")
        _make_due()
        ids = settlement.due.messages()
        at_once(
            tried(partial(cases.approve, actor=checker, case=case)),
            partial(list, map(settlement.apply_message, ids)),
        )
        _due_now(house)
        case.refresh_from_db()
        assert case.state == "settled"
        assert (wallet(house.customer), house_balance("suspense:faspay_va")) == ((round_ + 1) * RP, NIL)
        assert Deposit.objects.get(pk=deposit.pk).state == "success"
        assert problems() == []


def _make_due() -> None:
    soon = timezone.now() - timedelta(seconds=1)
    ProviderMessage.objects.filter(decision="unmatched").update(next_try_at=soon)


def _due_now(house: House) -> None:
    _make_due()
    house.work()
