"""People who work here: made, given roles, shut out; and that somebody is always left who may appoint."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email import message_from_bytes, policy
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.db.models import QuerySet
from django.test import Client as Browser

from accounts.access.actors import Actor, Origin
from accounts.access.credentials import rights_of_portal
from accounts.errors import LastSuperAdmin
from accounts.models import ApiKey, AuditEntry, Client, Customer, PortalUser, Role, User
from accounts.services import portal_users as services
from notifications.delivery import send_due_mail
from tests.accounts.cast import api_user, browser_of, call, company, cost, held, last_entry, person, role
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db


def acting(portal: PortalUser) -> Actor:
    roles, permissions = rights_of_portal(portal)
    return Actor(
        kind="session",
        origin=Origin(via="page"),
        user=portal.user,
        portal=portal,
        roles=roles,
        permissions=permissions,
    )


def _letters(folder: Path) -> list[Any]:
    send_due_mail()
    found = sorted(folder.glob("*.eml"))
    return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in found]


def _link(letter: Any) -> str:
    found = re.search(r"https?://[^/\s]+(/account/password/reset/key/\S+)", letter.get_body(("plain",)).get_content())
    assert found
    return found.group(1)


def _make(who: Any, **body: Any) -> tuple[int, Any]:
    return call(who, "POST", "/portal-users", {"email": "gita@example.id", **body})


# --- making -------------------------------------------------------------------------------------------


def test_somebody_new_gets_in_by_the_link_and_only_once(staff_user: User, settings: Any) -> None:
    status, made = _make(staff_user, email="Gita@Example.id", roles=[Role.SUPPORT])
    assert status == 201
    assert made["email"] == made["userName"] == "gita@example.id"
    assert (made["roles"], made["clientId"], made["apiKey"], made["apiSecret"]) == ([Role.SUPPORT], None, None, None)
    gita = PortalUser.objects.get(public_id=made["id"])
    assert (gita.user.is_staff, gita.user.has_usable_password()) == (True, False)
    (letter,) = _letters(settings.EMAIL_FILE_PATH)
    assert letter["To"] == "gita@example.id"
    browser, link = Browser(), _link(letter)
    form = browser.get(link, follow=True)
    new = {"password1": "another-good-secret", "password2": "another-good-secret"}
    assert browser.post(form.request["PATH_INFO"], new).status_code == 302
    assert "does not work" in Browser().get(link, follow=True).content.decode()
    signed_in = Browser()
    signed_in.post("/account/login/", {"login": "gita@example.id", "password": "another-good-secret"})
    assert signed_in.get("/api/portal-users").status_code == 200
    assert signed_in.get("/api/permissions").status_code == 403
    assert AuditEntry.objects.get(action="portal_user.created").after["roles"] == [Role.SUPPORT]


def test_a_key_pair_is_made_on_request_and_works(staff_user: User) -> None:
    made = _make(staff_user, roles=[Role.AUDITOR], generateApiKey=True)[1]
    assert made["apiKey"].startswith("tp_live_")
    key = ApiKey.objects.get(user__portal__public_id=made["id"])
    assert (key.prefix, key.is_sandbox) == (made["apiKey"], False)
    assert made["apiSecret"] not in str(list(AuditEntry.objects.values()))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"email": None}, "email"),
        ({"email": "nobody"}, "email"),
        ({"email": "x" * 200 + "@example.id"}, "email"),
        ({"roles": ["Nobody"]}, "roles"),
        ({"roles": [Role.API_USER]}, "roles"),
        ({"roles": [Role.PORTAL_ADMIN]}, "roles"),
        ({"clientId": str(uuid4())}, "clientId"),
        ({"userName": "x" * 201}, "userName"),
    ],
)
def test_what_is_wrong_is_named(body: dict[str, Any], field: str, staff_user: User) -> None:
    status, problem = _make(staff_user, **body)
    assert (status, list(problem["errors"])) == (400, [field])
    assert User.objects.count() == 1


def test_nothing_but_its_fields_is_looked_at(staff_user: User) -> None:
    _make(staff_user, isStaff=True, isSuperuser=True, isActive=False, mustChangePassword=True, id=str(uuid4()))
    gita = User.objects.get(email="gita@example.id")
    assert (gita.is_staff, gita.is_superuser, gita.is_active) == (False, False, True)


def test_addresses_and_user_names_are_used_once(staff_user: User, customer: Customer) -> None:
    assert _make(staff_user, userName="Gita")[0] == 201
    assert _make(staff_user)[0] == 409
    assert _make(staff_user, email="other@example.id", userName="gITA")[0] == 409
    assert _make(staff_user, email=customer.user.email)[0] == 409
    assert PortalUser.objects.count() == 2


def test_nobody_is_called_by_the_address_of_somebody_else(staff_user: User, customer: Customer) -> None:
    PortalUser.objects.filter(user=staff_user).update(user_name="citra")
    boss = person("boss", Role.PORTAL_ADMIN, client=company())
    for taken in (staff_user.email, customer.user.email.upper()):
        status, problem = _make(boss, userName=taken)
        assert (status, list(problem["errors"])) == (409, ["userName"])


def test_staff_make_people_of_a_client_with_roles_for_clients(staff_user: User) -> None:
    nassit = company()
    made = _make(staff_user, roles=[Role.PORTAL_ADMIN], clientId=str(nassit.public_id))[1]
    assert (made["clientId"], made["clientName"]) == (str(nassit.public_id), "Nassit")
    assert not User.objects.get(email="gita@example.id").is_staff
    assert _make(staff_user, email="x@example.id", roles=[Role.SUPPORT], clientId=str(nassit.public_id))[0] == 400


def test_a_client_that_was_turned_away_gets_nobody(staff_user: User) -> None:
    gone = company(status=Client.Status.DEACTIVATED)
    assert _make(staff_user, roles=[Role.PORTAL_ADMIN], clientId=str(gone.public_id))[0] == 409


def test_a_portal_admin_makes_people_of_its_own_client_only(db: None) -> None:
    nassit, other = company(), company("Other")
    fatu = person("fatu", Role.PORTAL_ADMIN, client=nassit)
    status, made = _make(fatu, roles=[Role.PORTAL_ADMIN])
    assert (status, made["clientId"]) == (201, str(nassit.public_id))
    assert _make(fatu, email="b@example.id", clientId=str(other.public_id))[0] == 400
    for name in (Role.SUPER_ADMIN, Role.SUPPORT, Role.API_USER):
        assert _make(fatu, email="c@example.id", roles=[name])[0] == 400
    assert PortalUser.objects.count() == 2


def test_nobody_gives_a_role_with_more_than_they_hold(db: None) -> None:
    cody = person("cody", Role.COMPANY_ADMIN)
    for name in (Role.SUPER_ADMIN, Role.AUDITOR):
        assert _make(cody, roles=[name])[0] == 403
    assert not User.objects.filter(email="gita@example.id").exists()
    assert _make(cody, roles=[Role.APPROVER])[0] == 201
    # A clone of CompanyAdmin has its rights, not its power: it cannot give the real one.
    clone = role("Clone", *Role.objects.get(name=Role.COMPANY_ADMIN).permissions.values_list("name", flat=True))
    clara = person("clara", clone.name)
    assert _make(clara, email="d@example.id", roles=[Role.COMPANY_ADMIN])[0] == 403


# --- reading ------------------------------------------------------------------------------------------


def test_everybody_sees_their_own_people(staff_user: User) -> None:
    nassit, other = company(), company("Other")
    fatu = person("fatu", Role.PORTAL_ADMIN, client=nassit)
    person("musa", Role.PORTAL_ADMIN, client=other)
    cody = person("cody", Role.COMPANY_ADMIN)

    def names(who: Any) -> set[str]:
        return {one["userName"].split("@")[0] for one in call(who, "GET", "/portal-users")[1]}

    assert names(staff_user) == {"citra", "fatu", "musa", "cody"}
    assert names(cody) == {"fatu", "musa", "cody"}
    assert names(fatu) == {"fatu"}
    one = call(fatu, "GET", "/portal-users")[1][0]
    assert set(one) == {
        "id",
        "userName",
        "email",
        "roles",
        "clientId",
        "clientName",
        "isActive",
        "lastLogin",
        "createdAt",
    }


@pytest.mark.parametrize("path", ["/api/portal-users", "/api/api-user-permissions"])
def test_a_long_list_is_given_in_parts(path: str, staff_user: User) -> None:
    home = company()
    for number in range(3):
        person(f"nr{number}", client=home)
        api_user(home, f"Bot{number}")
    browser = browser_of(staff_user)
    most = int(browser.get(path)["X-Total-Count"])
    assert most >= 3
    parts = [browser.get(path, {"page": page, "pageSize": 2}).json() for page in (1, 2)]
    assert [len(part) for part in parts] == [2, most - 2]
    assert browser.get(path, {"pageSize": 501}).status_code == 400


def test_the_list_costs_the_same_however_many(staff_user: User) -> None:
    browser = browser_of(staff_user)
    few = cost(browser, "/api/portal-users")
    nassit = company()
    for number in range(12):
        person(f"p{number}", Role.PORTAL_ADMIN, client=nassit)
        person(f"s{number}", Role.SUPPORT, Role.AUDITOR)
    assert cost(browser, "/api/portal-users") == few


# --- shutting out -------------------------------------------------------------------------------------


def test_who_is_shut_out_is_out_at_the_next_request_and_stays_on_record(staff_user: User) -> None:
    gita = person("gita", Role.SUPPORT)
    browser = Browser()
    browser.post("/account/login/", {"login": gita.user.email, "password": PASSWORD})
    key = services.keys.issue_for_person(actor=acting(gita), user=gita.user)
    bearer = {"headers": {"Authorization": f"Bearer {key.raw}"}}
    assert browser.get("/api/portal-users").status_code == 200
    assert call(staff_user, "DELETE", f"/portal-users/{gita.public_id}") == (204, None)
    assert browser.get("/api/portal-users").status_code == 401
    assert Browser().get("/api/portal-users", **bearer).status_code == 401
    gita.user.refresh_from_db()
    assert (gita.user.is_active, gita.user.has_usable_password(), PortalUser.objects.filter(pk=gita.pk).count()) == (
        False,
        False,
        1,
    )
    assert ApiKey.objects.get().revoked_at is not None
    assert last_entry().after == {"active": False, "revoked_keys": [key.api_key]}
    assert call(staff_user, "DELETE", f"/portal-users/{gita.public_id}")[0] == 204
    assert AuditEntry.objects.filter(action="portal_user.deactivated").count() == 1
    # Let in again, the old session and the old password stay dead.
    services.reactivate(actor=acting(staff_user.portal), portal=gita)
    assert browser.get("/api/portal-users").status_code == 401
    again = Browser()
    again.post("/account/login/", {"login": gita.user.email, "password": PASSWORD})
    assert again.get("/api/portal-users").status_code == 401


def test_own_account_and_last_super_admin_stay(staff_user: User) -> None:
    assert call(staff_user, "DELETE", f"/portal-users/{staff_user.portal.public_id}")[0] == 409
    remover = role("Remover", *Role.objects.get(name=Role.SUPER_ADMIN).permissions.values_list("name", flat=True))
    dian = person("dian", remover.name)
    assert call(dian, "DELETE", f"/portal-users/{staff_user.portal.public_id}")[0] == 404
    with pytest.raises(LastSuperAdmin):
        services.deactivate(actor=services_actor(), portal=staff_user.portal)
    staff_user.refresh_from_db()
    assert staff_user.is_active


def services_actor() -> Actor:
    return Actor(kind="system", origin=Origin(via="command"))


def test_somebody_with_more_rights_cannot_be_shut_out(db: None) -> None:
    cody = person("cody", Role.COMPANY_ADMIN)
    audi = person("audi", Role.AUDITOR)
    amir = person("amir", Role.APPROVER)
    assert call(cody, "DELETE", f"/portal-users/{audi.public_id}")[0] == 403
    assert call(cody, "DELETE", f"/portal-users/{amir.public_id}")[0] == 204
    assert User.objects.get(pk=audi.user_id).is_active


def test_the_rights_of_a_company_admin_without_the_role_shut_none_out(db: None) -> None:
    role("Clone", *held(Role.COMPANY_ADMIN))
    clone, boss = person("clone", "Clone"), person("boss", Role.COMPANY_ADMIN)
    assert call(clone, "DELETE", f"/portal-users/{boss.public_id}")[0] == 403
    assert User.objects.get(pk=boss.user_id).is_active
    assert call(boss, "DELETE", f"/portal-users/{clone.public_id}")[0] == 204


def test_strangers_and_nonsense_are_not_found(db: None) -> None:
    fatu = person("fatu", Role.PORTAL_ADMIN, client=company())
    musa = person("musa", Role.PORTAL_ADMIN, client=company("Other"))
    for path in (musa.public_id, uuid4(), "7", "text", musa.pk):
        assert call(fatu, "DELETE", f"/portal-users/{path}")[0] == 404
    assert User.objects.get(pk=musa.user_id).is_active


# --- roles --------------------------------------------------------------------------------------------


def test_roles_are_changed_and_whether_somebody_is_staff_follows(staff_user: User) -> None:
    gita = person("gita")
    boss = acting(staff_user.portal)
    services.change_roles(actor=boss, portal=gita, roles=[Role.SUPPORT, Role.AUDITOR])
    assert User.objects.get(pk=gita.user_id).is_staff
    assert (last_entry().before, last_entry().after) == ({"roles": []}, {"roles": [Role.AUDITOR, Role.SUPPORT]})
    assert call(gita, "GET", "/permissions")[0] == 200
    services.change_roles(actor=boss, portal=gita, roles=[])
    assert not User.objects.get(pk=gita.user_id).is_staff
    assert call(gita, "GET", "/permissions")[0] == 403


def test_a_super_admin_may_go_when_another_is_left(staff_user: User) -> None:
    gita = person("gita", Role.SUPER_ADMIN)
    services.change_roles(actor=acting(gita), portal=staff_user.portal, roles=[])
    with pytest.raises(LastSuperAdmin):
        services.change_roles(actor=services_actor(), portal=gita, roles=[Role.SUPPORT])
    assert rights_of_portal(gita)[0] == {Role.SUPER_ADMIN}


def test_one_who_is_switched_off_does_not_count_as_left(staff_user: User) -> None:
    gita = person("gita", Role.SUPER_ADMIN)
    User.objects.filter(pk=gita.user_id).update(is_active=False)
    with pytest.raises(LastSuperAdmin):
        services.deactivate(actor=services_actor(), portal=staff_user.portal)


# --- two at once --------------------------------------------------------------------------------------


def _together(*steps: Callable[[], Any]) -> list[Any]:
    """All steps at the same moment, each on a connection of its own; errors are results."""
    start = Barrier(len(steps))

    def run(step: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return step()
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(steps)) as pool:
        return list(pool.map(run, steps))


@pytest.fixture
def meet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both look whether another SuperAdmin is left before one of them goes on."""
    barrier, inner = Barrier(2), services._require_another_super_admin

    def waiting(portal: PortalUser) -> None:
        inner(portal)
        try:
            barrier.wait(0.5)
        except BrokenBarrierError:
            barrier.reset()

    monkeypatch.setattr(services, "_require_another_super_admin", waiting)


