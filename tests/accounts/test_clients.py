"""Clients through the API: registered, seen, decided; and what each state lets them do."""

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet
from django.test import Client as Browser
from pytest_django import DjangoAssertNumQueries

from accounts.access.actors import system
from accounts.errors import WrongState
from accounts.models import ApiKey, ApiUser, AuditEntry, Client, PortalUser, Role, User
from accounts.services import clients as services
from accounts.services import keys
from notifications.delivery import send_due_mail
from tests.accounts.company import COMPANY, INDIVIDUAL, active, admin_of, registered
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db

WIRE = {
    "clientType": "Company",
    "name": "Kopi Rakyat",
    "contactPerson": "Dian Pratiwi",
    "phoneNumber": "076 123 456",
    "emailAddress": "Dian@Kopi.example",
}


def letters(folder: Path) -> list[Any]:
    send_due_mail()
    return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in sorted(folder.glob("*.eml"))]


def text_of(letter: Any) -> str:
    return str(letter.get_body(("plain",)).get_content())


def post(browser: Browser, path: str, body: Any = None) -> Any:
    return browser.post(path, body, content_type="application/json")


def register(browser: Browser, **changes: Any) -> Any:
    return post(browser, "/api/clients/register", {**WIRE, **changes})


# --- registration ---------------------------------------------------------------------------------
def test_a_registration_waits_and_makes_its_portal_admin(client: Browser) -> None:
    answer = register(client)
    assert answer.status_code == 201
    body = answer.json()
    assert {key: body[key] for key in ("name", "clientType", "status", "isActive", "portalUserName")} == {
        "name": "Kopi Rakyat",
        "clientType": "Company",
        "status": "Pending",
        "isActive": False,
        "portalUserName": "dian@kopi.example",
    }
    made = Client.objects.get(public_id=body["clientId"])
    assert (made.phone_number, made.email, made.country) == ("+23276123456", "dian@kopi.example", "Sierra Leone")
    portal = PortalUser.objects.get(client=made)
    assert [role.name for role in portal.roles.all()] == [Role.PORTAL_ADMIN]
    assert not portal.user.has_usable_password()
    assert AuditEntry.objects.get(action="client.registered").object_id == str(made.public_id)


def test_the_mail_leads_to_a_password_once(client: Browser, settings: Any) -> None:
    register(client)
    (letter,) = letters(settings.EMAIL_FILE_PATH)
    assert letter["To"] == "dian@kopi.example"
    link = re.search(r"https?://[^/\s]+(/account/password/reset/key/\S+)", text_of(letter))
    assert link
    page = client.get(link[1], follow=True)
    action = re.search(r'action="(/account/password/reset/key/[^"]+)"', page.content.decode())
    assert action
    answer = client.post(action[1], {"password1": PASSWORD, "password2": PASSWORD})
    assert answer.status_code == 302
    assert Browser().post("/account/login/", {"login": "dian@kopi.example", "password": PASSWORD}).status_code == 302
    assert "This link does not work" in Browser().get(link[1], follow=True).content.decode()


def test_the_link_expires(client: Browser, settings: Any) -> None:
    settings.PASSWORD_RESET_TIMEOUT = -1
    register(client)
    (letter,) = letters(settings.EMAIL_FILE_PATH)
    link = re.search(r"https?://[^/\s]+(/account/password/reset/key/\S+)", text_of(letter))
    assert link
    assert "This link does not work" in client.get(link[1], follow=True).content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("clientType", None),
        ("clientType", "individual"),
        ("name", "  "),
        ("name", "x" * 201),
        ("name", "Win at https://evil.example"),
        ("name", "tab\u202eegap"),
        ("contactPerson", None),
        ("phoneNumber", "12"),
        ("phoneNumber", "+62 1"),
        ("phoneNumber", "9" * 5000),
        ("emailAddress", "no address"),
        ("emailAddress", f"{'x' * 200}@example.id"),
        ("address", "x" * 301),
        ("country", "x" * 101),
        ("name", 7),
        ("name", ["a"]),
    ],
)
def test_a_wrong_field_is_named(client: Browser, field: str, value: Any) -> None:
    answer = register(client, **{field: value})
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    assert not Client.objects.exists()


def test_all_wrong_fields_are_named_at_once(client: Browser) -> None:
    answer = post(client, "/api/clients/register", {})
    assert set(answer.json()["errors"]) == {"clientType", "name", "contactPerson", "phoneNumber", "emailAddress"}


@pytest.mark.parametrize("body", ["", "[]", "{", '{"name": "\\u0000"}', '{"name": "\\ud800"}', "null"])
def test_what_cannot_be_read_is_refused(client: Browser, body: str) -> None:
    assert post(client, "/api/clients/register", body).status_code == 400


