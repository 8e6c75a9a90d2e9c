"""Roles through the API: who may make and change them, and that a change counts from the next request."""

from typing import Any
from uuid import uuid4

import pytest

from accounts.access import registry
from accounts.access.actors import Actor, Origin
from accounts.access.table import rights
from accounts.errors import TooMuchGranted, WrongState
from accounts.models import AuditEntry, Permission, Role, User
from accounts.services import roles as services
from tests.accounts.cast import api_user, browser_of, call, company, cost, held, last_entry, permission, person, role

pytestmark = pytest.mark.django_db


def _ids(*names: str) -> list[str]:
    return [str(permission(name).public_id) for name in names]


def _actor(portal: Any) -> Actor:
    names = set(Permission.objects.filter(roles__people=portal).values_list("name", flat=True))
    return Actor(
        kind="session",
        origin=Origin(via="page"),
        user=portal.user,
        portal=portal,
        roles=frozenset(portal.roles.values_list("name", flat=True)),
        permissions=frozenset(names),
    )


def test_a_role_is_made_with_its_first_permissions(staff_user: User) -> None:
    body = {"name": " Front  desk ", "permissionIds": _ids("Clients.Read", "Roles.Read")}
    status, made = call(staff_user, "POST", "/roles", body)
    assert status == 201
    assert (made["name"], made["isSystem"], made["audience"]) == ("Front desk", False, "any")
    assert [one["name"] for one in made["permissions"]] == ["Clients.Read", "Roles.Read"]
    assert set(made["permissions"][0]) == {"permissionId", "name", "httpMethod", "routePattern", "createdAt"}
    assert held("Front desk") == {"Clients.Read", "Roles.Read"}
    assert last_entry().after["permissions"] == ["Clients.Read", "Roles.Read"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": ""}, 400),
        ({"name": "   "}, 400),
        ({"name": "x" * 61}, 400),
        ({"name": None}, 400),
        ({"permissionIds": None}, 400),
        ({"permissionIds": ["no-id"]}, 400),
        ({"permissionIds": [str(uuid4())]}, 400),
        ({"audience": "everybody"}, 400),
        ({"name": "superADMIN"}, 409),
    ],
)
def test_a_bad_role_is_refused(body: dict[str, Any], status: int, staff_user: User) -> None:
    count = Role.objects.count()
    assert call(staff_user, "POST", "/roles", {"name": "Desk", "permissionIds": []} | body)[0] == status
    assert Role.objects.count() == count


def test_nothing_but_the_fields_of_a_role_is_looked_at(staff_user: User) -> None:
    body = {"name": "Desk", "permissionIds": [], "isSystem": True, "publicId": str(uuid4()), "id": 1}
    made = call(staff_user, "POST", "/roles", body)[1]
    assert Role.objects.get(name="Desk").is_system is False
    assert made["roleId"] != body["publicId"]


def test_replacing_takes_a_whole_list(staff_user: User) -> None:
    desk = role("Desk", "Clients.Read", "Roles.Read")
    path = f"/role-permissions/{desk.public_id}"
    status, answer = call(staff_user, "PUT", path, {"permissionIds": _ids("Roles.Read", "Audit.Read")})
    assert (status, [one["name"] for one in answer["permissions"]]) == (200, ["Audit.Read", "Roles.Read"])
    entry = last_entry()
    assert (entry.before, entry.after) == ({"removed": ["Clients.Read"]}, {"added": ["Audit.Read"]})
    assert call(staff_user, "PUT", path, {"permissionIds": None})[0] == 400
    assert call(staff_user, "PUT", path, {})[0] == 400
    assert held("Desk") == {"Audit.Read", "Roles.Read"}
    assert call(staff_user, "PUT", path, {"permissionIds": []})[0] == 200
    assert held("Desk") == set()


