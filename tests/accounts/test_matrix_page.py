"""The pages about roles: the list, the matrix that is its own editor, one role, two side by side."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client as Browser

from accounts.models import AuditEntry, Permission, PortalUser, Role, User
from tests.accounts.cast import browser_of, company, cost, held, last_entry, permission, person, role

pytestmark = pytest.mark.django_db

MATRIX = "/staff/roles/matrix/"


def read_form(page: str) -> dict[str, list[str]]:
    """What a browser would send: the hidden versions, and the ticks that are set and not disabled."""
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="(v\d+)" value="([^"]*)"', page):
        fields.setdefault(name, []).append(value)
    for tag in re.findall(r"<input [^>]*type=\"checkbox\"[^>]*>", page):
        found = re.search(r'name="(r\d+)" value="(\d+)"', tag)
        if found and " checked" in tag and " disabled" not in tag:
            fields.setdefault(found[1], []).append(found[2])
    return fields


def tick(form: dict[str, list[str]], of: Role, *names: str) -> None:
    form.setdefault(f"r{of.pk}", []).extend(str(permission(name).pk) for name in names)


def untick(form: dict[str, list[str]], of: Role, *names: str) -> None:
    for name in names:
        form[f"r{of.pk}"].remove(str(permission(name).pk))


def shown(browser: Browser, path: str = MATRIX) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return answer.content.decode().replace("<wbr>", "")


@pytest.fixture
def boss(staff_user: User) -> Browser:
    return browser_of(staff_user)


def test_ticks_of_several_roles_are_saved_at_once(boss: Browser) -> None:
    desk, audit = role("Desk", "Clients.Read"), role("Inspectors", "Audit.Read")
    form = read_form(shown(boss))
    tick(form, desk, "Roles.Read", "Audit.Read")
    untick(form, desk, "Clients.Read")
    untick(form, audit, "Audit.Read")
    before = {name: held(name) for name in (Role.SUPPORT, Role.PORTAL_ADMIN, Role.SUPER_ADMIN)}
    answer = boss.post(MATRIX, form, follow=True)
    assert "Saved: Desk, Inspectors" in answer.content.decode()
    assert (held("Desk"), held("Inspectors")) == ({"Roles.Read", "Audit.Read"}, set())
    assert {name: held(name) for name in before} == before
    entries = AuditEntry.objects.filter(action="role.changed").order_by("id")
    assert [(entry.object_label, entry.before, entry.after) for entry in entries] == [
        ("Desk", {"removed": ["Clients.Read"]}, {"added": ["Audit.Read", "Roles.Read"]}),
        ("Inspectors", {"removed": ["Audit.Read"]}, {"added": []}),
    ]


def test_nothing_different_is_said_and_not_noted(boss: Browser) -> None:
    form = read_form(shown(boss))
    count = AuditEntry.objects.count()
    assert "Nothing was different" in boss.post(MATRIX, form, follow=True).content.decode()
    assert AuditEntry.objects.count() == count


def test_two_editors_of_one_role_do_not_overwrite_each_other(boss: Browser, staff_user: User) -> None:
    desk, other = role("Desk", "Clients.Read"), role("Other")
    form = read_form(shown(boss))
    tick(form, desk, "Roles.Read")
    tick(form, other, "Roles.Read")
    desk.permissions.add(permission("Audit.Read"))
    answer = boss.post(MATRIX, form)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Changed by somebody else meanwhile: Desk" in page
    assert (held("Desk"), held("Other")) == ({"Clients.Read", "Audit.Read"}, set()), (
        "nothing was stored, not even Other"
    )
    assert page.count('class="is-news"') == 3
    # The page that came back holds the ticks and the new version: saved again, they are what counts.
    again = read_form(page)
    assert boss.post(MATRIX, again).status_code == 302
    assert (held("Desk"), held("Other")) == ({"Clients.Read", "Roles.Read"}, {"Roles.Read"})


def test_editors_of_different_roles_do_not_meet(boss: Browser) -> None:
    desk, other = role("Desk", "Clients.Read"), role("Other", "Clients.Read")
    form = read_form(shown(boss))
    tick(form, desk, "Roles.Read")
    other.permissions.set([permission("Audit.Read")])
    assert boss.post(MATRIX, form).status_code == 302
    assert (held("Desk"), held("Other")) == ({"Clients.Read", "Roles.Read"}, {"Audit.Read"})


def test_words_and_filters_edit_only_what_they_show(boss: Browser) -> None:
    desk = role("Desk", "Clients.Read", "Audit.Read")
    path = f"{MATRIX}?q=audit&role={desk.public_id}"
    page = shown(boss, path)
    assert "Audit.Export" in page
    assert "Clients.ReadPending" not in page
    form = read_form(page)
    untick(form, desk, "Audit.Read")
    tick(form, desk, "Audit.Export", "Clients.ReadPending")
    assert boss.post(path, form).status_code == 302
    assert held("Desk") == {"Clients.Read", "Audit.Export"}


def test_super_admin_and_rights_for_the_gateway_cannot_be_reached_by_a_made_up_form(boss: Browser) -> None:
    top, portal = Role.objects.get(name=Role.SUPER_ADMIN), Role.objects.get(name=Role.PORTAL_ADMIN)
    everything, before = held(Role.SUPER_ADMIN), held(Role.PORTAL_ADMIN)
    form = read_form(shown(boss))
    form |= {f"r{top.pk}": [], f"v{top.pk}": ["x"]}
    tick(form, portal, "Roles.Create")
    form[f"r{portal.pk}"] += ["0", "-1", "abc", "9" * 30, "²"]
    assert boss.post(MATRIX, form).status_code == 302
    assert (held(Role.SUPER_ADMIN), held(Role.PORTAL_ADMIN)) == (everything, before)


def test_an_editor_sees_what_they_may_not_give_and_cannot_give_it(db: None) -> None:
    role("Editor", "Roles.Compare", "RolePermissions.Update", "Roles.Read")
    desk = role("Desk", "Audit.Read", "Roles.Read")
    eka = browser_of(person("eka", "Editor"))
    page = shown(eka)
    assert 'aria-label="Desk: Audit.Read" checked disabled title="You do not have this right yourself' in page
    form = read_form(page)
    tick(form, desk, "Clients.Read", "Roles.Compare")
    untick(form, desk, "Roles.Read")
    assert eka.post(MATRIX, form).status_code == 302
    assert held("Desk") == {"Audit.Read", "Roles.Compare"}


def test_who_may_only_look_sees_no_ticks(db: None) -> None:
    audi = browser_of(person("audi", Role.AUDITOR))
    page = shown(audi)
    assert not re.search(r'name="r\d', page)
    assert "Save all ticks" not in page
    assert audi.post(MATRIX, {}).status_code == 404


@pytest.mark.parametrize(
    "query", ["?role=nonsense", "?audience=x", "?q=%00", "?q=" + "x" * 99, "?role=00000000-0000-4000-8000-000000000000"]
)
def test_nonsense_in_the_address_counts_as_not_asked(query: str, boss: Browser) -> None:
    assert boss.get(MATRIX + query).status_code == 200


def test_the_matrix_costs_the_same_however_many(boss: Browser) -> None:
    few = cost(boss, MATRIX)
    for number in range(6):
        role(f"Desk {number}", "Clients.Read", "Roles.Read")
    for number in range(40):
        Permission.objects.create(
            name=f"Things.Do{number}",
            http_method="GET",
            route_pattern=f"/api/things{number}",
            route_shape=f"/api/things{number}",
        )
    assert cost(boss, MATRIX) == few
    assert "more role" in shown(boss)


def test_one_form_stays_within_what_a_form_may_hold(boss: Browser, settings: Any) -> None:
    everything = list(Permission.objects.all())
    for number in range(12):
        role(f"Desk {number}").permissions.set(everything)
    form = read_form(shown(boss))
    assert sum(len(values) for values in form.values()) < settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
    assert boss.post(MATRIX, form).status_code == 302


# --- the other pages ----------------------------------------------------------------------------------


def test_the_list_costs_the_same_however_many(boss: Browser) -> None:
    few = cost(boss, "/staff/roles/")
    for number in range(10):
        role(f"Desk {number}", "Clients.Read")
        person(f"p{number}", f"Desk {number}")
    assert cost(boss, "/staff/roles/") == few


def test_a_role_is_made_cloned_renamed_and_deleted(boss: Browser) -> None:
    answer = boss.post("/staff/roles/new/", {"name": "Desk", "audience": "staff"})
    desk = Role.objects.get(name="Desk")
    assert answer["Location"] == f"/staff/roles/{desk.public_id}/"
    desk.permissions.set([permission("Clients.Read")])
    boss.post(f"/staff/roles/{desk.public_id}/clone/", {"name": "Second desk"})
    assert held("Second desk") == {"Clients.Read"}
    boss.post(f"/staff/roles/{desk.public_id}/rename/", {"name": "First desk"})
    assert held("First desk") == {"Clients.Read"}
    answer = boss.post(f"/staff/roles/{desk.public_id}/delete/", follow=True)
    assert "First desk is deleted" in answer.content.decode()
    assert not Role.objects.filter(name="First desk").exists()
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == [
        "role.created",
        "role.cloned",
        "role.renamed",
        "role.deleted",
    ]


@pytest.mark.parametrize("name", ["", " ", "x" * 61, "superadmin"])
def test_a_name_that_will_not_do_is_said_on_each_form(name: str, boss: Browser) -> None:
    desk = role("Desk")
    for path in (
        "/staff/roles/new/",
        f"/staff/roles/{desk.public_id}/clone/",
        f"/staff/roles/{desk.public_id}/rename/",
    ):
        answer = boss.post(path, {"name": name, "audience": "staff"})
        assert answer.status_code == 400
        assert "is-invalid" in answer.content.decode()
    assert Role.objects.filter(is_system=False).count() == 1


def test_a_role_somebody_holds_and_one_we_ship_stay(boss: Browser) -> None:
    desk = role("Desk")
    person("dian", "Desk")
    for found in (desk, Role.objects.get(name=Role.SUPPORT)):
        answer = boss.post(f"/staff/roles/{found.public_id}/delete/", follow=True)
        assert "alert-danger" in answer.content.decode()
        assert Role.objects.filter(pk=found.pk).exists()


def test_a_role_page_shows_who_holds_it_and_what_it_may(boss: Browser) -> None:
    person("fatu", Role.PORTAL_ADMIN, client=company())
    page = shown(boss, f"/staff/roles/{Role.objects.get(name=Role.PORTAL_ADMIN).public_id}/")
    assert "fatu@example.id" in page
    assert "PortalUsers.Create" in page
    assert "Clients.Approve" not in page


def test_two_roles_side_by_side(boss: Browser) -> None:
    first, second = role("First", "Clients.Read", "Roles.Read"), role("Second", "Roles.Read", "Audit.Read")
    path = f"/staff/roles/compare/?first={first.public_id}&second={second.public_id}"
    page = shown(boss, path)
    assert [name in page for name in ("Clients.Read", "Roles.Read", "Audit.Read")] == [True, True, True]
    assert page.count('class="is-different"') == 2
    assert "Roles.Read" not in shown(boss, f"{path}&only=on")
    assert "No difference" in shown(boss, path.replace(str(second.public_id), str(first.public_id)) + "&only=on")
    for query in ("", f"?first={first.public_id}", "?first=x&second=y"):
        assert boss.get(f"/staff/roles/compare/{query}").status_code == 200


def test_these_pages_do_not_exist_for_others(db: None) -> None:
    desk = role("Desk")
    strangers: list[PortalUser] = [person("fatu", Role.PORTAL_ADMIN, client=company()), person("supp", Role.SUPPORT)]
    for who in strangers:
        browser = browser_of(who)
        for path in ("", "new/", "matrix/", "compare/", f"{desk.public_id}/"):
            assert browser.get(f"/staff/roles/{path}").status_code == 404
        for path in (
            "new/",
            "matrix/",
            f"{desk.public_id}/clone/",
            f"{desk.public_id}/rename/",
            f"{desk.public_id}/delete/",
        ):
            assert browser.post(f"/staff/roles/{path}", {"name": "Mine"}).status_code == 404
    audi = browser_of(person("audi", Role.AUDITOR))
    assert audi.get(f"/staff/roles/{desk.public_id}/").status_code == 200
    assert audi.get("/staff/roles/new/").status_code == 404
    assert audi.get(f"/staff/roles/{uuid4()}/").status_code == 404
    assert held("Desk") == set()
    assert not AuditEntry.objects.exists()


def test_changing_rights_asks_for_a_fresh_sign_in(staff_user: User) -> None:
    desk = role("Desk")
    stale = Browser()
    stale.force_login(staff_user)
    for answer in (
        stale.get(MATRIX),
        stale.post(MATRIX, {}),
        stale.post("/staff/roles/new/", {"name": "Mine", "audience": "staff"}),
        stale.post(f"/staff/roles/{desk.public_id}/delete/"),
    ):
        assert answer.status_code == 302
        assert answer["Location"].startswith("/account/")
    assert stale.get("/staff/roles/").status_code == 200
    assert list(Role.objects.filter(is_system=False)) == [desk]


def test_the_audit_says_who_and_by_which_way(boss: Browser, staff_user: User) -> None:
    boss.post("/staff/roles/new/", {"name": "Desk", "audience": "staff"})
    entry = last_entry()
    assert (entry.actor_label, entry.via, entry.object_type) == (staff_user.email, "page", "role")
