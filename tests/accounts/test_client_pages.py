"""What staff do about clients, and what a client's people find at their desk."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client as Browser
from pytest_django import DjangoAssertNumQueries

from accounts.access.actors import system
from accounts.models import ApiKey, ApiUser, Client, PortalUser, Role, User
from accounts.services import keys
from tests.accounts.company import INDIVIDUAL, active, admin_of, registered
from tests.conftest import prove_identity

pytestmark = pytest.mark.django_db
Sign = Callable[..., Browser]


def person(role: str) -> User:
    """Somebody of the gateway with one role."""
    user = User.objects.create_user(f"{role.lower()}@example.id", "x", display_name=role)
    portal = PortalUser.objects.create(user=user, user_name=user.email)
    portal.roles.add(Role.objects.get(name=role))
    return user


def text(answer: Any) -> str:
    return str(answer.content.decode())


# --- staff -------------------------------------------------------------------------------------------
def test_the_queue_shows_the_oldest_first_and_approves(staff_user: User, client_for: Sign) -> None:
    first, second = registered(name="Kopi Satu"), registered(name="Kopi Dua", email_address="dua@kopi.example")
    browser = client_for(staff_user)
    page = text(browser.get("/staff/clients/pending/"))
    assert page.index("Kopi Satu") < page.index("Kopi Dua")
    answer = browser.post(f"/staff/clients/{first.public_id}/approve/", {"from": "queue"}, follow=True)
    assert answer.redirect_chain == [("/staff/clients/pending/", 302)]
    assert "Kopi Satu is approved" in text(answer)
    first.refresh_from_db()
    assert first.is_active
    again = browser.post(f"/staff/clients/{first.public_id}/approve/", follow=True)
    assert "Only a client that waits for approval" in text(again)
    assert browser.get(f"/staff/clients/{second.public_id}/approve/").status_code == 405


def test_a_rejection_needs_a_reason_and_uses_the_clients_language(staff_user: User, client_for: Sign) -> None:
    kopi = registered(language="id")
    browser, path = client_for(staff_user), f"/staff/clients/{kopi.public_id}/reject/"
    assert browser.post(path, {"reason": "why not"}).status_code == 400
    assert browser.post(path, {"code": "nonsense"}).status_code == 400
    assert browser.post(path, {"code": "other", "reason": "x" * 301}).status_code == 400
    assert browser.post(path, {"code": "other", "reason": "a\x00b"}).status_code == 400
    assert browser.post(path, {"code": "country", "reason": "Try next year."}).status_code == 302
    kopi.refresh_from_db()
    assert kopi.status == "Rejected"
    assert kopi.rejection_reason.endswith("Try next year.")
    assert "decided already" in text(browser.get(path))


def test_what_a_deactivation_stops_is_said_before(staff_user: User, client_for: Sign) -> None:
    eko = active(**INDIVIDUAL)
    browser, path = client_for(staff_user), f"/staff/clients/{eko.public_id}/deactivate/"
    page = text(browser.get(path))
    assert "1 key is refused" in page
    assert "1 person is signed out" in page
    assert browser.post(path, {"reason": ""}).status_code == 400
    assert browser.post(path, {"reason": "Fraud."}).status_code == 302
    eko.refresh_from_db()
    assert eko.status == "Deactivated"


def test_the_list_is_found_in_by_words_and_kept_in_its_address(staff_user: User, client_for: Sign) -> None:
    kopi, eko = registered(), active(**INDIVIDUAL)
    browser = client_for(staff_user)

    def names(query: str) -> list[str]:
        return [one.name for one in browser.get(f"/staff/clients/?{query}").context["page"].items]

    assert names("") == ["Eko Wijaya", "Kopi Rakyat"]
    assert names("status=Pending") == names("kind=Company") == names("q=dian@") == ["Kopi Rakyat"]
    assert names("q=5550+1234") == names(f"q={eko.public_id}") == names("q=eko&status=Active") == ["Eko Wijaya"]
    assert names("q=zzz") == []
    assert names("q=%00&status=nonsense&cursor=n9x") == ["Eko Wijaya", "Kopi Rakyat"]
    assert names(f"q={'x' * 101}") == ["Eko Wijaya", "Kopi Rakyat"]
    assert "status=Pending" in text(browser.get("/staff/clients/?q=kopi&status=Pending"))
    assert kopi.status == "Pending"


@pytest.mark.parametrize("tab", ["", "people/", "api-users/", "keys/", "audit/"])
def test_a_clients_tabs(staff_user: User, client_for: Sign, tab: str) -> None:
    eko = active(**INDIVIDUAL)
    answer = client_for(staff_user).get(f"/staff/clients/{eko.public_id}/{tab}")
    assert answer.status_code == 200
    assert 'aria-current="page"' in text(answer)


def test_a_tab_one_may_not_see_is_not_there(client_for: Sign) -> None:
    eko = active(**INDIVIDUAL)
    support = client_for(person(Role.SUPPORT))
    page = support.get(f"/staff/clients/{eko.public_id}/")
    assert "/audit/" not in [one.name for one in page.context["tabs"]]
    assert support.get(f"/staff/clients/{eko.public_id}/audit/").status_code == 404
    assert support.get(f"/staff/clients/{eko.public_id}/nonsense/").status_code == 404
    assert "Deactivate" not in text(page)


def test_deciding_is_for_company_admins(client_for: Sign) -> None:
    kopi = registered()
    for role in (Role.SUPER_ADMIN, Role.SUPPORT, Role.AUDITOR, Role.APPROVER):
        browser = client_for(person(role))
        assert browser.get("/staff/clients/pending/").status_code == 404
        for act in ("approve", "reject", "deactivate", "key"):
            assert browser.post(f"/staff/clients/{kopi.public_id}/{act}/", {"code": "other"}).status_code == 404
    kopi.refresh_from_db()
    assert kopi.status == "Pending"


def test_people_of_a_client_have_no_staff_pages(client_for: Sign) -> None:
    kopi = active()
    dian = client_for(admin_of(kopi))
    for path in ("", f"{kopi.public_id}/", f"{kopi.public_id}/people/", "pending/"):
        assert dian.get(f"/staff/clients/{path}").status_code == 404


def test_a_key_that_did_not_arrive_is_sent_again(staff_user: User, client_for: Sign) -> None:
    eko = active(**INDIVIDUAL)
    browser = client_for(staff_user)
    assert "has not been used yet" in text(browser.get(f"/staff/clients/{eko.public_id}/"))
    answer = browser.post(f"/staff/clients/{eko.public_id}/key/", follow=True)
    assert "on the way to eko@dev.example" in text(answer)
    assert "tp_live" not in text(answer)
    assert ApiKey.objects.filter(revoked_at=None).count() == 1


def test_a_new_key_by_mail_wants_a_fresh_sign_in(staff_user: User, client_for: Sign) -> None:
    eko = active(**INDIVIDUAL)
    browser = client_for(staff_user)
    prove_identity(browser, staff_user, seconds_ago=901)
    answer = browser.post(f"/staff/clients/{eko.public_id}/key/")
    assert answer["Location"].startswith("/account/reauthenticate/")
    assert ApiKey.objects.count() == 1


def test_letting_in_and_shutting_out_want_a_fresh_sign_in(staff_user: User, client_for: Sign) -> None:
    eko, kopi = registered(**INDIVIDUAL), active()
    browser = client_for(staff_user)
    prove_identity(browser, staff_user, seconds_ago=901)
    shut_out = f"/staff/clients/{kopi.public_id}/deactivate/"
    queue = {"referer": "http://testserver/staff/clients/pending/"}
    asked = browser.post(f"/staff/clients/{eko.public_id}/approve/", {"from": "queue"}, headers=queue)
    assert asked["Location"].startswith(
        "/account/reauthenticate/?next=http%3A%2F%2Ftestserver%2Fstaff%2Fclients%2Fpending"
    )
    for answer in (browser.get(shut_out), browser.post(shut_out, {"reason": "Fraud."})):
        assert answer["Location"].startswith("/account/reauthenticate/")
    assert (Client.objects.get(pk=eko.pk).status, Client.objects.get(pk=kopi.pk).status) == ("Pending", "Active")
    assert not ApiKey.objects.exists()


def test_the_pages_cost_the_same_for_many(
    staff_user: User, client_for: Sign, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    browser = client_for(staff_user)
    for turn in range(8):
        active(**{**INDIVIDUAL, "email_address": f"e{turn}@dev.example"})
    for turn in range(2):
        registered(email_address=f"w{turn}@kopi.example")
    browser.get("/staff/clients/")
    with django_assert_max_num_queries(7):
        browser.get("/staff/clients/")
    with django_assert_max_num_queries(7):
        browser.get("/staff/clients/pending/")


# --- the desk of a client ------------------------------------------------------------------------------
def test_a_waiting_client_reads_how_it_stands(client_for: Sign) -> None:
    dian = client_for(admin_of(registered()))
    assert dian.get("/")["Location"] == "/company/"
    assert "We are looking at your registration" in text(dian.get("/company/"))
    for path in ("api-users/", "api-users/new/", "team/", "audit/"):
        assert dian.get(f"/company/{path}").status_code == 404


def test_a_rejected_client_reads_why(client_for: Sign, staff_user: User) -> None:
    kopi = registered()
    client_for(staff_user).post(f"/staff/clients/{kopi.public_id}/reject/", {"code": "country"})
    assert "We do not serve clients in this country yet." in text(client_for(admin_of(kopi)).get("/company/"))


def test_a_company_makes_an_api_user_and_sees_the_key_once(client_for: Sign) -> None:
    kopi = active()
    dian = client_for(admin_of(kopi))
    role = Role.objects.get(name=Role.API_USER)
    given = {
        "developer_name": "Fajar Nugroho",
        "developer_email": "fajar@kopi.example",
        "developer_phone_number": "076 123 457",
        "role_id": str(role.public_id),
    }
    answer = dian.post("/company/api-users/new/", given)
    made = ApiUser.objects.get()
    raw = answer.context["issued"].raw
    assert raw in text(answer)
    assert "no-store" in answer["Cache-Control"]
    for path in (f"/company/api-users/{made.public_id}/", "/company/api-users/", "/company/"):
        page = text(dian.get(path))
        assert "Fajar Nugroho" in page
        assert raw not in page
    again = dian.post("/company/api-users/new/", given)
    assert list(again.context["form"].errors) == ["developer_email"]
    wrong = dian.post("/company/api-users/new/", {**given, "role_id": "x", "developer_phone_number": "1"})
    assert wrong.status_code == 400


def test_an_api_user_is_switched_off(client_for: Sign) -> None:
    kopi = active()
    made = ApiUser.objects.create(
        client=kopi,
        developer_name="Fajar",
        developer_email="fajar@kopi.example",
        developer_phone_number="+23276123457",
        role=Role.objects.get(name=Role.API_USER),
    )
    dian = client_for(admin_of(kopi))
    answer = dian.post(f"/company/api-users/{made.public_id}/deactivate/", follow=True)
    assert "Fajar is switched off" in text(answer)
    again = dian.post(f"/company/api-users/{made.public_id}/deactivate/", follow=True)
    assert "switched off already" in text(again)


def test_a_strangers_api_user_is_not_there(client_for: Sign) -> None:
    eko = active(**INDIVIDUAL)
    dian = client_for(admin_of(active()))
    path = f"/company/api-users/{eko.api_users.get().public_id}/"
    assert dian.get(path).status_code == 404
    assert dian.post(f"{path}deactivate/").status_code == 404


def test_calls_show_up_at_the_desk(client_for: Sign) -> None:
    eko = active(**INDIVIDUAL)
    raw = keys.issue(actor=system("test"), api_user=eko.api_users.get(), is_sandbox=False).raw
    Browser(headers={"Authorization": f"Bearer {raw}"}).get(f"/api/customers/{eko.public_id}")
    desk = client_for(admin_of(eko))
    assert f"/api/customers/{eko.public_id}" in text(desk.get("/company/"))
    assert f"/api/customers/{eko.public_id}" in text(desk.get(f"/company/api-users/{eko.api_users.get().public_id}/"))


def test_staff_without_client_have_no_desk(staff_user: User, client_for: Sign) -> None:
    browser = client_for(staff_user)
    for path in ("", "profile/", "api-users/", "api-users/new/"):
        assert browser.get(f"/company/{path}").status_code == 404


@pytest.mark.parametrize("language", ["en", "id"])
def test_every_page_speaks_both_languages(staff_user: User, client_for: Sign, language: str) -> None:
    kopi, eko = registered(), active(**INDIVIDUAL)
    staff, desk = client_for(staff_user), client_for(admin_of(eko))
    for browser, path in [
        (Browser(), "/join/"),
        (Browser(), "/join/company/"),
        (Browser(), "/join/individual/"),
        (staff, "/staff/clients/"),
        (staff, "/staff/clients/pending/"),
        (staff, f"/staff/clients/{kopi.public_id}/reject/"),
        (staff, f"/staff/clients/{eko.public_id}/deactivate/"),
        (desk, "/company/"),
        (desk, "/company/profile/"),
        (desk, "/company/api-users/"),
        (desk, "/company/api-users/new/"),
    ]:
        browser.cookies["django_language"] = language
        answer = browser.get(path)
        assert answer.status_code == 200, path
        assert f'<html lang="{language}">' in text(answer)
    assert Client.objects.count() == 2


def test_who_looks_after_clients_reads_their_audit(client_for: Sign) -> None:
    kopi = active()
    browser = client_for(person(Role.COMPANY_ADMIN))
    assert "Kopi Rakyat" in text(browser.get(f"/staff/clients/{kopi.public_id}/audit/"))
    assert browser.get("/staff/audit/").status_code == 404
