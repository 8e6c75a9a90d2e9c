"""What an API user may: its role, plus what was granted, minus what was revoked."""

import re
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.access.credentials import rights_of_api_user, rights_of_portal
from accounts.models import ApiUser, AuditEntry, Client, Permission, PermissionOverride, PortalUser, Role, User
from accounts.selectors import access
from tests.accounts.cast import api_user, browser_of, call, company, cost, last_entry, permission, person, role
from tests.examples import examples

pytestmark = pytest.mark.django_db


@pytest.fixture
def nassit(db: None) -> Client:
    return company()


@pytest.fixture
def fatu(nassit: Client) -> PortalUser:
    return person("fatu", Role.PORTAL_ADMIN, client=nassit)


@pytest.fixture
def bot(nassit: Client) -> ApiUser:
    """With one right of its role, so that what is added and taken stands alone."""
    made = api_user(nassit)
    made.role = role("Reading bot", "Customers.ReadOne", audience=Role.Audience.API)
    made.save()
    return made


def _put(who: Any, bot: ApiUser, **overrides: Any) -> tuple[int, Any]:
    body = {
        "overrides": {str(permission(name.replace("__", ".")).public_id): value for name, value in overrides.items()}
    }
    return call(who, "PUT", f"/api-user-permissions/{bot.public_id}", body)


def test_overrides_are_given_changed_and_taken_back(staff_user: User, bot: ApiUser) -> None:
    status, answer = _put(staff_user, bot, Clients__Read=True, Customers__ReadOne=False)
    assert status == 200
    assert answer["effectivePermissions"] == ["Clients.Read"]
    assert {one["permissionName"]: one["isAllowed"] for one in answer["overrides"]} == {
        "Clients.Read": True,
        "Customers.ReadOne": False,
    }
    entry = last_entry()
    assert (entry.before, entry.after) == (
        {"Clients.Read": None, "Customers.ReadOne": None},
        {"Clients.Read": True, "Customers.ReadOne": False},
    )
    answer = _put(staff_user, bot, Customers__ReadOne=None)[1]
    assert answer["effectivePermissions"] == ["Clients.Read", "Customers.ReadOne"]
    answer = _put(staff_user, bot, Clients__Read=False)[1]
    assert answer["effectivePermissions"] == ["Customers.ReadOne"]
    assert PermissionOverride.objects.filter(api_user=bot).count() == 1


def test_the_same_again_changes_nothing_and_is_not_noted(staff_user: User, bot: ApiUser) -> None:
    _put(staff_user, bot, Clients__Read=True)
    count = AuditEntry.objects.count()
    assert _put(staff_user, bot, Clients__Read=True, Audit__Read=None)[0] == 200
    assert call(staff_user, "PUT", f"/api-user-permissions/{bot.public_id}", {"overrides": None})[0] == 200
    assert call(staff_user, "PUT", f"/api-user-permissions/{bot.public_id}", {})[0] == 200
    assert AuditEntry.objects.count() == count


@pytest.mark.parametrize(
    "overrides",
    [
        {"no-id": True},
        {str(uuid4()): True},
        {"KNOWN": "yes"},
        {"KNOWN": 1},
        {"KNOWN": {}},
        [True],
        "all",
    ],
)
def test_a_map_that_is_not_one_stores_nothing(overrides: Any, staff_user: User, bot: ApiUser) -> None:
    if isinstance(overrides, dict):
        known = str(permission("Clients.Read").public_id)
        other = str(permission("Roles.Read").public_id)
        overrides = {known if key == "KNOWN" else key: value for key, value in overrides.items()} | {other: True}
    body = {"overrides": overrides}
    assert call(staff_user, "PUT", f"/api-user-permissions/{bot.public_id}", body)[0] == 400
    assert not PermissionOverride.objects.exists()


def test_a_portal_admin_gives_what_it_holds_and_no_more(fatu: PortalUser, bot: ApiUser) -> None:
    assert _put(fatu, bot, Clients__Read=True)[0] == 200
    assert _put(fatu, bot, Clients__Approve=True)[0] == 403
    assert _put(fatu, bot, Clients__Approve=False)[0] == 200
    # It does not hold Customers.ReadOne: it can take that from its API user, but not give it back.
    assert _put(fatu, bot, Customers__ReadOne=False)[0] == 200
    assert _put(fatu, bot, Customers__ReadOne=None)[0] == 403
    assert rights_of_api_user(bot) == {"Clients.Read"}


def test_a_right_over_the_gateway_opens_nothing_for_an_api_user(staff_user: User, bot: ApiUser) -> None:
    _put(staff_user, bot, Roles__Create=True)
    verdict = next(one for one in access.explain_api_user(bot) if one.permission.name == "Roles.Create")
    assert (verdict.is_held, verdict.is_allowed, verdict.but) == (True, False, "gateway")


def test_a_stranger_s_api_user_is_not_there(fatu: PortalUser, staff_user: User) -> None:
    other = api_user(company("Other"), "Alien")
    for path in (other.public_id, uuid4(), "text"):
        assert call(fatu, "GET", f"/api-user-permissions/{path}")[0] == 404
        assert call(fatu, "PUT", f"/api-user-permissions/{path}", {"overrides": {}})[0] == 404
    assert call(fatu, "GET", "/api-user-permissions") == (200, [])
    assert [one["developerName"] for one in call(staff_user, "GET", "/api-user-permissions")[1]] == ["Alien"]