def _remove_each_other(first: PortalUser, second: PortalUser) -> list[Any]:
    one, other = acting(first), acting(second)
    return _together(
        lambda: services.change_roles(actor=one, portal=second, roles=[]),
        lambda: services.deactivate(actor=other, portal=first),
    )


def _left() -> int:
    return PortalUser.objects.filter(roles__name=Role.SUPER_ADMIN, user__is_active=True).count()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("meet")
def test_without_the_lock_two_super_admins_remove_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = person("ani", Role.SUPER_ADMIN), person("beni", Role.SUPER_ADMIN)
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **how: self.all())
    _remove_each_other(first, second)
    assert _left() == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("meet")
def test_of_two_super_admins_who_remove_each_other_one_stays() -> None:
    first, second = person("ani", Role.SUPER_ADMIN), person("beni", Role.SUPER_ADMIN)
    results = _remove_each_other(first, second)
    assert [type(result) for result in results].count(LastSuperAdmin) == 1, results
    assert _left() == 1


@pytest.mark.django_db(transaction=True)
def test_two_of_one_address_at_once_make_one_person() -> None:
    boss = acting(person("ani", Role.SUPER_ADMIN))
    results = _together(
        *[lambda: services.create_portal_user(actor=boss, email="gita@example.id", roles=[Role.SUPPORT])] * 3
    )
    assert sorted(type(result).__name__ for result in results) == ["Created", "Taken", "Taken"]
    assert PortalUser.objects.filter(user__email="gita@example.id").count() == 1


