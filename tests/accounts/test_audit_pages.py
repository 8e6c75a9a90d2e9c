"""The audit pages: found by what one remembers, readable as a sentence, exported as shown, and nobody else's."""

import ast
import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template
from django.test import Client as Browser
from django.utils import timezone, translation

from accounts import proof
from accounts.access.actors import Actor, Origin
from accounts.access.credentials import rights_of_portal
from accounts.models import AuditEntry, Client, Customer, PortalUser, Role, User
from accounts.selectors import audit as selectors
from accounts.selectors.audit_words import ACTIONS, GROUPS
from accounts.services import audit
from kyc.models import KycCase, KycDocument
from notifications.models import CLIENT_EVENTS, EVENTS, TEST_EVENT, SmsSender
from tests.accounts.audit_chain import guards_down, run, seal_now
from tests.accounts.cast import browser_of, company, person

pytestmark = pytest.mark.django_db


def actor_of(portal: PortalUser, *, address: str = "192.0.2.7", request_id: str = "request-0001") -> Actor:
    roles, permissions = rights_of_portal(portal)
    return Actor(
        kind="session",
        origin=Origin(via="page", address=address, request_id=request_id),
        user=portal.user,
        portal=portal,
        roles=roles,
        permissions=permissions,
    )


@pytest.fixture
def auditor(db: None) -> PortalUser:
    return person("dewi", Role.AUDITOR)


@pytest.fixture
def citra(staff_user: User) -> Actor:
    return actor_of(staff_user.portal)


@pytest.fixture
def nassit(db: None) -> Client:
    return company("Nassit")


@pytest.fixture
def fatu(nassit: Client) -> PortalUser:
    return person("fatu", Role.PORTAL_ADMIN, client=nassit)


def shown(browser: Browser, path: str = "/staff/audit/", **query: Any) -> list[str]:
    """The labels of the objects on the page."""
    answer = browser.get(f"{path}?{urlencode(query)}")
    assert answer.status_code == 200
    return [line.entry.object_label for line in answer.context["lines"]]


# --- the search -------------------------------------------------------------------------------------------


@pytest.fixture
def history(citra: Actor, nassit: Client, fatu: PortalUser, customer: Customer) -> None:
    other = company("Rokel")
    audit.record(citra, "client.approved", target=nassit, before={"status": "Pending"}, after={"status": "Active"})
    audit.record(citra, "client.rejected", target=other, after={"reason": "double"})
    audit.record(actor_of(fatu, address="198.51.100.9", request_id="request-0002"), "portal_user.created", target=fatu)
    audit.record(actor_of(fatu), "key.issued", client=nassit, after={"name": "=cmd()"})


FOUND: dict[str, tuple[dict[str, str], list[str]]] = {
    "everything": ({}, ["", "fatu@example.id", "Rokel", "Nassit"]),
    "who": ({"who": "citra@example.id"}, ["Rokel", "Nassit"]),
    "who, from its beginning, in capitals": ({"who": "CITRA"}, ["Rokel", "Nassit"]),
    "an object by name": ({"what": "Rok"}, ["Rokel"]),
    "an action": ({"action": "client.approved"}, ["Nassit"]),
    "a request": ({"request_id": "request-0002"}, ["fatu@example.id"]),
    "an address": ({"address": "198.51.100.9"}, ["fatu@example.id"]),
    "a way": ({"via": "api"}, []),
    "two at once": ({"who": "citra", "what": "Nas"}, ["Nassit"]),
    "today": ({"first": "today", "last": "today"}, ["", "fatu@example.id", "Rokel", "Nassit"]),
    "tomorrow": ({"first": "tomorrow"}, []),
    "until yesterday": ({"last": "yesterday"}, []),
    "nobody": ({"who": "%"}, []),
}


@pytest.mark.parametrize("name", FOUND)
def test_the_search_finds(name: str, history: None, auditor: PortalUser) -> None:
    query, labels = FOUND[name]
    today = timezone.localdate()
    days = {"today": today, "tomorrow": today + timedelta(days=1), "yesterday": today - timedelta(days=1)}
    given = {key: days[value].isoformat() if value in days else value for key, value in query.items()}
    assert shown(browser_of(auditor), **given) == labels


def test_an_object_is_found_by_its_id(history: None, auditor: PortalUser, nassit: Client) -> None:
    browser = browser_of(auditor)
    assert shown(browser, what=nassit.public_id) == ["Nassit"]
    # All about a client: what happened in its name too.
    assert shown(browser, about=f"client:{nassit.public_id}") == ["", "fatu@example.id", "Nassit"]