def test_reading_one_and_all(fatu: PortalUser, bot: ApiUser) -> None:
    _put(fatu, bot, Clients__Read=True)
    status, one = call(fatu, "GET", f"/api-user-permissions/{bot.public_id}")
    assert status == 200
    assert set(one["overrides"][0]) == {"permissionId", "permissionName", "httpMethod", "routePattern", "isAllowed"}
    assert call(fatu, "GET", "/api-user-permissions")[1] == [one]
    assert one["clientId"] == str(bot.client.public_id)


def test_the_list_costs_the_same_however_many(fatu: PortalUser, bot: ApiUser) -> None:
    browser = browser_of(fatu)
    few = cost(browser, "/api/api-user-permissions")
    for number in range(10):
        more = api_user(bot.client, f"Bot{number}")
        for right in Permission.objects.all()[:5]:
            PermissionOverride.objects.create(api_user=more, permission=right, is_allowed=True)
    assert cost(browser, "/api/api-user-permissions") == few


# --- the page -----------------------------------------------------------------------------------------


def _sent(page: str) -> dict[str, str]:
    """What a browser would send back unchanged."""
    fields = dict(re.findall(r'name="(version)" value="([^"]*)"', page))
    for name, body in re.findall(r'<select[^>]* name="(o\d+)".*?>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'value="(\w+)" selected', body)
        assert chosen
        fields[name] = chosen[1]
    return fields


def _name(right: str) -> str:
    return f"o{permission(right).pk}"


def test_a_portal_admin_edits_on_the_page(fatu: PortalUser, bot: ApiUser) -> None:
    browser, path = browser_of(fatu), f"/company/api-users/{bot.public_id}/rights/"
    form = _sent(browser.get(path).content.decode())
    form |= {_name("Banks.Read"): "grant", _name("Customers.ReadOne"): "revoke"}
    assert "Saved." in browser.post(path, form, follow=True).content.decode()
    assert rights_of_api_user(bot) == {"Banks.Read"}
    assert last_entry().action == "api_user.overridden"
    # The first form again, by somebody who did not see the change: nothing is overwritten.
    answer = browser.post(path, form | {_name("Banks.Read"): "role"})
    assert answer.status_code == 409
    assert rights_of_api_user(bot) == {"Banks.Read"}
    again = _sent(browser.get(path).content.decode())
    assert browser.post(path, again | {_name("Customers.ReadOne"): "role"}).status_code == 403
    assert browser.post(path, again | {_name("Banks.Read"): "nonsense"}).status_code == 302
    assert rights_of_api_user(bot) == {"Banks.Read"}


def test_the_page_is_for_those_who_see_the_api_user(fatu: PortalUser, bot: ApiUser, staff_user: User) -> None:
    stranger = person("musa", Role.PORTAL_ADMIN, client=company("Other"))
    company_page = f"/company/api-users/{bot.public_id}/rights/"
    staff_page = f"/staff/api-users/{bot.public_id}/rights/"
    assert browser_of(stranger).get(company_page).status_code == 404
    assert browser_of(stranger).post(company_page, {}).status_code == 404
    assert browser_of(fatu).get(staff_page).status_code == 404
    assert browser_of(staff_user).get(company_page).status_code == 404
    assert browser_of(staff_user).get(staff_page).status_code == 200
    support = browser_of(person("dian", Role.SUPPORT))
    assert "<select" not in support.get(staff_page).content.decode().split("<main", 1)[1]
    assert support.post(staff_page, {}).status_code == 404
    assert not PermissionOverride.objects.exists()


# --- (role + granted) - revoked, whatever they are --------------------------------------------------


NAMES = st.sampled_from(
    ["Clients.Read", "Clients.ReadOne", "Customers.ReadOne", "ApiUsers.Read", "ApiCalls.Read", "Roles.Read"]
)


@pytest.mark.examples
@settings(max_examples=examples(15, 200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(in_role=st.sets(NAMES), overrides=st.dictionaries(NAMES, st.booleans()))
def test_effective_is_role_and_granted_without_revoked(
    in_role: set[str], overrides: dict[str, bool], bot: ApiUser
) -> None:
    bot.role = Role.objects.filter(name="Drawn").first() or role("Drawn", audience=Role.Audience.API)
    bot.role.permissions.set(Permission.objects.filter(name__in=in_role))
    bot.save()
    PermissionOverride.objects.filter(api_user=bot).delete()
    for name, value in overrides.items():
        PermissionOverride.objects.create(api_user=bot, permission=permission(name), is_allowed=value)
    granted = {name for name, value in overrides.items() if value}
    revoked = {name for name, value in overrides.items() if not value}
    expected = (in_role | granted) - revoked
    assert rights_of_api_user(bot) == expected
    bot.refresh_from_db()
    told = {one.permission.name for one in access.explain_api_user(bot) if one.is_held}
    assert told == expected, "the page that explains must say what the policy does"


@pytest.mark.examples
@settings(max_examples=examples(10, 200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.sets(NAMES), second=st.sets(NAMES), third=st.sets(NAMES))
def test_a_person_may_what_any_of_their_roles_may(
    first: set[str], second: set[str], third: set[str], fatu: PortalUser
) -> None:
    made = []
    for number, names in enumerate((first, second, third)):
        found = Role.objects.filter(name=f"Drawn {number}").first() or role(f"Drawn {number}", audience="client")
        found.permissions.set(Permission.objects.filter(name__in=names))
        made.append(found)
    fatu.roles.set(made[:2])
    assert rights_of_portal(fatu)[1] == first | second
    told = {one.permission.name for one in access.explain_person(fatu) if one.is_allowed}
    assert told == first | second