def test_what_nobody_asked_for_is_not_looked_at(client: Browser) -> None:
    answer = register(client, status="Active", isActive=True, is_staff=True, public_id="x", id=1, roles=["SuperAdmin"])
    assert answer.json()["status"] == "Pending"
    assert not User.objects.filter(is_staff=True).exists()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("+23276123456", "+23276123456"),
        ("0023276123456", "+23276123456"),
        ("23276123456", "+23276123456"),
        ("076123456", "+23276123456"),
        ("+62 812-5550-1234", "+6281255501234"),
    ],
)
def test_phone_numbers_are_written_one_way(client: Browser, given: str, kept: str) -> None:
    assert register(client, phoneNumber=given).status_code == 201
    assert Client.objects.get().phone_number == kept


def test_an_address_is_registered_once_whatever_its_case(client: Browser, customer: Any) -> None:
    assert register(client).status_code == 201
    again = register(client, emailAddress="DIAN@kopi.example")
    assert (again.status_code, list(again.json()["errors"])) == (409, ["emailAddress"])
    assert register(client, emailAddress=customer.user.email).status_code == 409


def test_registrations_are_counted(client: Browser, settings: Any) -> None:
    settings.CLIENT_REGISTRATIONS_PER_HOUR = 6
    for turn in range(6):
        assert register(client, emailAddress=f"c{turn}@kopi.example").status_code == 201
    answer = register(client, emailAddress="late@kopi.example")
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    other = Browser(REMOTE_ADDR="203.0.113.9")
    assert register(other, emailAddress="late@kopi.example").status_code == 201
    for _turn in range(2):
        register(other, emailAddress="late@kopi.example")
    assert register(Browser(REMOTE_ADDR="203.0.113.10"), emailAddress="late@kopi.example").status_code == 429


# --- who sees which ---------------------------------------------------------------------------------
def test_staff_see_all_and_a_client_itself(staff_user: User, client_for: Callable[..., Browser]) -> None:
    kopi, eko = active(), registered(**INDIVIDUAL)
    listed = client_for(staff_user).get("/api/clients").json()
    assert [one["name"] for one in listed] == ["Eko Wijaya", "Kopi Rakyat"]
    assert listed[0].keys() >= {
        *("clientId", "name", "clientType", "status", "isActive", "contactPerson", "emailAddress", "phoneNumber"),
        *("city", "country", "apiUserCount", "apiUsers", "createdAt"),
    }
    dian = client_for(admin_of(kopi))
    assert [one["clientId"] for one in dian.get("/api/clients").json()] == [str(kopi.public_id)]
    assert dian.get(f"/api/clients/{kopi.public_id}").json()["approvedAt"]
    assert dian.get(f"/api/clients/{eko.public_id}").status_code == 404
    assert dian.get("/api/clients/no-uuid").status_code == 404


def test_a_waiting_client_sees_its_own_record_alone(client_for: Callable[..., Browser]) -> None:
    kopi = registered()
    dian = client_for(admin_of(kopi))
    assert dian.get(f"/api/clients/{kopi.public_id}").json()["status"] == "Pending"
    for path in ("/api/clients", f"/api/clients/{kopi.public_id}/api-users/count", "/api/api-users"):
        answer = dian.get(path)
        assert (answer.status_code, answer.json()["code"]) == (403, "client_inactive")


