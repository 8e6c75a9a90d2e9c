"""Staff and orders: finding one, seeing no code, closing what was never answered, lists and fresh starts."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.access.actors import command
from accounts.models import AuditEntry, Customer, Role, User
from config.lib import clock
from notifications.models import Notice
from otp import limits
from otp.errors import NotInDoubt
from otp.models import BlockedService, Order, OrderCode, Pardon, Reason, State
from otp.services import settling
from tests.accounts import cast
from tests.conftest import prove_identity
from tests.otp.helpers import fund, prove, wallet
from tests.otp.making import make_order
from wallets import services as wallets

pytestmark = pytest.mark.django_db
ClientFor = Callable[[Any], Client]


@pytest.fixture
def desk(staff_user: User, client_for: ClientFor) -> Client:
    return client_for(staff_user)


def _doubtful(customer: Customer, hours: float = 13, **more: Any) -> Order:
    """Held and sent long ago; nobody ever answered."""
    fund(customer)
    then = clock.now() - timedelta(hours=hours)
    order = make_order(customer, state=State.IN_DOUBT, created_at=then, sent_at=then, **{"doubted_at": then, **more})
    wallets.hold_funds(
        customer=customer,
        amount=order.price,
        currency="IDR",
        reference=order.hold_reference,
        subject=order.subject,
        memo=order.title,
    )
    return order


def _settle(desk: Client, order: Order, why: str = "OTPZap does not know our reference") -> Any:
    return desk.post(reverse("staff:order_settle", args=[order.public_id]), {"why": why})


class TestFinding:
    @pytest.mark.parametrize("field", ["reference", "provider_order_id", "public_id", "phone_number", "email"])
    def test_by_whatever_a_customer_may_name(self, desk: Client, customer: Customer, field: str) -> None:
        order = make_order(customer, phone_number="+6281234567890")
        make_order(customer, phone_number="+6285500000000", service_name="Telegram", reference="other")
        words = {"email": "ayu@example.id", "phone_number": "0812-3456"}.get(field) or str(getattr(order, field))
        page = desk.get("/staff/orders/", {"q": words}).content.decode()

        assert str(order.public_id) in page

    def test_by_what_it_needs(self, desk: Client, customer: Customer) -> None:
        stuck = _doubtful(customer)
        fresh = make_order(customer, state=State.IN_DOUBT, doubted_at=clock.now(), service_name="Fresh")
        lost = make_order(customer, state=State.CANCELLED, reason=Reason.REPLACEMENT_LOST)
        late = make_order(customer, expires_at=clock.now() - timedelta(hours=1))
        kept = make_order(customer, state=State.EXPIRED, withheld_count=1)
        replacing = make_order(customer, replace_requested_at=clock.now(), replace_doubted_at=clock.now())
        found = {
            needs: {order for order in (stuck, fresh, lost, late, kept, replacing) if str(order.public_id) in page}
            for needs in ("doubt", "hand", "late", "lost", "withheld")
            for page in [desk.get("/staff/orders/", {"needs": needs}).content.decode()]
        }

        assert found["doubt"] == {stuck, fresh, replacing}
        assert found["hand"] == {stuck}
        assert found["late"] == {late, stuck}
        assert found["lost"] == {lost}
        assert found["withheld"] == {kept}

    def test_the_list_costs_the_same_for_few_and_for_many(
        self,
        desk: Client,
        customer: Customer,
        django_assert_max_num_queries: Callable[[int], AbstractContextManager[object]],
    ) -> None:
        for _number in range(30):
            make_order(customer)
        with django_assert_max_num_queries(12):
            assert desk.get("/staff/orders/").content.decode().count("fw-bold") == 25

    def test_sandbox_orders_are_not_staff_s(self, desk: Client, customer: Customer) -> None:
        order = make_order(Customer.objects.create(user=customer.user, is_sandbox=True))

        assert str(order.public_id) not in desk.get("/staff/orders/").content.decode()
        assert desk.get(reverse("staff:order", args=[order.public_id])).status_code == 404

    @pytest.mark.parametrize("words", ["\0", "%00", "' OR 1=1", "9" * 99, "-", "+62", "@", "%"])
    def test_odd_words_find_nothing_and_break_nothing(self, desk: Client, customer: Customer, words: str) -> None:
        make_order(customer)
        asked = {"q": words, "needs": words, "state": words, "kind": words, "cursor": words}
        assert desk.get("/staff/orders/", asked).status_code == 200

    def test_support_looks_and_does_not_close(self, customer: Customer, client_for: ClientFor) -> None:
        order = _doubtful(customer)
        support = client_for(cast.person("support", Role.SUPPORT).user)
        page = support.get(reverse("staff:order", args=[order.public_id])).content.decode()

        assert "Give the money back" not in page
        assert _settle(support, order).status_code == 404
        assert wallet(customer)[1] == order.price

    def test_approvers_and_customers_see_no_order(self, customer: Customer, client_for: ClientFor) -> None:
        order = make_order(customer)
        for person in (cast.person("approver", Role.APPROVER).user, customer):
            assert client_for(person).get("/staff/orders/").status_code == 404
            assert client_for(person).get(reverse("staff:order", args=[order.public_id])).status_code == 404


def test_staff_never_see_what_a_message_says(desk: Client, customer: Customer) -> None:
    order = make_order(customer, state=State.OTP_RECEIVED, server=3, mail_address="a1@outlook.com")
    OrderCode.objects.create(
        order=order,
        position=0,
        code="482913",
        message="482913 is your secret",
        sender="noreply@openai.com",
        subject="Your code is 482913",
        link="https://example.com/482913",
        received_at=clock.now(),
    )
    page = desk.get(reverse("staff:order", args=[order.public_id])).content.decode()

    assert "noreply@openai.com" in page
    assert "482913" not in page
    # Nor can they find an order by its code.
    assert "Nothing found" in desk.get("/staff/orders/", {"q": "482913"}).content.decode()


class TestClosingByHand:
    def test_the_money_goes_back_and_it_is_on_record(self, desk: Client, customer: Customer) -> None:
        order = _doubtful(customer)
        assert "Give the money back" in desk.get(reverse("staff:order", args=[order.public_id])).content.decode()
        assert _settle(desk, order).status_code == 302

        order.refresh_from_db()
        assert (order.state, order.reason) == (State.FAILED, Reason.SETTLED_BY_STAFF)
        assert wallet(customer) == (Decimal(100_000), Decimal(0))
        entry = AuditEntry.objects.get(action="order.settled")
        assert (entry.object_id, entry.after["reason"]) == (
            str(order.public_id),
            "OTPZap does not know our reference",
        )
        assert Notice.objects.get(customer=customer).kind == "order_failed"
        prove()

    def test_a_replacement_nobody_answered_for_too(self, desk: Client, customer: Customer) -> None:
        order = _doubtful(customer, doubted_at=None)
        then = clock.now() - timedelta(hours=13)
        Order.objects.filter(pk=order.pk).update(
            state=State.PENDING,
            provider_order_id="77",
            activated_at=then,
            replace_requested_at=then,
            replace_doubted_at=then,
            replace_reference="R1",
        )
        assert _settle(desk, order).status_code == 302
        assert wallet(customer) == (Decimal(100_000), Decimal(0))
        prove()

    @pytest.mark.parametrize(
        "more",
        [
            pytest.param({"hours": 11}, id="not-long-enough"),
            pytest.param({"doubted_at": None}, id="never-in-doubt"),
            pytest.param({"doubted_at": clock.now()}, id="in-doubt-since-a-moment"),
        ],
    )
    def test_nothing_else_can_be_closed(self, desk: Client, customer: Customer, more: dict[str, Any]) -> None:
        order = _doubtful(customer, **more)
        page = desk.get(reverse("staff:order", args=[order.public_id])).content.decode()
        _settle(desk, order)

        assert "Give the money back" not in page
        order.refresh_from_db()
        assert order.state == State.IN_DOUBT
        assert wallet(customer)[1] == order.price

    def test_not_one_the_supplier_answered_for_in_the_meantime(self, desk: Client, customer: Customer) -> None:
        order = _doubtful(customer)
        Order.objects.filter(pk=order.pk).update(state=State.PENDING, provider_order_id="77", activated_at=clock.now())
        _settle(desk, order)

        order.refresh_from_db()
        assert order.state == State.PENDING
        assert not AuditEntry.objects.filter(action="order.settled").exists()

    def test_no_reason_no_money(self, desk: Client, customer: Customer) -> None:
        order = _doubtful(customer)
        assert _settle(desk, order, why="").status_code == 422
        assert _settle(desk, order, why="x").status_code == 422
        assert wallet(customer)[1] == order.price

    def test_an_old_sign_in_proves_itself_first(
        self, customer: Customer, staff_user: User, client_for: ClientFor
    ) -> None:
        order = _doubtful(customer)
        browser = client_for(staff_user)
        prove_identity(browser, staff_user, seconds_ago=24 * 3600)
        answer = _settle(browser, order)

        assert answer.status_code == 302
        assert "/staff/orders/" not in answer["Location"].partition("?")[0]
        order.refresh_from_db()
        assert order.state == State.IN_DOUBT


@pytest.mark.django_db(transaction=True)
def test_ten_clicks_at_once_close_it_once(customer: Customer) -> None:
    order = _doubtful(customer)
    outcomes: list[str] = []

    def run() -> None:
        try:
            settling.give_money_back(actor=command("test"), order=order, why="ten at once")
            outcomes.append("closed")
        except NotInDoubt:
            outcomes.append("refused")
        connection.close()

    threads = [threading.Thread(target=run) for _number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["closed", *["refused"] * 9]
    assert wallet(customer) == (Decimal(100_000), Decimal(0))
    assert AuditEntry.objects.filter(action="order.settled").count() == 1
    prove()


class TestBlockedServices:
    def test_staff_add_change_and_remove(self, desk: Client) -> None:
        listing = reverse("staff:blocked_services")
        sent = {"words": "  Acme   Pay ", "why": "a payment service", "at_order": "on"}
        assert desk.post(listing, sent).status_code == 302
        row = BlockedService.objects.get(words="Acme Pay")
        assert (row.at_order, row.on_arrival) == (True, False)
        assert "Acme Pay" in desk.get(listing, {"q": "acme"}).content.decode()

        one = reverse("staff:blocked_service", args=[row.pk])
        assert desk.post(one, {"why": "a bank", "on_arrival": "on"}).status_code == 302
        row.refresh_from_db()
        assert (row.why, row.at_order, row.on_arrival) == ("a bank", False, True)

        assert desk.post(reverse("staff:blocked_service_remove", args=[row.pk])).status_code == 302
        assert not BlockedService.objects.filter(pk=row.pk).exists()
        actions = AuditEntry.objects.filter(action__startswith="blocked_service.").order_by("pk")
        assert [entry.action.partition(".")[2] for entry in actions] == ["added", "changed", "removed"]

    @pytest.mark.parametrize(
        ("sent", "status"),
        [
            pytest.param({"words": "ACME", "why": "x", "at_order": "on"}, 409, id="twice"),
            pytest.param({"words": "a b", "why": "x", "at_order": "on"}, 422, id="short"),
            pytest.param({"words": "Other", "why": "x"}, 422, id="never"),
            pytest.param({"words": "", "why": "", "at_order": "on"}, 422, id="empty"),
            pytest.param({"words": "x\0yz", "why": "x", "at_order": "on"}, 422, id="zero-byte"),
            pytest.param({"words": "x" * 121, "why": "x", "at_order": "on"}, 422, id="long"),
        ],
    )
    def test_what_makes_no_sense_is_refused(self, desk: Client, sent: dict[str, str], status: int) -> None:
        BlockedService.objects.create(words="Acme", why="x")
        before = BlockedService.objects.count()

        assert desk.post(reverse("staff:blocked_services"), sent).status_code == status
        assert BlockedService.objects.count() == before

    def test_support_only_looks(self, client_for: ClientFor) -> None:
        row = BlockedService.objects.create(words="Acme", why="x")
        support = client_for(cast.person("support", Role.SUPPORT).user)
        page = support.get(reverse("staff:blocked_services")).content.decode()

        assert "Acme" in page
        assert '<form method="post" class="card-body"' not in page
        assert support.post(reverse("staff:blocked_service_remove", args=[row.pk])).status_code == 404
        assert BlockedService.objects.filter(pk=row.pk).exists()

    def test_a_number_that_is_none_is_not_there(self, desk: Client) -> None:
        for number in (0, 10**30):
            assert desk.get(f"/staff/blocked-services/{number}/").status_code == 404


class TestFreshStarts:
    @pytest.fixture(autouse=True)
    def _figures(self, settings: Any) -> None:
        settings.ORDER_CANCEL_PERCENT, settings.ORDER_CANCEL_FREE = 50, 4
        settings.ORDER_FRESH_STARTS, settings.ORDER_STRIKES = 2, 1

    def _pause(self, customer: Customer, pieces: int = 4) -> None:
        for _piece in range(pieces):
            make_order(customer, state=State.CANCELLED, reason=Reason.CANCELLED_BY_CUSTOMER)

    def test_a_customer_ends_a_pause_a_few_times_a_month(self, customer: Customer, client_for: ClientFor) -> None:
        browser = client_for(customer)
        for _time in range(2):
            self._pause(customer)
            assert limits.usage(customer).is_paused
            browser.post(reverse("otp:start_afresh"))
            assert not limits.usage(customer).is_paused
        self._pause(customer)
        browser.post(reverse("otp:start_afresh"))

        assert limits.usage(customer).is_paused
        assert limits.meters(customer).restarts_left == 0
        assert Pardon.objects.count() == 2

    def test_without_a_pause_none_is_spent(self, customer: Customer, client_for: ClientFor) -> None:
        self._pause(customer, 2)
        client_for(customer).post(reverse("otp:start_afresh"))

        assert not Pardon.objects.exists()

    def test_staff_clear_strikes_with_a_reason(self, desk: Client, customer: Customer) -> None:
        make_order(customer, state=State.EXPIRED, withheld_count=1)
        assert limits.meters(customer).is_stopped
        page = desk.get(reverse("staff:customer", args=[customer.public_id])).content.decode()
        assert "May not buy" in page
        address = reverse("staff:customer_pardon", args=[customer.public_id])
        desk.post(address, {"why": ""})
        assert limits.meters(customer).is_stopped

        desk.post(address, {"why": "Their own bank wrote by mistake"})
        assert not limits.meters(customer).is_stopped
        entry = AuditEntry.objects.get(action="customer.pardoned")
        assert entry.after == {"reason": "Their own bank wrote by mistake"}
        assert (
            "Their own bank wrote by mistake"
            in desk.get(reverse("staff:customer", args=[customer.public_id])).content.decode()
        )

    def test_an_auditor_gives_none(self, customer: Customer, client_for: ClientFor) -> None:
        auditor = client_for(cast.person("auditor", Role.AUDITOR).user)
        address = reverse("staff:customer_pardon", args=[customer.public_id])

        assert auditor.post(address, {"why": "because I say so"}).status_code == 404
        assert not Pardon.objects.exists()