@pytest.mark.parametrize(
    "query",
    [
        {"first": "2026-02-30"},
        {"first": "0001-01-01"},
        {"last": "9999-12-31"},
        {"first": "2026-03-01", "last": "2026-02-01"},
        {"address": "everywhere"},
        {"action": "nothing.happened"},
        {"via": "x" * 300},
        {"who": "a\x00b"},
        {"who": "x" * 5000},
        {"until": "9" * 30},
        {"until": "-1"},
        {"about": "user:" + "9" * 40},
        {"about": "client:nonsense"},
        {"about": "nonsense"},
        {"about": "session:x"},
        {"cursor": "n" + "9" * 40},
        {"cursor": "\x00"},
    ],
)
def test_nonsense_in_the_address_is_no_failure(query: dict[str, str], history: None, auditor: PortalUser) -> None:
    browser = browser_of(auditor)
    for path in ("/staff/audit/", "/staff/audit/export/", "/settings/activity/"):
        assert browser.get(path, query).status_code in {200, 404}


def test_pages_go_by_the_number_of_entries(
    citra: Actor, auditor: PortalUser, django_assert_max_num_queries: Any
) -> None:
    for number in range(120):
        audit.record(citra, "role.created", after={"n": number})
    browser = browser_of(auditor)
    seen, url = [], "/staff/audit/?action=role.created"
    while url:
        with django_assert_max_num_queries(12):
            answer = browser.get(url)
        seen += [line.entry.pk for line in answer.context["lines"]]
        following = re.search(r'rel="next" href="([^"]+)"', answer.content.decode())
        url = "/staff/audit/" + following[1].replace("&amp;", "&") if following else ""
        assert not following or "action=role.created" in url
    assert len(seen) == 120
    assert seen == sorted(seen, reverse=True)


def test_an_entry_reads_as_a_sentence_with_old_and_new(history: None, auditor: PortalUser, nassit: Client) -> None:
    page = browser_of(auditor).get("/staff/audit/?action=client.approved").content.decode()
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "citra@example.id as CompanyAdmin, SuperAdmin approved a client: Nassit" in text
    assert re.search(r"status: Pending → became Active", text)
    assert "192.0.2.7" in text


def test_moments_in_old_and_new_are_those_of_the_reader(citra: Actor) -> None:
    moment = datetime(2026, 11, 21, 2, 45, tzinfo=UTC)
    audit.record(citra, "key.issued", after={"expires_at": moment, "odd": "2026-99-99T99:99:99Z"})
    entry = AuditEntry.objects.get()
    with timezone.override("Asia/Jayapura"):
        changes = {change.name: change.new for change in selectors.changes_of(entry)}
    assert changes == {"expires at": "21 Nov 2026 11:45 WIT", "odd": "2026-99-99T99:99:99Z"}


def test_markup_in_a_record_is_shown_not_obeyed(citra: Actor, auditor: PortalUser) -> None:
    audit.record(citra, "role.created", after={"<b>name</b>": "<script>alert(1)</script>"})
    page = browser_of(auditor).get("/staff/audit/").content.decode()
    assert "<script>alert(1)" not in page
    assert "<b>name" not in page


# --- who sees what ----------------------------------------------------------------------------------------


def test_a_client_reads_its_own_and_not_who_of_the_gateway_it_was(
    history: None, fatu: PortalUser, nassit: Client
) -> None:
    browser = browser_of(fatu)
    page = browser.get("/company/audit/")
    assert [line.entry.object_label for line in page.context["lines"]] == ["", "fatu@example.id", "Nassit"]
    text = page.content.decode()
    assert "the gateway" in text
    assert "citra@example.id" not in text
    assert "CompanyAdmin" not in text
    assert "Rokel" not in text
    # Nor by guessing.
    assert shown(browser, "/company/audit/", who="citra") == []
    assert shown(browser, "/company/audit/", address="192.0.2.7") == [""]
    assert shown(browser, "/company/audit/", who="fatu") == ["", "fatu@example.id"]


def test_a_client_learns_nothing_by_naming_anothers_object(history: None, fatu: PortalUser) -> None:
    other = Client.objects.get(name="Rokel")
    page = browser_of(fatu).get(f"/company/audit/?about=client:{other.public_id}")
    assert not page.context["lines"]
    assert "Rokel" not in page.content.decode()


