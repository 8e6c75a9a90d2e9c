"""Sessions: a list of them, their end, and what must not outlive what."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry, Customer, PortalUser, User
from accounts.models import Client as Company
from accounts.services import passwords, sessions, sign_in
from accounts.services.step_up import is_fresh
from config.lib.clock import now
from notifications.models import Mail
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 (KHTML) Version/18 Safari/604"


def browser(user: User, agent: str = CHROME, address: str = "192.0.2.10") -> Client:
    client = Client(REMOTE_ADDR=address, headers={"user-agent": agent})
    client.post("/account/login/", {"login": user.email, "password": PASSWORD})
    assert is_in(client)
    return client


def is_in(client: Client) -> bool:
    return client.get("/settings/").status_code == 200


def test_the_page_tells_where_one_is_signed_in(customer: Customer) -> None:
    here, phone = browser(customer.user), browser(customer.user, PHONE, "198.51.100.7")
    page = here.get("/settings/security/").content.decode()
    assert page.count("This device") == 1
    for words in ("Chrome on Linux", "Safari on iPhone", "192.0.2.10", "198.51.100.7"):
        assert words in page, words
    assert is_in(phone)


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (CHROME, "Chrome on Linux"),
        (PHONE, "Safari on iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Windows"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/142 Mobile Safari/537.36 EdgA/142", "Edge on Android"),
        ("python-requests/2.32", "python-requests"),
        ("", "Unknown device"),
    ],
)
def test_devices_are_told_in_words(agent: str, words: str) -> None:
    assert str(sessions.device_of(agent)[0]) == words


def test_one_session_is_ended_and_only_ones_own(customer: Customer, other_customer: Customer) -> None:
    here, phone = browser(customer.user), browser(customer.user, PHONE)
    stranger = browser(other_customer.user)
    row = UserSession.objects.get(user=customer.user, user_agent=PHONE)
    assert stranger.post(f"/settings/security/sessions/{row.pk}/end/").status_code == 404
    assert is_in(phone)
    assert here.get(f"/settings/security/sessions/{row.pk}/end/").status_code == 405
    assert here.post(f"/settings/security/sessions/{row.pk}/end/").status_code == 302
    assert (is_in(here), is_in(phone), is_in(stranger)) == (True, False, True)
    assert here.post(f"/settings/security/sessions/{row.pk}/end/").status_code == 404


def test_all_others_are_ended(customer: Customer) -> None:
    here, others = browser(customer.user), [browser(customer.user, PHONE) for _ in range(3)]
    answer = here.post("/settings/security/sessions/end/", follow=True)
    assert "3 other devices are signed out" in answer.content.decode()
    assert is_in(here)
    assert not any(is_in(other) for other in others)
    assert AuditEntry.objects.get(action="user.sessions_ended").after == {"count": 3}


def test_a_session_is_dead_after_sign_out(customer: Customer) -> None:
    client = browser(customer.user)
    key = client.cookies["gerbang_session"].value
    client.post("/account/logout/")
    client.cookies["gerbang_session"] = key
    assert not is_in(client)


def test_a_new_password_ends_the_others_at_once(customer: Customer) -> None:
    here, other = browser(customer.user), browser(customer.user, PHONE)
    new = {"oldpassword": PASSWORD, "password1": "quite another one", "password2": "quite another one"}
    assert here.post("/account/password/change/", new).status_code == 302
    assert (is_in(here), is_in(other)) == (True, False)
    assert here.cookies["gerbang_session"].value
    assert AuditEntry.objects.get(action="user.password_changed").actor_label == customer.user.email
    assert Mail.objects.filter(subject="Your password was changed").exists()


def test_a_password_set_elsewhere_ends_every_session(customer: Customer) -> None:
    client = browser(customer.user)
    user = User.objects.get(pk=customer.user_id)
    user.set_password("quite another one")
    user.save()
    assert not is_in(client)


def test_people_of_a_closed_client_are_out_at_the_next_request(
    client_for: Callable[..., Client], customer: Customer
) -> None:
    company = Company.objects.create(client_type="Company", name="C", email="c@example.id", status="Active")
    user = User.objects.create_user("dian@example.id", PASSWORD)
    PortalUser.objects.create(user=user, client=company, user_name="dian")
    PortalUser.objects.create(user=customer.user, client=company, user_name="ayu")
    dian, ayu = client_for(user), client_for(customer)
    assert is_in(dian)
    Company.objects.update(status=Company.Status.DEACTIVATED)
    assert not is_in(dian)
    assert is_in(ayu), "who has a wallet as well still gets to it"


def test_the_key_changes_at_sign_in(customer: Customer) -> None:
    client = Client()
    client.get("/account/login/")
    session = client.session
    session["planted"] = "x"
    session.save()
    before = session.session_key or ""
    client.cookies["gerbang_session"] = before
    client.post("/account/login/", {"login": customer.user.email, "password": PASSWORD})
    assert client.cookies["gerbang_session"].value != before
    planted = Client()
    planted.cookies["gerbang_session"] = before
    assert not is_in(planted)


def test_last_seen_is_noted_now_and_then(customer: Customer) -> None:
    client = browser(customer.user)
    row = UserSession.objects.get()
    with time_machine.travel(now() + timedelta(minutes=20)):
        client.get("/settings/", REMOTE_ADDR="203.0.113.9")
        row.refresh_from_db()
        seen = row.last_seen_at
        assert row.ip == "203.0.113.9"
        client.get("/settings/")
        row.refresh_from_db()
        assert row.last_seen_at == seen


def test_a_new_device_is_told_by_mail_and_a_known_one_is_not(customer: Customer) -> None:
    client = browser(customer.user)
    assert not Mail.objects.exists(), "the first sign-in of all is no news"
    client.post("/account/logout/")
    client.post("/account/login/", {"login": customer.user.email, "password": PASSWORD})
    assert not Mail.objects.exists()
    browser(customer.user, PHONE, "198.51.100.7")
    letter = Mail.objects.get()
    assert letter.subject == "New sign-in to your account"
    text = str(letter.message if hasattr(letter, "message") else letter.__dict__)
    assert "198.51.100.7" in text
    assert "Safari on iPhone" in text


def test_recent_sign_ins_are_told(customer: Customer) -> None:
    client = browser(customer.user)
    Client(REMOTE_ADDR="203.0.113.66").post("/account/login/", {"login": customer.user.email, "password": "wrong"})
    page = client.get("/settings/security/").content.decode()
    assert "Signed in" in page
    assert "Wrong password or code" in page
    assert "203.0.113.66" in page


def test_a_strangers_history_is_not_told(customer: Customer, other_customer: Customer) -> None:
    browser(other_customer.user, address="203.0.113.66")
    assert "203.0.113.66" not in browser(customer.user).get("/settings/security/").content.decode()


def test_the_security_page_costs_little(customer: Customer, django_assert_max_num_queries: Any) -> None:
    client = browser(customer.user)
    client.get("/settings/security/")
    with django_assert_max_num_queries(9):
        client.get("/settings/security/")


def test_it_costs_the_same_with_many_sessions(customer: Customer, django_assert_num_queries: Any) -> None:
    client = browser(customer.user)
    client.get("/settings/security/")
    with CaptureQueriesContext(connection) as few:
        client.get("/settings/security/")
    spent = len(few)
    for _ in range(12):
        browser(customer.user, PHONE)
    with django_assert_num_queries(spent):
        page = client.get("/settings/security/").content.decode()
    assert page.count("Safari on iPhone") >= 12


def test_sessions_do_not_pile_up(customer: Customer) -> None:
    first = browser(customer.user)
    for _ in range(sessions.MOST):
        browser(customer.user)
    assert UserSession.objects.count() == sessions.MOST
    assert not is_in(first)


def test_forms_of_the_page_need_their_token(customer: Customer) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(customer.user)
    assert client.post("/settings/security/sessions/end/").status_code == 403


def test_helpers_agree_on_who_is_who(customer: Customer, rf: Any) -> None:
    request = rf.get("/")
    request.session, request.user = {}, customer.user
    assert not is_fresh(request)
    actor = sign_in.actor_for(request, customer.user)
    passwords.set_new(actor=actor, user=customer.user, password="quite another one")
    assert customer.user.check_password("quite another one")
