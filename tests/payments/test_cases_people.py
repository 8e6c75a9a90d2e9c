"""Who may decide what: two people, a reason, a limit, a fresh sign-in, and nothing that was not on the page."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, Customer, Role
from payments import wording
from payments.models import PaymentCase
from payments.settlement.cases import open_case
from tests.accounts import cast
from tests.conftest import prove_identity
from tests.payments.cases_desk import Desk, address, place_of, problems, wallet
from tests.payments.conftest import House

pytestmark = pytest.mark.django_db
RP, NIL = Decimal(50_000), Decimal(0)


def waiting(house: House, amount: Decimal = RP, key: str = "PAYMENTOFAYU0001") -> PaymentCase:
    with transaction.atomic():
        return open_case(
            PaymentCase.Kind.PAID_TWICE,
            key=f"paid_twice:{key}",
            channel="faspay_va",
            amount=amount,
            currency="IDR",
            customer_id=house.customer.pk,
            reference=key,
            receipt_key=key,
        )


def test_nobody_approves_what_they_proposed_whatever_role_they_get_meanwhile(house: House, desk: Desk) -> None:
    case = waiting(house)
    desk.propose(case, "credit")
    assert desk.decide(case, by=desk.maker).status_code == 404, "Support does not approve"
    desk.people["maker"].roles.add(Role.objects.get(name=Role.SUPER_ADMIN))
    desk.decide(case, by=desk.maker)
    assert (case.state, wallet(house.customer)) == ("proposed", NIL)
    assert "A second person must" in desk.said(desk.maker, case)
    desk.decide(case, "reject", by=desk.maker)
    assert case.state == "proposed", "nor rejects it: it is taken back"
    desk.decide(case, "withdraw", by=desk.maker)
    assert (case.state, case.proposed_by, case.action) == ("open", None, "")


def test_the_database_insists_on_two_people_too(house: House, desk: Desk) -> None:
    case = waiting(house)
    desk.propose(case, "credit")
    rows = PaymentCase.objects.filter(pk=case.pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(state="settled", decided_by=desk.people["maker"].user, decided_at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.update(state="settled", decided_at=timezone.now())


def test_a_reason_is_needed_to_propose_and_to_reject(house: House, desk: Desk) -> None:
    case = waiting(house)
    assert desk.propose(case, "credit", note="  ").status_code == 422
    desk.propose(case, "credit")
    assert desk.decide(case, "reject", note="").status_code == 422
    desk.decide(case, "reject", note="Ask the bank first.")
    assert case.state == "open"
    said = AuditEntry.objects.filter(object_type="paymentcase").order_by("id")
    assert [entry.action for entry in said] == ["payment_case.proposed", "payment_case.rejected"]
    assert said[1].after == {"reason": "Ask the bank first."}
    assert "Ask the bank first." in desk.said(desk.maker, case), "whoever proposed it reads why not"


def test_above_the_limit_a_super_admin_approves(house: House, desk: Desk, settings: Any) -> None:
    settings.CASE_APPROVAL_LIMIT = 49_999
    case = waiting(house)
    desk.propose(case, "return")
    assert address("case_approve", case) not in desk.said(desk.checker, case)
    desk.decide(case)
    assert (case.state, place_of(case)) == ("proposed", "suspense")
    desk.decide(case, by=desk.other)
    assert (case.state, place_of(case)) == ("settled", "returned")


def test_an_old_sign_in_approves_nothing(house: House, desk: Desk) -> None:
    case = waiting(house)
    desk.propose(case, "credit")
    prove_identity(desk.checker, desk.people["checker"].user, seconds_ago=3_600)
    answer = desk.decide(case)
    assert "reauthenticate" in answer["Location"]
    assert case.state == "proposed"


def test_what_was_not_on_the_page_is_not_approved(house: House, desk: Desk) -> None:
    case = waiting(house)
    desk.propose(case, "return")
    seen = case.version
    desk.decide(case, "withdraw", by=desk.maker)
    desk.propose(case, "write_off")
    desk.decide(case, version=seen)
    assert (case.state, place_of(case)) == ("proposed", "suspense")
    assert "Somebody has changed this case" in desk.said(desk.checker, case)


def test_approving_again_changes_nothing_and_somebody_else_is_told(house: House, desk: Desk) -> None:
    case = waiting(house)
    desk.settle(case, "credit")
    assert "Approved and done" in desk.said(desk.checker, case)
    desk.decide(case)
    assert "Approved and done" in desk.said(desk.checker, case)
    desk.decide(case, by=desk.other)
    assert "Somebody has changed this case" in desk.said(desk.other, case)
    assert (wallet(house.customer), problems()) == (RP, [])


def test_nobody_decides_for_their_own_wallet(house: House, desk: Desk) -> None:
    case = waiting(house)
    portal = desk.people["maker"]
    own = Customer.objects.create(user=portal.user)
    assert desk.propose(case, "credit", customer=str(own.public_id)).status_code == 422
    desk.propose(case, "credit", by=desk.other, customer=str(own.public_id))
    assert case.state == "proposed"
    his = Customer.objects.create(user=desk.people["checker"].user)
    PaymentCase.objects.filter(pk=case.pk).update(action_customer=his)
    desk.decide(case)
    assert case.state == "proposed"


def test_a_wallet_of_the_sandbox_gets_no_real_money(house: House, desk: Desk) -> None:
    play = Customer.objects.create(user=house.customer.user, is_sandbox=True)
    case = waiting(house)
    assert desk.propose(case, "credit", customer=str(play.public_id)).status_code == 422


def test_the_page_says_beforehand_what_would_move(house: House, desk: Desk) -> None:
    case = waiting(house)
    page = desk.maker.get(address("case_foresee", case), {"action": "credit"}).content.decode()
    assert "Rp50.000 moves from suspense:faspay_va to the wallet of Ayu Lestari." in page
    page = desk.maker.get(address("case_foresee", case), {"action": "credit", "amount": "x"}).content.decode()
    assert "Enter an amount" in page
    desk.propose(case, "return")
    assert "Rp50.000 moves from suspense:faspay_va to clearing:faspay_va." in desk.said(desk.checker, case)


@pytest.mark.parametrize("who", ["auditor", "client", "customer"])
def test_others_see_or_do_nothing(house: House, desk: Desk, who: str) -> None:
    case = waiting(house)
    browser = {
        "auditor": lambda: cast.browser_of(cast.person("auditor", Role.AUDITOR)),
        "client": lambda: cast.browser_of(cast.person("boss", Role.PORTAL_ADMIN, client=cast.company())),
        "customer": lambda: cast.browser_of(house.customer.user),
    }[who]()
    look = browser.get(address("case", case)).status_code
    assert look == (200 if who == "auditor" else 404)
    assert desk.propose(case, "credit", by=browser).status_code == 404
    assert browser.get(address("case_foresee", case)).status_code == 404


def test_every_kind_action_and_outcome_has_words() -> None:
    assert set(wording.CASES) == set(PaymentCase.Kind.values)
    for action in PaymentCase.Action.values:
        case = PaymentCase(kind="paid_twice", state="settled", action=action, amount=RP, currency="IDR")
        assert wording.sentence_of(case)


def test_lists_find_filter_and_count(house: House, desk: Desk) -> None:
    case, other = waiting(house), waiting(house, Decimal(20_000), "PAYMENTOFAYU0002")
    desk.propose(case, "credit")
    page = desk.checker.get("/staff/cases/").content.decode()
    assert "Rp70.000" in page
    assert page.index("PAYMENTOFAYU0001") < page.index("PAYMENTOFAYU0002")
    mine: Client = desk.checker
    assert "PAYMENTOFAYU0002" not in mine.get("/staff/cases/?whose=to_approve").content.decode()
    assert "PAYMENTOFAYU0001" not in desk.maker.get("/staff/cases/?whose=to_approve").content.decode()
    for query in ("q=PAYMENTOFAYU0002", f"q={other.public_id}", "state=open"):
        found = mine.get(f"/staff/cases/?{query}").content.decode()
        assert "PAYMENTOFAYU0002" in found, query
        assert "PAYMENTOFAYU0001" not in found, query
    assert mine.get("/staff/cases/?kind=zzz&state=zzz&q=%00&cursor=zz").status_code == 200


def test_deposits_are_found_by_anything_that_is_known_of_them(house: House, desk: Desk) -> None:
    deposit = house.ask_for(60_000)
    attempt = house.account(deposit)
    away = house.ask_for(20_000)
    for text in (attempt.number, attempt.trx_id, attempt.provider_trx_id, "Rp60.000", str(deposit.public_id)):
        page = desk.maker.get("/staff/deposits/", {"q": text}).content.decode()
        assert address("deposit", deposit) in page, text
        assert address("deposit", away) not in page, text
    page = desk.maker.get("/staff/deposits/", {"q": "ayu@example", "state": "pending", "method": "va"}).content.decode()
    assert address("deposit", away) in page
    assert address("deposit", away) not in desk.maker.get("/staff/deposits/?needs=attention").content.decode()
    answer: Any = desk.maker.get("/staff/deposits/export/?q=60000")
    lines = b"".join(answer.streaming_content).decode()
    assert attempt.number in lines
    assert len(lines.strip().splitlines()) == 2
    assert AuditEntry.objects.filter(action="deposit.exported").get().after["rows"] == 1


def test_a_deposit_tells_its_story_and_can_be_asked_about(house: House, desk: Desk) -> None:
    deposit = house.ask_for()
    house.deliver(house.pay(deposit)[0])
    desk.maker.post(address("deposit_ask", deposit))
    house.work()
    page = desk.maker.get(address("deposit", deposit)).content.decode()
    for words in (
        "Asked for",
        "We asked: create-va",
        "Can be paid",
        "We were told",
        "Money arrived",
        "Booked: Top-up",
    ):
        assert words in page, words
    assert desk.maker.post(address("deposit_correct", deposit), {"note": ""}).status_code == 422
    for _twice in range(2):
        desk.maker.post(address("deposit_correct", deposit), {"note": "It is not right."})
    assert deposit.cases.count() == 1