@pytest.mark.parametrize("path", ["/staff/audit/", "/staff/audit/export/", "/company/audit/"])
def test_nobody_else_finds_the_pages(path: str, customer: Customer, nassit: Client) -> None:
    support = person("sari", Role.SUPPORT)
    pending = person("joko", Role.PORTAL_ADMIN, client=company("Waiting", Client.Status.PENDING))
    for who in (support, pending, customer.user):
        assert browser_of(who).get(path).status_code == 404
    assert Browser().get(path).status_code == 302


def test_the_desk_of_a_client_is_not_staffs_and_the_reverse(auditor: PortalUser, fatu: PortalUser) -> None:
    assert browser_of(auditor).get("/company/audit/").status_code == 404
    assert browser_of(fatu).get("/staff/audit/").status_code == 404


def test_everybody_reads_what_they_did_themselves(history: None, fatu: PortalUser, customer: Customer) -> None:
    assert shown(browser_of(fatu), "/settings/activity/")[-2:] == ["", "fatu@example.id"]
    assert "Nassit" not in shown(browser_of(customer.user), "/settings/activity/")


# --- the tab ----------------------------------------------------------------------------------------------


def tab(actor: Actor, thing: Any, tag: str = "audit_trail") -> str:
    template = Template("{% load access %}{% " + tag + " thing %}")
    return template.render(Context({"actor": actor, "thing": thing}))


def test_the_tab_shows_the_newest_of_one_object(
    history: None, citra: Actor, auditor: PortalUser, nassit: Client
) -> None:
    text = tab(actor_of(auditor), nassit)
    assert "approved a client" in text
    assert "turned a client down" not in text
    assert f"/staff/audit/?about=client:{nassit.public_id}" in text
    for number in range(25):
        audit.record(citra, "client.approved", target=nassit, after={"n": number})
    text = tab(actor_of(auditor), nassit)
    assert text.count("approved a client") == 20
    assert "Show all of it" in text


def test_the_tab_of_a_person_has_what_they_did(history: None, auditor: PortalUser, staff_user: User) -> None:
    assert "turned a client down" in tab(actor_of(auditor), staff_user, "audit_of_person")


def test_the_tab_is_empty_for_who_may_not_read_the_audit(history: None, nassit: Client, fatu: PortalUser) -> None:
    support = actor_of(person("sari", Role.SUPPORT))
    stranger = actor_of(person("joko", Role.PORTAL_ADMIN, client=company("Other")))
    assert tab(support, nassit).strip() == ""
    assert "approved" not in tab(stranger, nassit)
    assert "citra" not in tab(actor_of(fatu), nassit)


def test_the_tab_needs_no_actor_who_is_somebody(history: None, nassit: Client) -> None:
    nobody = Actor(kind="anonymous", origin=Origin(via="page"))
    assert isinstance(AnonymousUser().pk, type(None))
    assert tab(nobody, nassit).strip() == ""


# --- the export -------------------------------------------------------------------------------------------


def exported(browser: Browser, url: str) -> list[list[str]]:
    answer = browser.get(url)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/csv")
    assert "attachment" in answer["Content-Disposition"]
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


def test_the_export_has_the_rows_of_the_page_and_is_on_record(history: None, citra: Actor, auditor: PortalUser) -> None:
    browser = browser_of(auditor)
    page = browser.get("/staff/audit/?who=citra")
    link = re.search(r'href="(/staff/audit/export/[^"]+)"', page.content.decode())
    assert link
    assert "Export 2 rows" in re.sub(r"\s+", " ", page.content.decode())
    # What comes in between is not in what was shown.
    audit.record(citra, "client.deactivated", target=Client.objects.get(name="Rokel"))
    rows = exported(browser, link[1].replace("&amp;", "&"))
    assert len(rows) == 1 + 2
    assert [row[7] for row in rows[1:]] == [line.entry.object_label for line in page.context["lines"]]
    noted = AuditEntry.objects.get(action="audit.exported")
    assert noted.actor_label == "dewi@example.id"
    assert noted.after == {"filters": {"who": "citra"}, "rows": 2}


def test_no_cell_of_the_export_is_a_formula(history: None, auditor: PortalUser, citra: Actor) -> None:
    audit.record(citra, "role.created", client=None, target=Role(name="=HYPERLINK(1)"), after={"@x": "+1"})
    rows = exported(browser_of(auditor), "/staff/audit/export/")
    cells = [cell for row in rows[1:] for cell in row]
    assert "'=HYPERLINK(1)" in cells
    assert not [cell for cell in cells if cell[:1] in "=+-@" and cell]