def test_one_permission_is_added_and_taken(staff_user: User) -> None:
    desk = role("Desk")
    path, wanted = f"/roles/{desk.public_id}/permissions", _ids("Clients.Read")[0]
    for spelling in ("permissionID", "permissionId"):
        status, answer = call(staff_user, "POST", path, {spelling: wanted})
        assert (status, [one["permissionId"] for one in answer["permissions"]]) == (200, [wanted])
    assert AuditEntry.objects.filter(action="role.changed").count() == 1
    assert call(staff_user, "POST", path, {"permissionID": str(uuid4())})[0] == 400
    assert call(staff_user, "DELETE", f"{path}/{wanted}")[0] == 204
    assert call(staff_user, "DELETE", f"{path}/{wanted}")[0] == 404
    assert call(staff_user, "DELETE", f"/roles/{uuid4()}/permissions/{wanted}")[0] == 404
    assert call(staff_user, "POST", f"/roles/{uuid4()}/permissions", {"permissionID": wanted})[0] == 404
    assert held("Desk") == set()


def test_super_admin_keeps_every_right(staff_user: User) -> None:
    everything = held(Role.SUPER_ADMIN)
    boss = Role.objects.get(name=Role.SUPER_ADMIN)
    one = _ids("Clients.Read")[0]
    assert call(staff_user, "PUT", f"/role-permissions/{boss.public_id}", {"permissionIds": [one]})[0] == 403
    assert call(staff_user, "DELETE", f"/roles/{boss.public_id}/permissions/{one}")[0] == 403
    assert call(staff_user, "POST", f"/roles/{boss.public_id}/permissions", {"permissionID": one})[0] == 200
    assert held(Role.SUPER_ADMIN) == everything == set(Permission.objects.values_list("name", flat=True))


def test_nobody_gives_or_takes_what_they_do_not_hold(db: None) -> None:
    role(
        "Editor",
        "RolePermissions.Update",
        "Roles.Create",
        "Roles.AddPermission",
        "Roles.RemovePermission",
        "Roles.Read",
    )
    eka = person("eka", "Editor")
    desk = role("Desk", "Audit.Read", "Roles.Read")
    path = f"/role-permissions/{desk.public_id}"
    assert call(eka, "PUT", path, {"permissionIds": _ids("Audit.Read", "Roles.Create")})[0] == 200
    assert call(eka, "PUT", path, {"permissionIds": _ids("Audit.Read", "Clients.Read")})[0] == 403
    assert call(eka, "PUT", path, {"permissionIds": _ids("Roles.Read")})[0] == 403
    assert (
        call(eka, "POST", f"/roles/{desk.public_id}/permissions", {"permissionID": _ids("Audit.Export")[0]})[0] == 403
    )
    assert call(eka, "DELETE", f"/roles/{desk.public_id}/permissions/{_ids('Audit.Read')[0]}")[0] == 403
    assert held("Desk") == {"Audit.Read", "Roles.Create"}
    assert call(eka, "POST", "/roles", {"name": "Big", "permissionIds": _ids("Audit.Read")})[0] == 403
    assert call(eka, "POST", "/roles", {"name": "Small", "permissionIds": _ids("Roles.Read")})[0] == 201
    assert not Role.objects.filter(name="Big").exists()


def test_roles_for_clients_never_hold_rights_over_the_gateway(staff_user: User) -> None:
    body = {"name": "Helper", "audience": "client", "permissionIds": _ids("PortalUsers.Read", "Roles.Create")}
    assert call(staff_user, "POST", "/roles", body)[0] == 400
    portal_admin = Role.objects.get(name=Role.PORTAL_ADMIN)
    path = f"/roles/{portal_admin.public_id}/permissions"
    assert call(staff_user, "POST", path, {"permissionID": _ids("Roles.Create")[0]})[0] == 400
    # And if such a row came about, it would open nothing.
    portal_admin.permissions.add(permission("Roles.Create"))
    fatu = person("fatu", Role.PORTAL_ADMIN, client=company())
    assert call(fatu, "POST", "/roles", {"name": "Mine", "permissionIds": []})[0] == 403


def test_a_change_counts_from_the_next_request(staff_user: User) -> None:
    desk = role("Desk")
    dian = person("dian", "Desk")
    path = f"/roles/{desk.public_id}/permissions"
    assert call(dian, "GET", "/clients")[0] == 403
    wanted = _ids("Permissions.Read")[0]
    assert call(dian, "GET", "/permissions")[0] == 403
    call(staff_user, "POST", path, {"permissionID": wanted})
    assert call(dian, "GET", "/permissions")[0] == 200
    call(staff_user, "DELETE", f"{path}/{wanted}")
    assert call(dian, "GET", "/permissions")[0] == 403