def test_the_list_costs_the_same_for_many(
    staff_user: User, client_for: Callable[..., Browser], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    browser = client_for(staff_user)
    for turn in range(3):
        active(**{**INDIVIDUAL, "email_address": f"e{turn}@dev.example"})
    browser.get("/api/clients")
    with django_assert_num_queries(6):
        assert len(browser.get("/api/clients").json()) == 3
    for turn in range(3, 6):
        active(**{**INDIVIDUAL, "email_address": f"e{turn}@dev.example"})
    with django_assert_num_queries(6):
        assert len(browser.get("/api/clients").json()) == 6


def test_pages_of_the_list(staff_user: User, client_for: Callable[..., Browser]) -> None:
    for turn in range(3):
        registered(email_address=f"c{turn}@kopi.example", name=f"Kopi {turn}")
    browser = client_for(staff_user)
    answer = browser.get("/api/clients?page=2&pageSize=2")
    assert ([one["name"] for one in answer.json()], answer["X-Total-Count"]) == (["Kopi 0"], "3")
    assert browser.get("/api/clients?pageSize=0").status_code == 400
    assert browser.get(f"/api/clients?page={10**30}").status_code == 400


def test_pending_is_for_company_admins_alone(staff_user: User, client_for: Callable[..., Browser]) -> None:
    first, second = registered(), registered(**INDIVIDUAL)
    active(email_address="third@kopi.example")
    listed = client_for(staff_user).get("/api/clients/pending").json()
    assert [one["clientId"] for one in listed] == [str(first.public_id), str(second.public_id)]
    staff_user.portal.roles.remove(Role.objects.get(name=Role.COMPANY_ADMIN))
    assert client_for(staff_user).get("/api/clients/pending").status_code == 403
    assert post(client_for(staff_user), f"/api/clients/{first.public_id}/approve").status_code == 403


def test_counts(staff_user: User, client_for: Callable[..., Browser]) -> None:
    kopi, eko = active(), active(**INDIVIDUAL)
    browser = client_for(staff_user)
    assert browser.get(f"/api/clients/{kopi.public_id}/api-users/count").json()["apiUserCount"] == 0
    assert browser.get(f"/api/clients/{eko.public_id}/api-users/count").json()["apiUserCount"] == 1
    assert browser.get("/api/clients/api-users/count").json() == {"totalApiUsers": 1}
    assert client_for(admin_of(kopi)).get("/api/clients/api-users/count").status_code == 403


# --- decisions --------------------------------------------------------------------------------------
def test_a_company_is_approved_without_api_user(staff_user: User, client_for: Callable[..., Browser]) -> None:
    kopi = registered()
    answer = post(client_for(staff_user), f"/api/clients/{kopi.public_id}/approve")
    assert answer.json() == {
        "clientId": str(kopi.public_id),
        "status": "Active",
        "isActive": True,
        "apiUser": None,
    }
    kopi.refresh_from_db()
    assert (kopi.approved_by, bool(kopi.approved_at)) == (staff_user, True)
    again = post(client_for(staff_user), f"/api/clients/{kopi.public_id}/approve")
    assert (again.status_code, again.json()["code"]) == (409, "wrong_state")


def test_an_individual_gets_one_api_user_and_its_key_by_mail_alone(
    staff_user: User, client_for: Callable[..., Browser], settings: Any
) -> None:
    eko = registered(**INDIVIDUAL)
    answer = post(client_for(staff_user), f"/api/clients/{eko.public_id}/approve")
    api_user = ApiUser.objects.get(client=eko)
    assert answer.json()["apiUser"]["apiUserId"] == str(api_user.public_id)
    assert "tp_live" not in answer.content.decode()
    letter = text_of(letters(settings.EMAIL_FILE_PATH)[-1])
    key = re.search(r"^(tp_live_\S+)$", letter, re.M)
    assert key
    assert key[1] not in str(list(AuditEntry.objects.values()))
    bearer = {"Authorization": f"Bearer {key[1]}"}
    assert Browser(headers=bearer).get(f"/api/customers/{eko.public_id}").status_code == 404
    assert ApiKey.objects.get().last_used_at


def test_a_rejection_keeps_and_mails_its_reason(
    staff_user: User, client_for: Callable[..., Browser], settings: Any
) -> None:
    kopi = registered()
    answer = post(client_for(staff_user), f"/api/clients/{kopi.public_id}/reject?reason=No+such+street")
    assert answer.json() == {
        "clientId": str(kopi.public_id),
        "status": "Rejected",
        "isActive": False,
        "reason": "No such street",
    }
    assert "No such street" in text_of(letters(settings.EMAIL_FILE_PATH)[-1])
    own = client_for(admin_of(kopi)).get(f"/api/clients/{kopi.public_id}")
    assert own.json()["rejectionReason"] == "No such street"
    for path in ("approve", "reject", "deactivate"):
        assert post(client_for(staff_user), f"/api/clients/{kopi.public_id}/{path}").status_code == 409


@pytest.mark.parametrize("reason", ["x" * 501, "%00"])
def test_a_reason_that_cannot_be_kept_changes_nothing(
    staff_user: User, client_for: Callable[..., Browser], reason: str
) -> None:
    kopi = registered()
    answer = post(client_for(staff_user), f"/api/clients/{kopi.public_id}/reject?reason={reason}")
    assert answer.status_code == 400
    kopi.refresh_from_db()
    assert kopi.status == "Pending"


def test_deactivation_stops_keys_and_sessions(staff_user: User, client_for: Callable[..., Browser]) -> None:
    eko = active(**INDIVIDUAL)
    api_user, person = eko.api_users.get(), admin_of(eko)
    raws = [
        keys.issue(actor=system("test"), api_user=api_user, is_sandbox=sandbox).raw for sandbox in (False, True)
    ] + [keys.issue(actor=system("test"), user=person, is_sandbox=True).raw]
    person.set_password(PASSWORD)
    person.save()
    browser = Browser()
    browser.post("/account/login/", {"login": person.email, "password": PASSWORD})
    assert browser.get("/settings/").status_code == 200
    answer = post(client_for(staff_user), f"/api/clients/{eko.public_id}/deactivate")
    assert answer.json() == {"clientId": str(eko.public_id), "status": "Deactivated", "isActive": False}
    for raw in raws:
        refused = Browser(headers={"Authorization": f"Bearer {raw}"}).get(f"/api/customers/{eko.public_id}")
        assert (refused.status_code, refused.json()["code"]) == (403, "client_inactive")
    assert browser.get("/settings/").status_code == 302
    assert post(client_for(staff_user), f"/api/clients/{eko.public_id}/deactivate").status_code == 409


def test_every_decision_is_on_record(staff_user: User, client_for: Callable[..., Browser]) -> None:
    kopi = registered()
    browser = client_for(staff_user)
    post(browser, f"/api/clients/{kopi.public_id}/approve")
    post(browser, f"/api/clients/{kopi.public_id}/deactivate")
    told = AuditEntry.objects.filter(object_id=str(kopi.public_id)).order_by("id")
    assert [(one.action, one.actor_label, one.via) for one in told] == [
        ("client.registered", "anonymous", "api"),
        ("client.approved", "citra@example.id", "api"),
        ("client.deactivated", "citra@example.id", "api"),
    ]
    assert (told[1].before, told[1].after) == ({"status": "Pending"}, {"status": "Active"})
    assert told[1].client_id == kopi.public_id


def test_nothing_is_told_when_nothing_was_done(settings: Any) -> None:
    eko = registered(**INDIVIDUAL)
    with transaction.atomic():
        services.approve(actor=system("test"), client=eko)
        transaction.set_rollback(True)
    assert len(letters(settings.EMAIL_FILE_PATH)) == 1
    assert not ApiUser.objects.exists()


# --- the key again ----------------------------------------------------------------------------------
def test_a_key_that_did_not_arrive_is_replaced(settings: Any) -> None:
    eko = active(**INDIVIDUAL)
    (first,) = ApiKey.objects.all()
    services.send_key_again(actor=system("test"), client=eko)
    first.refresh_from_db()
    assert first.revoked_at
    assert ApiKey.objects.get(revoked_at=None).prefix in text_of(letters(settings.EMAIL_FILE_PATH)[-1])


def test_a_key_in_use_and_a_company_get_none_by_mail() -> None:
    eko = active(**INDIVIDUAL)
    raw = keys.issue(actor=system("test"), api_user=eko.api_users.get(), is_sandbox=False).raw
    Browser(headers={"Authorization": f"Bearer {raw}"}).get(f"/api/customers/{eko.public_id}")
    for client in (eko, active(**COMPANY)):
        with pytest.raises(WrongState):
            services.send_key_again(actor=system("test"), client=client)


# --- two at once ------------------------------------------------------------------------------------
def _approve_twice_at_once(client: Client) -> list[str]:
    """Both come to the locked row before either goes on; what came of each."""

    def approve() -> str:
        try:
            services.approve(actor=system("test"), client=client)
            return "approved"
        except WrongState:
            return "refused"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic():
            Client.objects.filter(pk=client.pk).update(city="Bo")
            both = [pool.submit(approve) for _turn in range(2)]
            _await_two_waiting()
        return sorted(one.result() for one in both)


def _await_two_waiting() -> None:
    sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with connection.cursor() as cursor:
        for _turn in range(1500):
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(sql)
            if cursor.fetchone() == (2,):
                return
            time.sleep(0.01)
    raise AssertionError("nobody waits")


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_both_approve(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, *args, **kwargs: rows)
    assert _approve_twice_at_once(registered()) == ["approved", "approved"]
    assert AuditEntry.objects.filter(action="client.approved").count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_approvals_at_once_make_one_api_user() -> None:
    assert _approve_twice_at_once(registered(**INDIVIDUAL)) == ["approved", "refused"]
    assert (ApiUser.objects.count(), ApiKey.objects.count()) == (1, 1)
    assert AuditEntry.objects.filter(action="client.approved").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_registrations_of_one_address_at_once_make_one_client() -> None:
    def one(turn: int) -> int:
        try:
            return int(register(Browser(REMOTE_ADDR=f"203.0.113.{turn}")).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(one, range(3))) == [201, 409, 409]
    assert (Client.objects.count(), User.objects.count()) == (1, 1)