# --- the first one ------------------------------------------------------------------------------------


def test_the_first_administrator_comes_from_the_shell(settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("appoint_administrator", "Boss@Example.id")
    boss = User.objects.get(email="boss@example.id")
    assert rights_of_portal(boss.portal)[0] == {Role.SUPER_ADMIN, Role.COMPANY_ADMIN}
    assert boss.is_staff
    assert "link" in capsys.readouterr().out
    assert _link(_letters(settings.EMAIL_FILE_PATH)[0])
    entry = AuditEntry.objects.get(action="portal_user.appointed")
    assert (entry.via, entry.actor_kind) == ("command", "system")
    with pytest.raises(CommandError, match="already"):
        call_command("appoint_administrator", "second@example.id")
    assert not User.objects.filter(email="second@example.id").exists()
    call_command("appoint_administrator", "second@example.id", "--force")
    assert _left() == 2


def test_somebody_known_becomes_administrator_and_keeps_the_password(customer: Customer, settings: Any) -> None:
    call_command("appoint_administrator", customer.user.email)
    assert rights_of_portal(PortalUser.objects.get())[0] == {Role.SUPER_ADMIN, Role.COMPANY_ADMIN}
    assert _letters(settings.EMAIL_FILE_PATH) == []


@pytest.mark.parametrize("email", ["nobody", ""])
def test_nonsense_appoints_nobody(email: str) -> None:
    with pytest.raises(CommandError):
        call_command("appoint_administrator", email)
    assert not User.objects.exists()