def test_portal_admins_see_the_roles_that_are_for_them(db: None) -> None:
    fatu = person("fatu", Role.PORTAL_ADMIN, client=company())
    status, roles = call(fatu, "GET", "/roles")
    theirs = [Role.API_USER, Role.PAYOUT_APPROVER, Role.PAYOUT_MAKER, Role.PORTAL_ADMIN]
    assert (status, [one["name"] for one in roles]) == (200, theirs)


def test_the_list_of_roles_costs_the_same_however_many(staff_user: User) -> None:
    browser = browser_of(staff_user)
    few = cost(browser, "/api/roles")
    for number in range(30):
        role(f"Desk {number}", "Clients.Read", "Roles.Read")
    assert cost(browser, "/api/roles") == few
    assert len(browser.get("/api/roles").json()) == 39


# --- what only pages ask for ----------------------------------------------------------------------


def test_a_clone_holds_the_same(staff_user: User) -> None:
    copy = services.clone_role(
        actor=_actor(staff_user.portal), role=Role.objects.get(name=Role.APPROVER), name="Junior"
    )
    assert held("Junior") == held(Role.APPROVER)
    assert (copy.is_system, last_entry().after["from"]) == (False, Role.APPROVER)
    with pytest.raises(TooMuchGranted):
        services.clone_role(actor=_actor(person("audi", Role.AUDITOR)), role=copy, name="Mine")


def test_roles_we_ship_keep_name_and_place(staff_user: User) -> None:
    shipped = Role.objects.get(name=Role.SUPPORT)
    for change in (
        lambda: services.rename_role(actor=_actor(staff_user.portal), role=shipped, name="Help"),
        lambda: services.delete_role(actor=_actor(staff_user.portal), role=shipped),
    ):
        with pytest.raises(WrongState):
            change()
    assert Role.objects.filter(name=Role.SUPPORT).exists()


def test_a_role_is_deleted_when_nobody_holds_it(staff_user: User) -> None:
    desk = role("Desk", "Clients.Read")
    dian = person("dian", "Desk")
    actor = _actor(staff_user.portal)
    with pytest.raises(WrongState):
        services.delete_role(actor=actor, role=desk)
    dian.roles.clear()
    services.delete_role(actor=actor, role=desk)
    assert not Role.objects.filter(name="Desk").exists()
    assert (last_entry().action, last_entry().before["permissions"]) == ("role.deleted", ["Clients.Read"])
    bots = role("Bots", audience=Role.Audience.API)
    bot = api_user(company())
    bot.role = bots
    bot.save()
    with pytest.raises(WrongState):
        services.delete_role(actor=actor, role=bots)


def test_renaming_is_noted(staff_user: User) -> None:
    desk = role("Desk")
    renamed = services.rename_role(actor=_actor(staff_user.portal), role=desk, name="Front desk")
    assert (renamed.name, last_entry().before, last_entry().after) == (
        "Front desk",
        {"name": "Desk"},
        {"name": "Front desk"},
    )


# --- sending money to many takes two people ---------------------------------------------------------


def test_the_one_who_makes_batches_cannot_approve_and_the_other_way_round(db: None) -> None:
    maker, approver = (
        set(Role.objects.get(name=name).permissions.values_list("name", flat=True))
        for name in (Role.PAYOUT_MAKER, Role.PAYOUT_APPROVER)
    )
    approving = {"Batches.Approve", "BulkDisbursement.Process"}
    assert {"BulkDisbursement.Create", "BulkDisbursement.Retry"} <= maker
    assert approving <= approver
    assert not maker & approving
    assert "BulkDisbursement.Create" not in approver


def test_a_role_that_comes_later_gets_what_the_table_gives_it(db: None) -> None:
    Role.objects.get(name=Role.PAYOUT_APPROVER).delete()
    registry.sync()
    names = Role.objects.get(name=Role.PAYOUT_APPROVER).permissions.values_list("name", flat=True)
    assert set(names) == {right.name for right in rights() if Role.PAYOUT_APPROVER in right.holders}


def test_a_right_that_was_taken_from_a_role_stays_away(db: None) -> None:
    maker = Role.objects.get(name=Role.PAYOUT_MAKER)
    maker.permissions.remove(permission("Reports.ReadBatch"))
    registry.sync()
    assert not maker.permissions.filter(name="Reports.ReadBatch").exists()
