"""The inbox: one notice per event, told in the ways its reader chose."""

import re
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from decimal import Decimal
from email import message_from_bytes, policy
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Customer
from accounts.services.people import change_preferences
from config.lib import clock
from notifications import delivery, retention
from notifications.kinds import KINDS, Group
from notifications.models import Mail, Notice, Preference
from notifications.selectors import inbox as selectors
from notifications.services import inbox as services
from notifications.services import tell

ClientFor = Callable[[Customer], Client]
ORDER = "order:8c5b6cf1-5a3f-4a8e-9d4f-0a0f6b3f2f11"


def _code(customer: Customer, key: str = "code:1", **facts: str) -> None:
    told = {"service": "WhatsApp", "number": "+62 812 3456 7890", **facts}
    tell(customer=customer, kind="code_arrived", subject=ORDER, key=key, facts=told)


def _deposit(customer: Customer, key: str = "deposit:1") -> None:
    facts = {"amount": "50000", "currency": "IDR"}
    tell(customer=customer, kind="deposit_credited", subject="deposit:1", key=key, facts=facts)


def _mails() -> list[Any]:
    delivery.mail_due_notices()
    return [message_from_bytes(bytes(mail.message), policy=policy.default) for mail in Mail.objects.order_by("id")]


def _sections(customer: Customer) -> dict[str, tuple[bool, bool]]:
    rows = [row for section in selectors.choices(customer.user) for row in section.choices]
    return {row.kind.name: (row.in_app, row.mail) for row in rows}


@pytest.mark.django_db
def test_an_event_is_told_once(customer: Customer) -> None:
    _code(customer)
    _code(customer)
    _code(customer, key="code:2")

    assert Notice.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_ten_at_once_tell_once(customer: Customer) -> None:
    def run() -> None:
        _deposit(customer)
        connection.close()

    threads = [threading.Thread(target=run) for _number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Notice.objects.count() == 1
    assert len(_mails()) == 1


@pytest.mark.django_db(transaction=True)
def test_what_was_undone_was_never_told(customer: Customer) -> None:
    with transaction.atomic():
        _deposit(customer)
        transaction.set_rollback(True)

    assert not Notice.objects.exists()


@pytest.mark.django_db
def test_a_mail_is_written_once_and_in_the_reader_s_language(customer: Customer) -> None:
    change_preferences(user=customer.user, display_name="Ayu", language="id", timezone="Asia/Jayapura")
    _deposit(customer)

    assert [mail["to"] for mail in _mails()] == ["ayu@example.id"]
    mail = _mails()[0]
    assert len(_mails()) == 1
    assert "Rp50.000" in mail["subject"]
    body = mail.get_content()
    assert "WIT" in body
    assert reverse("inbox:preferences") in body


@pytest.mark.django_db(transaction=True)
def test_two_workers_write_one_mail(customer: Customer) -> None:
    for number in range(5):
        _deposit(customer, f"deposit:{number}")

    def run() -> None:
        delivery.mail_due_notices()
        connection.close()

    threads = [threading.Thread(target=run) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Mail.objects.count() == 5


@pytest.mark.django_db
def test_a_code_is_told_in_the_app_and_mailed_only_on_demand(customer: Customer) -> None:
    _code(customer)
    assert _mails() == []
    assert selectors.unread_count(customer) == 1

    services.choose(user=customer.user, in_app=[], mail=["code_arrived"])
    _code(customer, key="code:2")
    assert selectors.unread_count(customer) == 1
    assert len(_mails()) == 1


@pytest.mark.django_db
def test_what_is_muted_in_both_ways_leaves_no_trace(customer: Customer) -> None:
    services.choose(user=customer.user, in_app=[], mail=[])
    _code(customer)

    assert not Notice.objects.exists()


@pytest.mark.django_db
def test_money_and_security_cannot_be_muted(customer: Customer) -> None:
    services.choose(user=customer.user, in_app=[], mail=[])
    # Not even by a row that should not be there.
    Preference.objects.create(user=customer.user, kind="deposit_credited", in_app=False, mail=False)
    _deposit(customer)

    assert selectors.unread_count(customer) == 1
    assert len(_mails()) == 1
    assert _sections(customer)["deposit_credited"] == (True, True)
    assert _sections(customer)["sign_in"] == (False, True)


@pytest.mark.django_db
def test_a_sandbox_profile_and_somebody_who_left_hear_nothing(customer: Customer) -> None:
    _code(Customer.objects.create(user=customer.user, is_sandbox=True))
    assert not Notice.objects.exists()

    _deposit(customer)
    customer.user.is_active = False
    customer.user.save(update_fields=["is_active"])
    assert _mails() == []


@pytest.mark.django_db
def test_low_balance_is_told_once_a_day_and_below_the_customer_s_own_figure(customer: Customer, settings: Any) -> None:
    settings.LOW_BALANCE = 10_000
    services.tell_low_balance(customer=customer, balance=Decimal(10_000))
    assert not Notice.objects.exists()
    services.tell_low_balance(customer=customer, balance=Decimal(9_999))
    services.tell_low_balance(customer=customer, balance=Decimal(5_000))
    assert Notice.objects.get().title == "Your balance is down to Rp9.999"

    services.watch_balance(customer=customer, below=Decimal(0))
    Notice.objects.all().delete()
    services.tell_low_balance(customer=customer, balance=Decimal(0))
    assert not Notice.objects.exists()


@pytest.mark.django_db
def test_old_notices_go_unless_their_mail_is_still_to_be_written(customer: Customer, settings: Any) -> None:
    for number in range(3):
        _code(customer, key=f"code:{number}")
    _deposit(customer)
    long_ago = clock.now() - timedelta(days=settings.NOTICES_KEPT_DAYS, minutes=1)
    Notice.objects.exclude(key="code:2").update(created_at=long_ago)

    assert retention.forget_notices() == 2
    assert set(Notice.objects.values_list("key", flat=True)) == {"code:2", "deposit:1"}


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.title])
def test_every_kind_reads_well_even_when_a_fact_is_missing(name: str) -> None:
    kind = KINDS[name]
    for facts in ({}, {"amount": "no number"}, {"why": "No code arrived before the time was over."}):
        assert "%(" not in kind.title_of(facts) + kind.text_of(facts)
    assert kind.icon
    assert kind.group in Group


