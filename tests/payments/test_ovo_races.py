"""OVO with real threads on real connections."""

from functools import partial
from typing import Any

import pytest
from django.test import Client

from accounts.models import Customer
from payments import settlement
from payments.errors import NotAgain, OvoNumberTaken
from payments.models import Deposit, OvoLink, PaymentAttempt, Receipt
from payments.services import ovo
from payments.settlement import ovo as links
from tests.payments.ovo_house import NOTIFY, PHONE, OvoHouse
from tests.payments.test_races import _no_broker, at_once

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["_no_broker"]


def _tell(body: str) -> int:
    form = "application/xml" if body.lstrip().startswith("<") else "application/json"
    return int(Client().post(NOTIFY, data=body.encode(), content_type=form).status_code)


def test_notice_and_question_at_once_credit_once(ovo_house: OvoHouse, no_ledger_problems: None) -> None:
    ovo_house.linked()
    deposit = ovo_house.push()
    letter = ovo_house.finish(deposit)
    assert set(at_once(*[partial(_tell, letter)] * 4)) == {200}
    attempt = ovo_house.attempt(deposit)
    PaymentAttempt.objects.filter(pk=attempt.pk).update(next_check_at=attempt.created_at)
    at_once(
        *[partial(settlement.apply_message, one) for one in settlement.due.messages()],
        partial(settlement.ask, attempt.pk),
        partial(settlement.ask, attempt.pk),
    )
    deposit.refresh_from_db()
    assert (deposit.state, ovo_house.credits, Receipt.objects.count()) == ("success", 1, 1)


def test_two_workers_push_once(ovo_house: OvoHouse) -> None:
    ovo_house.linked()
    deposit = ovo_house.ask_only()
    at_once(*[partial(settlement.submit, ovo_house.attempt(deposit).pk)] * 4)
    assert len(ovo_house.payments) == 1


def test_pay_pressed_in_many_tabs_at_once(ovo_house: OvoHouse) -> None:
    ovo_house.linked()
    at_once(*[ovo_house.ask_only] * 5)
    assert Deposit.objects.count() == 1 == PaymentAttempt.objects.count()


def test_try_again_pressed_many_times_at_once(ovo_house: OvoHouse) -> None:
    ovo_house.linked()
    deposit = ovo_house.push()
    ovo_house.tell(deposit, "8")

    def press() -> int:
        try:
            return int(ovo.retry(deposit=deposit).pk)
        except NotAgain:
            return 0

    assert len({pk for pk in at_once(*[press] * 5) if pk}) == 1
    assert deposit.attempts.count() == 2


def test_many_want_one_number_at_once(ovo_house: OvoHouse, other_customer: Customer) -> None:
    def want(customer: Customer) -> str:
        try:
            ovo.link_account(customer=customer, phone=PHONE)
        except OvoNumberTaken:
            return "refused"
        return "begun"

    both: list[Any] = [partial(want, ovo_house.customer), partial(want, other_customer)] * 2
    said = at_once(*both)
    assert OvoLink.objects.count() == 1
    assert sorted(said) == ["begun", "begun", "refused", "refused"]


def test_many_workers_take_one_step(ovo_house: OvoHouse) -> None:
    link = ovo.link_account(customer=ovo_house.customer, phone=PHONE)
    at_once(*[partial(links.work, link.pk)] * 4)
    calls = [row for row in ovo_house.sim.look("requests?limit=50")["requests"] if "/100037/" in row["path"]]
    assert len(calls) == 1
    assert ovo_house.link.page_url
