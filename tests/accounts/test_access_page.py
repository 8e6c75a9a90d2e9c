"""The pages about people, and "who may what" both ways round."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client as Browser

from accounts.access.actors import Actor, Origin
from accounts.access.credentials import rights_of_api_user, rights_of_portal
from accounts.models import ApiUser, AuditEntry, Client, Permission, PermissionOverride, PortalUser, Role, User
from accounts.selectors import access
from accounts.services import keys
from notifications.models import Mail
from tests.accounts.cast import (
    api_user,
    browser_of,
    call,
    company,
    cost,
    held,
    last_entry,
    permission,
    person,
    role,
)

pytestmark = pytest.mark.django_db

NO_ID = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def boss(staff_user: User) -> Browser:
    return browser_of(staff_user)


@pytest.fixture
def nassit(db: None) -> Client:
    return company()


@pytest.fixture
def fatu(nassit: Client) -> PortalUser:
    return person("fatu", Role.PORTAL_ADMIN, client=nassit)


def words_of(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, path
    return " ".join(answer.content.decode().split())


# --- people -------------------------------------------------------------------------------------------


def test_people_are_found_by_name_role_client_and_state(boss: Browser, fatu: PortalUser) -> None:
    dian, invited = person("dian", Role.SUPPORT), person("ika", Role.AUDITOR)
    off = person("oki", Role.SUPPORT)
    invited.user.set_unusable_password()
    invited.user.save()
    User.objects.filter(pk=off.user_id).update(is_active=False)
    support = Role.objects.get(name=Role.SUPPORT)
    assert fatu.client
    expected = {
        "": {"citra", "fatu", "dian", "ika", "oki"},
        "q=DIAN": {"dian"},
        "q=fatu example": {"fatu"},
        "q=nobody": set(),
        f"role={support.public_id}": {"dian", "oki"},
        f"role={support.public_id}&state=active": {"dian"},
        "client=gateway": {"citra", "dian", "ika", "oki"},
        f"client={fatu.client.public_id}": {"fatu"},
        "state=invited": {"ika"},
        "state=inactive": {"oki"},
        "state=nonsense&role=x&client=y&cursor=zz": {"citra", "fatu", "dian", "ika", "oki"},
    }
    for query, names in expected.items():
        page = words_of(boss, f"/staff/people/?{query}")
        links = {
            one for one in ("citra", "fatu", "dian", "ika", "oki") if f'<br><span class="text-secondary">{one}@' in page
        }
        assert links == names, query
    assert dian.state == "active"


def test_the_list_of_people_costs_the_same_however_many_and_pages_on(boss: Browser, nassit: Client) -> None:
    few = cost(boss, "/staff/people/")
    for number in range(30):
        person(f"p{number}", Role.SUPPORT, Role.AUDITOR)
        person(f"c{number}", Role.PORTAL_ADMIN, client=nassit)
    assert cost(boss, "/staff/people/") == few
    page = boss.get("/staff/people/").content.decode()
    assert "cursor=n" in page


def test_somebody_is_added_by_the_form(boss: Browser, nassit: Client) -> None:
    form = {"display_name": "Gita", "email": "gita@example.id", "language": "id", "roles": [Role.SUPPORT]}
    answer = boss.post("/staff/people/new/", form, follow=True)
    assert "The link to choose a password is on its way" in answer.content.decode()
    gita = PortalUser.objects.get(user__email="gita@example.id")
    assert (gita.state, gita.client, gita.user.language) == ("invited", None, "id")
    assert Mail.objects.count() == 1
    boss.post(
        f"/staff/people/new/?client={nassit.public_id}",
        form | {"email": "musa@example.id", "roles": [Role.PORTAL_ADMIN]},
    )
    assert PortalUser.objects.get(user__email="musa@example.id").client == nassit
    assert AuditEntry.objects.filter(action="portal_user.created").count() == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"email": "nobody"},
        {"email": "citra@example.id"},
        {"display_name": ""},
        {"roles": []},
        {"roles": ["Nobody"]},
        {"roles": [Role.PORTAL_ADMIN]},
        {"language": "xx"},
    ],
)
def test_a_form_that_will_not_do_says_so(wrong: dict[str, Any], boss: Browser) -> None:
    form = {"display_name": "Gita", "email": "gita@example.id", "language": "en", "roles": [Role.SUPPORT]}
    answer = boss.post("/staff/people/new/", form | wrong)
    assert answer.status_code == 400
    assert "data-form-errors" in answer.content.decode()
    assert User.objects.count() == 1


def test_the_form_offers_only_roles_one_may_give(db: None) -> None:
    cody = browser_of(person("cody", Role.COMPANY_ADMIN))
    page = words_of(cody, "/staff/people/new/")
    assert f'value="{Role.APPROVER}"' in page
    assert f'value="{Role.SUPER_ADMIN}"' not in page
    assert f'value="{Role.AUDITOR}"' not in page


def test_roles_are_changed_on_the_page_and_fixed_ones_stay(boss: Browser, staff_user: User) -> None:
    eko = person("eko", Role.APPROVER, Role.AUDITOR)
    cody = browser_of(person("cody", Role.COMPANY_ADMIN))
    path = f"/staff/people/{eko.public_id}/"
    assert "you can neither give nor take them" in words_of(cody, path)
    cody.post(f"{path}roles/", {"roles": []})
    assert rights_of_portal(eko)[0] == {Role.AUDITOR}
    cody.post(f"{path}roles/", {"roles": [Role.SUPER_ADMIN]})
    assert rights_of_portal(eko)[0] == {Role.AUDITOR}
    answer = boss.post(f"{path}roles/", {"roles": [Role.SUPPORT]}, follow=True)
    assert "The roles are saved" in answer.content.decode()
    assert last_entry().before == {"roles": [Role.AUDITOR]}
    own = f"/staff/people/{staff_user.portal.public_id}/"
    assert "Nobody changes their own roles" in words_of(boss, own)
    answer = boss.post(f"{own}roles/", {"roles": [Role.SUPPORT]}, follow=True)
    assert "alert-danger" in answer.content.decode()
    assert Role.SUPER_ADMIN in rights_of_portal(staff_user.portal)[0]


def test_an_account_is_switched_off_and_on_again(boss: Browser) -> None:
    eko = person("eko", Role.APPROVER)
    path = f"/staff/people/{eko.public_id}/"
    assert "signed out everywhere" in boss.post(f"{path}deactivate/", follow=True).content.decode()
    assert "Let in again" in words_of(boss, path)
    boss.post(f"{path}reactivate/")
    eko = PortalUser.objects.get(pk=eko.pk)
    assert (eko.state, Mail.objects.count()) == ("invited", 1)
    boss.post(f"{path}invite/")
    assert Mail.objects.count() == 2
    assert [entry.action for entry in AuditEntry.objects.order_by("id")] == [
        "portal_user.deactivated",
        "portal_user.reactivated",
        "portal_user.invited",
    ]


def test_a_link_is_not_sent_to_somebody_with_a_password(boss: Browser) -> None:
    eko = person("eko", Role.APPROVER)
    answer = boss.post(f"/staff/people/{eko.public_id}/invite/", follow=True)
    assert "has a password already" in answer.content.decode()
    assert not Mail.objects.exists()


def test_the_page_of_a_person_shows_keys_and_records_to_those_who_may_see_them(
    boss: Browser, fatu: PortalUser, staff_user: User
) -> None:
    actor = Actor(kind="session", origin=Origin(via="page"), user=fatu.user, portal=fatu)
    key = keys.issue_for_person(actor=actor, user=fatu.user).key
    path = f"/staff/people/{fatu.public_id}/"
    few = cost(boss, path)
    for _number in range(5):
        keys.issue_for_person(actor=actor, user=fatu.user)
    assert cost(boss, path) == few
    page = words_of(boss, path)
    assert key.prefix in page
    assert "What happened to this account" in page
    cody = words_of(browser_of(person("cody", Role.COMPANY_ADMIN)), path)
    assert "What happened to this account" not in cody
    assert "secret" not in page.split("<main", 1)[1]


def test_a_client_s_team_is_its_own(fatu: PortalUser, nassit: Client) -> None:
    browser = browser_of(fatu)
    mariama = person("mariama", Role.PORTAL_ADMIN, client=nassit)
    musa = person("musa", Role.PORTAL_ADMIN, client=company("Other"))
    citra = person("citra", Role.SUPER_ADMIN)
    page = words_of(browser, "/company/team/")
    assert "mariama@example.id" in page
    assert "musa@example.id" not in page
    assert "/staff/" not in page.replace("/static/", "")
    for stranger in (musa, citra):
        path = f"/company/team/{stranger.public_id}/"
        assert browser.get(path).status_code == 404
        for action in ("roles", "deactivate", "reactivate", "invite"):
            assert browser.post(f"{path}{action}/", {"roles": []}).status_code == 404
    browser.post(f"/company/team/{mariama.public_id}/deactivate/")
    assert not User.objects.get(pk=mariama.user_id).is_active
    form = {"display_name": "New", "email": "new@example.sl", "language": "en", "roles": [Role.PORTAL_ADMIN]}
    assert browser.post("/company/team/new/", form).status_code == 302
    assert PortalUser.objects.get(user__email="new@example.sl").client == nassit
    assert browser.post(f"/company/team/new/?client={uuid4()}", form | {"email": "b@example.sl"}).status_code == 302
    assert PortalUser.objects.get(user__email="b@example.sl").client == nassit


def test_each_desk_exists_for_its_own_people_only(boss: Browser, fatu: PortalUser) -> None:
    browser = browser_of(fatu)
    for path in ("people/", "people/new/", f"people/{fatu.public_id}/", "access/", "roles/"):
        assert browser.get(f"/staff/{path}").status_code == 404
    for path in ("team/", "team/new/", f"team/{fatu.public_id}/"):
        assert boss.get(f"/company/{path}").status_code == 404
    assert boss.post(f"/company/team/{fatu.public_id}/deactivate/").status_code == 404
    assert browser.post(f"/staff/people/{fatu.public_id}/deactivate/").status_code == 404


def test_a_pending_client_s_team_waits(nassit: Client, fatu: PortalUser) -> None:
    Client.objects.filter(pk=nassit.pk).update(status=Client.Status.PENDING)
    assert browser_of(fatu).get("/company/team/").status_code == 404


def test_support_looks_and_changes_nothing(db: None) -> None:
    eko = person("eko", Role.APPROVER)
    dian = browser_of(person("dian", Role.SUPPORT))
    path = f"/staff/people/{eko.public_id}/"
    page = words_of(dian, path)
    for button in ("Save the roles", "Switch the account off", "Send the link again"):
        assert button not in page
    assert dian.get("/staff/people/new/").status_code == 404
    for action in ("roles", "deactivate", "reactivate", "invite"):
        assert dian.post(f"{path}{action}/").status_code == 404
    assert not AuditEntry.objects.exists()


# --- who may what ---------------------------------------------------------------------------------------


def test_what_a_person_may_and_why(boss: Browser, fatu: PortalUser) -> None:
    eko = person("eko", Role.APPROVER, Role.AUDITOR)
    verdicts = {one.permission.name: one for one in access.explain_person(eko)}
    assert len(verdicts) == Permission.objects.count()
    assert verdicts["KycAdmin.ReadPending"].roles == [Role.APPROVER, Role.AUDITOR]
    assert verdicts["Roles.Create"].is_allowed is False
    assert verdicts["Roles.Create"].elsewhere == [Role.SUPER_ADMIN]
    # An auditor holds this right, but the operation wants CompanyAdmin besides.
    assert (verdicts["Clients.ReadPending"].is_held, verdicts["Clients.ReadPending"].is_allowed) == (True, False)
    page = words_of(boss, f"/staff/access/?person={eko.public_id}")
    assert "by the roles Approver, Auditor" in page
    assert "would come with the role SuperAdmin" in page
    assert "Needs the role CompanyAdmin besides" in page
    assert "would come with" not in words_of(boss, f"/staff/access/?person={eko.public_id}&show=may")
    assert "by the roles Approver, Auditor" not in words_of(boss, f"/staff/access/?person={eko.public_id}&show=not")


def test_what_an_api_user_may_and_why(boss: Browser, nassit: Client) -> None:
    bot = api_user(nassit)
    for name, value in (("Clients.Read", True), ("Customers.ReadOne", False), ("Roles.Create", True)):
        PermissionOverride.objects.create(api_user=bot, permission=permission(name), is_allowed=value)
    page = words_of(boss, f"/staff/access/?api_user={bot.public_id}")
    assert "granted to this API user beyond its role" in page
    assert "revoked for this API user, although the role ApiUser has it" in page
    assert "But only staff of the gateway can use it" in page
    assert "But only people who sign in can use it, no key can" in page


@pytest.mark.parametrize("status", [Client.Status.PENDING, Client.Status.DEACTIVATED])
def test_a_client_that_is_not_active_stands_in_the_way(status: str, nassit: Client, fatu: PortalUser) -> None:
    Client.objects.filter(pk=nassit.pk).update(status=status)
    fatu = PortalUser.objects.select_related("user", "client").get(pk=fatu.pk)
    told = {one.permission.name for one in access.explain_person(fatu) if one.is_allowed}
    assert told == {"Clients.ReadOne"}
    assert call(fatu, "GET", "/portal-users")[0] in {401, 403}


def test_who_may_do_this(boss: Browser, nassit: Client, fatu: PortalUser) -> None:
    with_role, granted, revoked = (api_user(nassit, name) for name in ("Plain", "Given", "Taken"))
    wanted = permission("Customers.ReadOne")
    PermissionOverride.objects.create(api_user=revoked, permission=wanted, is_allowed=False)
    dian = person("dian", Role.SUPPORT)
    actor_page = words_of(boss, f"/staff/access/?permission={wanted.public_id}")
    for text in ("dian@example.id", "plain@example.sl", "given@example.sl", "taken@example.sl"):
        assert text in actor_page
    assert "fatu@example.id" not in actor_page
    assert "revoked for this API user, although the role ApiUser has it" in actor_page
    in_role = held(Role.API_USER)
    assert rights_of_api_user(with_role) == rights_of_api_user(granted) == in_role
    assert rights_of_api_user(revoked) == in_role - {"Customers.ReadOne"}
    assert "Customers.ReadOne" in rights_of_portal(dian)[1]
    other = permission("Clients.Read")
    PermissionOverride.objects.create(api_user=granted, permission=other, is_allowed=True)
    page = words_of(boss, f"/staff/access/?permission={other.public_id}")
    assert "given@example.sl" in page
    assert "plain@example.sl" not in page


def test_both_ways_round_say_the_same(boss: Browser, staff_user: User, nassit: Client, fatu: PortalUser) -> None:
    """Whoever has a right by the one page has it by the other."""
    person("eko", Role.APPROVER, Role.AUDITOR)
    person("dian", Role.SUPPORT)
    bot = api_user(nassit)
    PermissionOverride.objects.create(api_user=bot, permission=permission("Clients.Read"), is_allowed=True)
    roles, permissions = rights_of_portal(staff_user.portal)
    actor = Actor(
        kind="session",
        origin=Origin(via="page"),
        user=staff_user,
        portal=staff_user.portal,
        roles=roles,
        permissions=permissions,
    )
    one_way = {
        (portal.user_name, verdict.permission.name)
        for portal in PortalUser.objects.select_related("user", "client")
        for verdict in access.explain_person(portal)
        if verdict.is_allowed
    } | {
        (found.developer_name, verdict.permission.name)
        for found in ApiUser.objects.select_related("client", "role")
        for verdict in access.explain_api_user(found)
        if verdict.is_allowed
    }
    other_way = {
        (line.portal.user_name, right.name)
        for right in Permission.objects.all()
        for line in access.people_who_may(actor, right)
        if line.verdict.is_allowed
    } | {
        (line.api_user.developer_name, right.name)
        for right in Permission.objects.all()
        for line in access.api_users_who_may(actor, right)
        if line.verdict.is_allowed
    }
    assert one_way == other_way


@pytest.mark.parametrize("query", ["", "?q=a%20b", "?permission=x", "?show=zz", "?q=%00"])
def test_nonsense_in_the_address_breaks_nothing(query: str, boss: Browser) -> None:
    assert boss.get(f"/staff/access/{query}").status_code == 200


@pytest.mark.parametrize("query", ["?person=x", "?api_user=x", f"?person={NO_ID}", f"?api_user={NO_ID}"])
def test_nobody_of_that_id(query: str, boss: Browser) -> None:
    assert boss.get(f"/staff/access/{query}").status_code == 404


def test_a_super_admin_is_nobody_to_those_who_are_none(staff_user: User) -> None:
    cody = browser_of(person("cody", Role.COMPANY_ADMIN))
    assert cody.get(f"/staff/access/?person={staff_user.portal.public_id}").status_code == 404
    assert cody.get(f"/staff/people/{staff_user.portal.public_id}/").status_code == 404
    page = words_of(cody, f"/staff/access/?permission={permission('Clients.Read').public_id}")
    assert "citra@example.id" not in page


def test_the_answers_cost_the_same_however_many(boss: Browser, fatu: PortalUser, nassit: Client) -> None:
    bot = api_user(nassit)
    PermissionOverride.objects.create(api_user=bot, permission=permission("Clients.Read"), is_allowed=True)
    paths = [
        f"/staff/access/?person={fatu.public_id}",
        f"/staff/access/?api_user={bot.public_id}",
        f"/staff/access/?permission={permission('Clients.Read').public_id}",
        "/staff/access/?q=a",
    ]
    few = [cost(boss, path) for path in paths]
    for number in range(8):
        role(f"Desk {number}", "Clients.Read", audience=Role.Audience.CLIENT)
        person(f"p{number}", Role.SUPPORT, Role.AUDITOR)
        person(f"c{number}", f"Desk {number}", client=nassit)
        more = api_user(nassit, f"Agent{number}")
        PermissionOverride.objects.create(api_user=more, permission=permission("Clients.Read"), is_allowed=True)
    assert [cost(boss, path) for path in paths] == few