@pytest.mark.django_db
class TestPages:
    def test_the_bell_counts_and_every_page_has_it(self, customer: Customer, client_for: ClientFor) -> None:
        browser = client_for(customer)
        assert 'aria-label="Inbox, nothing unread"' in browser.get("/").content.decode()
        _code(customer)
        _deposit(customer)
        assert 'aria-label="Inbox, 2 unread"' in browser.get("/").content.decode()

    def test_staff_without_a_wallet_have_no_bell(self, staff_user: Any, client_for: Any) -> None:
        browser = client_for(staff_user)
        assert 'id="bell"' not in browser.get("/staff/").content.decode()
        assert browser.get("/inbox/").status_code == 404

    def test_the_bell_of_an_open_page_asks_for_little(
        self,
        customer: Customer,
        client_for: ClientFor,
        django_assert_max_num_queries: Callable[[int], AbstractContextManager[object]],
    ) -> None:
        browser = client_for(customer)
        _code(customer)
        with django_assert_max_num_queries(3):
            assert browser.get("/inbox/bell?n=1", headers={"HX-Request": "true"}).status_code == 204
        fresh = browser.get("/inbox/bell?n=0", headers={"HX-Request": "true"})
        assert "Inbox, 1 unread" in fresh.content.decode()

    def test_reading_one_leads_to_what_it_is_about(self, customer: Customer, client_for: ClientFor) -> None:
        _code(customer)
        notice = Notice.objects.get()
        browser = client_for(customer)
        assert "Your WhatsApp code is here" in browser.get("/inbox/").content.decode()
        answer = browser.post(reverse("inbox:open", args=[notice.public_id]))

        assert answer["Location"] == reverse("otp:order", args=[ORDER.partition(":")[2]])
        assert selectors.unread_count(customer) == 0
        page = browser.get("/inbox/?show=unread").content.decode()
        assert "Nothing unread" in page

    def test_looking_changes_nothing(self, customer: Customer, client_for: ClientFor) -> None:
        _code(customer)
        browser = client_for(customer)
        browser.get("/inbox/")
        assert browser.get(reverse("inbox:open", args=[Notice.objects.get().public_id])).status_code == 405
        assert selectors.unread_count(customer) == 1

    def test_a_stranger_s_notice_is_not_there(
        self, customer: Customer, other_customer: Customer, client_for: ClientFor
    ) -> None:
        _code(customer)
        answer = client_for(other_customer).post(reverse("inbox:open", args=[Notice.objects.get().public_id]))

        assert answer.status_code == 404
        assert "WhatsApp" not in client_for(other_customer).get("/inbox/").content.decode()
        assert selectors.unread_count(customer) == 1

    def test_marking_all_leaves_what_came_after_the_page(self, customer: Customer, client_for: ClientFor) -> None:
        _code(customer)
        Notice.objects.update(created_at=clock.now() - timedelta(minutes=1))
        browser = client_for(customer)
        page = browser.get("/inbox/").content.decode()
        until = re.search(r'name="until" value="(\d+)"', page)
        assert until
        _deposit(customer)
        Notice.objects.filter(kind="deposit_credited").update(created_at=clock.now() + timedelta(seconds=1))
        browser.post(reverse("inbox:read_all"), {"until": until[1]})

        assert [notice.kind for notice in selectors.notices(customer, only_unread=True)] == ["deposit_credited"]

    @pytest.mark.parametrize("until", ["", "x", "-1", "9" * 40, "1e5"])
    def test_nonsense_marks_nothing(self, customer: Customer, client_for: ClientFor, until: str) -> None:
        _code(customer)
        assert client_for(customer).post(reverse("inbox:read_all"), {"until": until}).status_code == 302
        assert selectors.unread_count(customer) == 1

    def test_a_long_inbox_has_pages_and_costs_the_same(
        self,
        customer: Customer,
        client_for: ClientFor,
        django_assert_max_num_queries: Callable[[int], AbstractContextManager[object]],
    ) -> None:
        for number in range(60):
            _code(customer, key=f"code:{number}")
        browser = client_for(customer)
        with django_assert_max_num_queries(5):
            page = browser.get("/inbox/").content.decode()
        assert page.count('class="notice is-unread"') == 25
        assert "cursor=" in page
        assert browser.get("/inbox/?cursor=n%00").status_code == 200

    def test_the_choice_is_kept(self, customer: Customer, client_for: ClientFor) -> None:
        browser = client_for(customer)
        page = browser.get("/inbox/preferences/").content.decode()
        assert page.count("checked") == sum(
            chosen
            for row in (row for section in selectors.choices(customer.user) for row in section.choices)
            for chosen in (row.in_app and row.kind.in_app.is_choice, row.mail and row.kind.mail.is_choice)
        )
        sent = {"in_app": ["code_arrived"], "mail": ["mail_arrived", "order_failed"], "below": "25000"}
        assert browser.post("/inbox/preferences/", sent).status_code == 302

        chosen = _sections(customer)
        assert chosen["code_arrived"] == (True, False)
        assert chosen["mail_arrived"] == (False, True)
        assert chosen["low_balance"] == (False, False)
        assert services.watched_balance(customer) == 25_000

    @pytest.mark.parametrize(
        "sent",
        [
            pytest.param({"below": "-1"}, id="negative"),
            pytest.param({"below": "1.5"}, id="fraction"),
            pytest.param({"below": "NaN"}, id="no-number"),
            pytest.param({"below": "1e99"}, id="huge"),
            pytest.param({"below": "0", "mail": "deposit_credited"}, id="locked-kind"),
            pytest.param({"below": "0", "in_app": "no_such_kind"}, id="unknown-kind"),
            pytest.param({}, id="empty"),
        ],
    )
    def test_a_wrong_choice_changes_nothing(
        self, customer: Customer, client_for: ClientFor, sent: dict[str, str]
    ) -> None:
        assert client_for(customer).post("/inbox/preferences/", sent).status_code == 422
        assert not Preference.objects.exists()