def test_an_export_that_is_too_long_is_refused_in_words(
    history: None, auditor: PortalUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selectors, "MOST_ROWS", 2)
    browser = browser_of(auditor)
    page = browser.get("/staff/audit/")
    assert b"more than 2 entries" in page.content
    assert b"/staff/audit/export/" not in page.content
    answer = browser.get("/staff/audit/export/")
    assert answer.status_code == 422
    assert b"Narrow the search" in answer.content
    assert not AuditEntry.objects.filter(action="audit.exported").exists()


def test_a_wrong_search_exports_nothing(history: None, auditor: PortalUser) -> None:
    assert browser_of(auditor).get("/staff/audit/export/?address=x").status_code == 404


# --- the chain on the page --------------------------------------------------------------------------------


def test_the_page_says_whether_the_chain_holds(history: None, auditor: PortalUser) -> None:
    browser = browser_of(auditor)
    seal_now()
    proof.run()
    assert "The record is whole" in browser.get("/staff/audit/").content.decode()
    with guards_down():
        run("UPDATE accounts_auditentry SET actor_label = 'nobody'")
    proof.run()
    page = browser.get("/staff/audit/").content.decode()
    assert "The chain of the record is broken" in page
    assert "does not fit its seal" in page


# --- words ------------------------------------------------------------------------------------------------

_CODE = re.compile(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*")
_APPS = (
    *("accounts", "kyc", "wallets", "payments", "payouts", "cards", "checkout", "reports", "otp", "notifications"),
    *("config", "sandbox"),
)
# What looks like an action and is none: files, what webhooks tell of, operations of the compatible API.
_FILES = (".html", ".txt", ".sql", ".csv", ".json")
_CHECKOUT = ("checkout.create", "checkout.get", "checkout.sweep", "checkout.carry_on", "checkout.pay_urls")
_OTHERS = ("order.create", "order.replace", "order.sneezed", *_CHECKOUT)
_NO_ACTIONS = (*_FILES, *_OTHERS, TEST_EVENT, *EVENTS, *CLIENT_EVENTS)
# Actions put together from a state; every state they can have.
_PUT_TOGETHER = {
    "kyc_document.": {status.lower() for status in KycDocument.Status.values} - {"pending"},
    "kyc_case.": set(KycCase.State.values) & {"verified", "rejected"},
    "card_payment.": {"capture_asked", "release_asked", "refund_asked"},
    "sms_sender.": set(SmsSender.State.values) - {"asked"},
}


def _sources() -> Iterator[tuple[Path, ast.Module]]:
    for app in _APPS:
        for path in sorted((Path(settings.BASE_DIR) / app).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path, ast.parse(path.read_text())


def _recorded() -> Iterator[tuple[str, str]]:
    """(action, where): what calls of record() name, and every text anywhere that begins as an action does, since
    actions are handed on through variables and tables too."""
    for path, tree in _sources():
        for node in ast.walk(tree):
            where = f"{path.name}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _CODE.fullmatch(node.value):
                if node.value.partition(".")[0] in GROUPS and not node.value.endswith(_NO_ACTIONS):
                    yield node.value, where
            elif (
                isinstance(node, ast.Call)
                and ast.unparse(node.func).rpartition(".")[2] == "record"
                and len(node.args) > 1
            ):
                yield from ((action, where) for action in _said(node.args[1]))


def _said(action: ast.expr) -> list[str]:
    if isinstance(action, ast.Constant):
        return [str(action.value)]
    if isinstance(action, ast.JoinedStr) and isinstance(action.values[0], ast.Constant):
        return [str(action.values[0].value)]
    return []


def test_every_action_that_is_recorded_has_words() -> None:
    wanted: dict[str, str] = {}
    for action, where in _recorded():
        for each in [action + state for state in _PUT_TOGETHER.get(action, ())] or [action]:
            wanted[each] = where
    assert len(wanted) > 25
    assert {action: where for action, where in wanted.items() if action not in ACTIONS} == {}


def test_every_group_has_a_name() -> None:
    assert {action.partition(".")[0] for action in ACTIONS} == set(GROUPS)


def test_the_search_offers_actions_by_their_words(auditor: PortalUser) -> None:
    page = browser_of(auditor).get("/staff/audit/").content.decode()
    assert "approved a client" in page
    with translation.override("id"):
        assert str(selectors.action_choices()[0][1])
