"""The guides for developers: whole, drawn from the code, and right when somebody does what they say."""

import ast
import itertools
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.conf import settings as portal_settings
from django.test import Client
from django.utils import translation
from playwright.sync_api import Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from accounts.models import ApiKey, Customer, Role
from config import openapi, reference_v1, urls
from config.guides import quickstart, refusals
from config.guides.changes import BREAKING, DEPRECATED, NOTICE, RELEASES, VERSION, Change, Release, changes, ending
from config.guides.diagrams import Diagram, Node, drawn
from config.guides.knowledge import GROUPS
from config.guides.machines import SOURCES, Machine, machine_of
from config.lib.clock import now
from config.lib.errors import ServiceError
from config.samples import VERIFICATION
from kyc.files.check import WORDS
from notifications.delivery import signing
from notifications.services import verifying
from otp.models import Order, PriceRule
from payouts.files import TROUBLES
from tests.accounts.calling import key_of
from tests.accounts.cast import api_user, browser_of, company, person
from tests.api_v1.calling import program_of
from tests.otp.helpers import fund
from tests.simulators import Simulator

ROOT = Path(portal_settings.BASE_DIR)
PAGES = ["", "quickstart/", "states/", "errors/", "webhooks/", "changelog/"]
APPS: tuple[str, ...] = (
    "accounts",
    "cards",
    "checkout",
    "config",
    "kyc",
    "notifications",
    "otp",
    "payments",
    "payouts",
)
APPS += ("reports", "wallets")
# With the addresses everything is loaded that can refuse.
assert urls.urlpatterns
KINDS = [kind for kind in refusals.kinds() if not kind.__module__.startswith("tests.")]
FAMILIES = {kind.__name__ for kind in ServiceError.__subclasses__()} | {kind.__name__ for kind in KINDS}
CHROMIUM = os.environ.get("CHROMIUM_PATH") or shutil.which("chromium")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
SECRET = "a secret of at least sixteen"
BODY = '{"id":"evt_1","event":"order.finished","timestamp":"2026-11-21T02:15:00Z","data":{"order_id":65,"n":"é"}}'


def page(path: str = "", browser: Client | None = None, **query: str) -> str:
    answer = (browser or Client()).get(path if path.startswith("/") else f"/developers/{path}", query)
    assert answer.status_code == 200
    return str(answer.content.decode())


# --- the catalogue of errors --------------------------------------------------------------------------


def given_in_calls() -> Iterator[tuple[str, str]]:
    """(name of a class of refusal, code) wherever a refusal is made with a code of its own."""
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            for call in ast.walk(ast.parse(path.read_text())):
                name = ast.unparse(call.func).rpartition(".")[2] if isinstance(call, ast.Call) else ""
                if isinstance(call, ast.Call) and name in FAMILIES:
                    yield from ((name, code) for code in _codes_of(call, name))


def _codes_of(call: ast.Call, name: str) -> Iterator[str]:
    named = [one.value for one in call.keywords if one.arg == "code"]
    # Those about files take it first.
    first = call.args[:1] if name in {"FileRefused", "FileTooLarge", "WrongKindOfFile"} else []
    for value in (*named, *first):
        if isinstance(value, ast.Constant) and re.fullmatch(r"[a-z0-9_]+", str(value.value)):
            yield str(value.value)


def known() -> set[str]:
    return {row.code for row in refusals.rows()}


def test_every_class_of_refusal_has_a_row() -> None:
    without = {kind.code: kind.__name__ for kind in KINDS if kind.code not in known()}
    assert not without, f"Add a row for each to config/guides/knowledge: {without}"


def test_every_code_given_in_a_call_has_a_row() -> None:
    assert {code for _name, code in given_in_calls()} <= known()


def test_every_answer_of_the_framework_has_a_row() -> None:
    answered = {status for _method, one in openapi.operations(openapi.document()) for status in one["responses"]}
    named = {HTTPStatus(int(status)).name.lower() for status in answered if int(status) >= 400}
    # Said by services with a code of their own.
    assert named - {"too_many_requests"} <= known()
    assert "csrf" in known()


def test_no_row_is_left_over() -> None:
    framework = {status.name.lower() for status in HTTPStatus} | {"csrf"}
    said = {kind.code for kind in KINDS} | {code for _name, code in given_in_calls()} | {*TROUBLES} | {*WORDS}
    assert known() <= said | framework | {"refused", "invalid"}


def test_no_code_has_two_rows_and_every_row_has_a_status() -> None:
    codes = [row.code for group in GROUPS for row in group.rows]
    assert len(codes) == len(set(codes))
    assert not [row.code for row in refusals.rows() if not row.statuses]
    assert len({group.slug for group in GROUPS}) == len(GROUPS)


def test_a_code_given_in_a_call_names_the_status_of_its_class() -> None:
    for row in refusals.rows():
        for status in row.statuses:
            assert 400 <= status < 600
            HTTPStatus(status)


def test_the_type_of_a_refusal_leads_to_its_row(settings: Any, db: None) -> None:
    settings.BASE_URL = "https://portal.example"
    refused = Client().get("/api/customer-wallet/balance").json()
    path, _sign, anchor = refused["type"].removeprefix("https://portal.example").partition("#")
    assert (path, anchor) == ("/developers/errors/", refused["code"])
    shown = page("errors/")
    assert all(f'id="{code}"' in shown for code in known())


def test_codes_are_found_by_words_status_and_the_words_of_the_other_api(db: None) -> None:
    assert [row.code for one in refusals.catalogue("insufficient_balance") for row in one.rows] == [
        "insufficient_funds"
    ]
    shown = page("errors/", q="retry-after locked")
    assert 'id="locked"' in shown
    assert 'id="order_taken"' not in shown
    assert "No code with these words" in page("errors/", q="gibberish")
    assert page("errors/", q="\x00<script>").count("<script>") == 0


def test_programs_read_the_same_as_json(db: None) -> None:
    found = {one["code"]: one for one in Client().get("/developers/errors.json").json()["errors"]}
    assert found.keys() == known()
    assert found["insufficient_funds"]["apiV1"] == {"status": 402, "code": "INSUFFICIENT_BALANCE"}
    assert found["outcome_unknown"]["statuses"] == [503]


# --- states -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def machines() -> list[Machine]:
    return [machine_of(source) for source in SOURCES]


def test_every_state_has_a_word_and_every_word_a_meaning() -> None:
    for source in SOURCES:
        told = {source.told(str(state)) for state in source.labels.values if source.slug != "document"}
        assert told <= set(source.words), source.slug


def test_what_is_drawn_is_what_the_database_allows(machines: list[Machine]) -> None:
    for source, machine in zip(SOURCES, machines, strict=True):
        moves = {(source.told(str(was)), source.told(str(new))) for was, new in source.moves}
        moves = {(was, new) for was, new in moves if was != new}
        assert {(stage.word, new) for stage in machine.stages for new in stage.onward} == moves
        assert len(machine.diagram.arrows) == len(moves)
        assert [node.word for node in machine.diagram.nodes] == [stage.word for stage in machine.stages]


def test_final_is_what_nothing_follows(machines: list[Machine]) -> None:
    for machine in machines:
        assert {stage.word for stage in machine.stages if stage.end == "yes"} == {
            stage.word for stage in machine.stages if not stage.onward
        }
        assert any(stage.end == "no" for stage in machine.stages)
    transfer = next(one for one in machines if one.slug == "transfer")
    assert transfer.stage("Completed").end == "mostly"
    assert transfer.stage("Rejected").end == "yes"


def test_nothing_lies_on_anything_else(machines: list[Machine]) -> None:
    dense = [(a, b) for a in "abcdef" for b in "abcdef" if a != b]
    for diagram in [*(machine.diagram for machine in machines), drawn(list("abcdef"), dense, ["a"])]:
        for node in diagram.nodes:
            assert inside(diagram, node)
            assert not [other for other in diagram.nodes if other is not node and touches(node, other)]


def inside(diagram: Diagram, node: Node) -> bool:
    return node.x >= 0 and node.x + node.width <= diagram.width and node.y + node.height <= diagram.height


def touches(one: Node, other: Node) -> bool:
    beside = one.x + one.width <= other.x or other.x + other.width <= one.x
    return not (beside or one.y + one.height <= other.y or other.y + other.height <= one.y)


def test_a_way_back_is_drawn_as_one() -> None:
    found = drawn(["a", "b", "c"], [("a", "b"), ("b", "c"), ("c", "a")], ["a"])
    assert [arrow.is_back for arrow in found.arrows] == [False, False, True]
    assert [node.x for node in found.nodes] == sorted(node.x for node in found.nodes)


# --- pages --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["en", "id"])
def test_everybody_may_read_the_guides(db: None, path: str, language: str) -> None:
    answer = Client().get(f"/developers/{path}", headers={"Accept-Language": language})
    shown = answer.content.decode()
    assert answer.status_code == 200
    assert shown.count("<h1") == 1
    assert not re.search(r"<[^>]+\s(style|on[a-z]+)=", shown)
    for attributes, body in re.findall(r"<script([^>]*)>(.*?)</script>", shown, re.S):
        assert "src=" in attributes
        assert not body.strip()


def test_links_between_the_guides_lead_somewhere(db: None) -> None:
    browser = Client()
    for path in PAGES:
        shown = page(path)
        for link in set(re.findall(r'href="(/[^"#?]*)', shown)):
            assert browser.get(link).status_code in {200, 302}, link
        for anchor in set(re.findall(r'href="#([^"]+)"', shown)):
            assert f'id="{anchor}"' in shown, anchor


def test_a_reader_with_a_key_finds_its_prefix_and_never_the_key(
    customer: Customer, client_for: Callable[..., Client]
) -> None:
    browser = client_for(customer)
    assert "Make a sandbox key" in page("quickstart/", browser)
    issued = key_of(customer, is_sandbox=True)
    for path in ("", "quickstart/", "/api/v1/docs", "/api/docs/customerwallet"):
        shown = page(path, browser)
        assert issued.key.prefix in shown
        assert issued.raw not in shown
    assert issued.key.prefix not in page("quickstart/")


def test_a_key_that_ended_is_not_offered(customer: Customer, client_for: Callable[..., Client]) -> None:
    issued = key_of(customer, is_sandbox=True)
    ApiKey.objects.update(revoked_at=now())
    assert issued.key.prefix not in page("quickstart/", client_for(customer))


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.AUDITOR])
def test_who_only_looks_at_keys_is_not_led_to_making_one(role: str, db: None) -> None:
    browser = browser_of(person("gilang", role))
    assert browser.get("/developers/keys/new/").status_code == HTTPStatus.NOT_FOUND
    for path in ("", "quickstart/"):
        assert "/developers/keys/new/" not in page(path, browser)


def test_the_field_for_the_key_can_send_nothing(db: None) -> None:
    for path in ("quickstart/", "/api/v1/docs", "/api/v1/docs/numbers", "/api/docs/banks"):
        shown = page(path)
        field = re.search(r"<input[^>]+data-own-key[^>]*>", shown)
        assert field is not None
        assert " name=" not in field[0]
        before = shown[: field.start()]
        assert before.count("<form") == before.count("</form>")


def test_people_of_a_company_get_their_own_quickstart(db: None) -> None:
    assert "/api/banks" in page("quickstart/?for=company")
    assert "/api/v1/balance" in page("quickstart/?for=anything")


# --- the quickstart, done -----------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_quickstart_works_in_every_language(
    live_server: LiveServer, settings: Any, customer: Customer, otpzap_sim: Simulator, faspay_sim: Simulator
) -> None:
    settings.BASE_URL = live_server.url
    settings.SANDBOX_ENABLED = True
    settings.FASPAY_QRIS_CHANNEL = "711"
    PriceRule.objects.create(percent=20, step=100)
    otpzap_sim.control("settings", cancel_cooldown_seconds=0, balance=10_000_000)
    raw = program_of(customer, is_sandbox=True).bearer
    fund(Customer.objects.get(user=customer.user, is_sandbox=True))
    done = {call.slug: run_in_all(call, raw) for call in quickstart.WALLET}
    assert {*done["balance"]} == {200}
    assert Order.objects.count() == 1
    assert [{*statuses} for statuses in done.values()] == [{call.status} for call in quickstart.WALLET]

    bot = key_of(api_user(company()), is_sandbox=True).raw
    for call in quickstart.COMPANY:
        assert {*run_in_all(call, bot)} == {call.status}, call.slug


def run_in_all(call: quickstart.Call, key: str) -> list[int]:
    """What each language was answered."""
    codes = {language: code.replace(quickstart.ORDER_ID, newest_order()) for language, code in call.samples}
    if not call.query:
        codes = dict(call.samples)
    return [with_curl(codes["curl"], key), with_python(codes["Python"], key), with_node(codes["JavaScript"], key)]


def newest_order() -> str:
    found = Order.objects.order_by("-pk").first()
    return str(found.pk) if found else ""


def with_curl(code: str, key: str) -> int:
    quiet = code.replace("curl ", 'curl -s -o /dev/null -w "%{http_code}" ', 1)
    return int(run(["bash", "-c", quiet], key))


def with_python(code: str, key: str) -> int:
    space: dict[str, Any] = {"print": lambda *_words: None}
    os.environ["KEY"] = key
    try:
        exec(code, space)  # noqa: S102 - our own example
    finally:
        del os.environ["KEY"]
    return int(space["answer"].status_code)


def with_node(code: str, key: str) -> int:
    alone = code.replace("console.log(await answer.json());", "console.log(answer.status);")
    return int(run(["node", "--input-type=module", "-e", alone], key))


def run(words: list[str], key: str) -> str:
    return subprocess.run(words, env={**os.environ, "KEY": key}, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("call", [*quickstart.WALLET, *quickstart.COMPANY], ids=lambda call: call.slug)
def test_php_says_the_same(call: quickstart.Call) -> None:
    """There is no PHP here to run it: it names the same address, method, headers and fields."""
    php = dict(call.samples)["PHP"]
    assert f"curl_init('{call.sample.address}')" in php
    assert "'Authorization: Bearer ' . $key" in php
    assert ("CURLOPT_CUSTOMREQUEST => 'POST'" in php) == (call.method == "POST")
    assert ("Idempotency-Key" in php) == call.is_once
    for name, value in call.body:
        assert f"'{name}' => {json.dumps(value) if not isinstance(value, str) else repr(value)}" in php
    assert php.count("[") == php.count("]")
    assert php.count("(") == php.count(")")


# --- webhooks -----------------------------------------------------------------------------------------


def delivery(body: str = BODY, secret: str = SECRET, *, old: int = 0) -> dict[str, str]:
    return signing.signed_headers("evt_1", body.encode(), [secret], int(time.time()) - old)


def pasted(headers: dict[str, str], body: str = BODY, secret: str = SECRET) -> list[verifying.Finding]:
    text = "\n".join(f"{name}: {value}" for name, value in headers.items())
    with translation.override("en"):
        return verifying.examine(verifying.Pasted(secret, verifying.headers_of(text), body))


def test_what_we_send_is_found_genuine() -> None:
    assert verifying.is_genuine(pasted(delivery()))
    # A form sends line breaks as two letters; frameworks name headers in their own way.
    spoilt = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in delivery().items()}
    assert verifying.is_genuine(pasted(spoilt))
    two = signing.signed_headers("evt_1", BODY.encode(), ["the newer secret of ours", SECRET], int(time.time()))
    assert verifying.is_genuine(pasted({name: two[name] for name in two if name.startswith("webhook")}))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"secret": f"{SECRET} \n"}, "spaces or a line break around the secret"),
        ({"secret": signing.library_secret(SECRET)}, "decode it"),
        ({"body": BODY + "\n"}, "around the body"),
        ({"body": json.dumps(json.loads(BODY), indent=2)}, "written anew"),
        ({"body": json.dumps(json.loads(BODY))}, "written anew"),
        ({"body": BODY.replace("65", "66")}, "another secret or another body"),
        ({"secret": "quite another secret"}, "another secret or another body"),
        ({"body": "", "secret": ""}, "another secret or another body"),
        ({"body": "[" * 5000}, "another secret or another body"),
        ({"secret": "whsec_\u00e9"}, "another secret or another body"),
        ({"secret": "whsec_/w=="}, "another secret or another body"),
    ],
    ids=["spaces", "library", "newline", "pretty", "spaced", "changed", "secret", "empty", "deep", "letters", "bytes"],
)
def test_the_tool_says_why_it_does_not_fit(change: dict[str, str], words: str) -> None:
    found = pasted(delivery(), **change)
    assert not verifying.is_genuine(found)
    assert words in " ".join(f"{finding.title} {finding.text}" for finding in found)


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({}, "Missing: webhook-id, webhook-timestamp, webhook-signature"),
        ({**delivery(), "webhook-signature": "sha256=00"}, "holds no v1 signature"),
        ({**delivery(), "webhook-timestamp": "yesterday"}, "is no time"),
        ({**delivery(), "webhook-timestamp": f"{int(time.time())}000"}, "milliseconds"),
        ({**delivery(), "webhook-timestamp": "9" * 12}, "milliseconds"),
        (
            {**delivery(), "webhook-signature": f"v1,{signing.standard_signature(SECRET, BODY.encode())}"},
            "over the body alone",
        ),
    ],
    ids=["none", "version", "no time", "milliseconds", "far", "body alone"],
)
def test_the_tool_says_what_is_wrong_with_the_headers(headers: dict[str, str], words: str) -> None:
    found = pasted(headers)
    assert not verifying.is_genuine(found)
    assert words in " ".join(f"{finding.title} {finding.text}" for finding in found)


def test_an_old_delivery_may_be_looked_at() -> None:
    found = pasted(delivery(old=86_400))
    assert [finding.tone for finding in found] == ["success", "warning", "success"]
    assert pasted(delivery(old=-86_400))[1].title == "The time is still to come"


def test_the_page_of_the_tool_keeps_nothing(db: None) -> None:
    headers = "\n".join(f"{name}: {value}" for name, value in delivery().items())
    given = {"secret": SECRET, "headers": headers, "body": BODY}
    answer = Client().post("/developers/webhooks/", given)
    shown = answer.content.decode()
    assert "It is from us" in shown
    assert SECRET not in shown
    assert "no-store" in answer["Cache-Control"]
    part = Client().post("/developers/webhooks/", {**given, "secret": "another"}, headers={"HX-Request": "true"})
    assert part.content.decode().strip().startswith('<div id="verdict"')
    assert "should refuse it" in part.content.decode()
    assert Client().post("/developers/webhooks/", {"body": "x\x00"}).status_code == 400


def test_the_example_of_the_tool_is_right(db: None) -> None:
    shown = page("webhooks/", example="")
    assert verifying.example()["secret"] in shown
    assert verifying.is_genuine(pasted(dict(_pairs(verifying.example()["headers"])), **_of(verifying.example())))


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        name, _colon, value = line.partition(": ")
        yield name, value


def _of(example: dict[str, str]) -> dict[str, str]:
    return {"body": example["body"], "secret": example["secret"]}


def test_the_shown_verification_in_javascript_accepts_what_we_send() -> None:
    code = dict(VERIFICATION)["JavaScript"]
    ask = "isGenuine(secret, headers, Buffer.from(body)), isGenuine(secret, headers, Buffer.from(body + ' '))"
    given = f"const secret = {json.dumps(SECRET)}, headers = {json.dumps(delivery())}, body = {json.dumps(BODY)};"
    assert run(["node", "--input-type=module", "-e", f"{code}\n{given}\nconsole.log({ask})"], "").split() == [
        "true",
        "false",
    ]


# --- changelog and the text for machines --------------------------------------------------------------


def test_every_section_of_both_apis_stands_in_the_changelog() -> None:
    documents = (openapi.document(), reference_v1.document())
    tags = {tag for found in documents for _method, one in openapi.operations(found) for tag in one["tags"]}
    assert tags == {section for _release, change in changes() for section in change.sections}


def test_both_apis_name_the_newest_version() -> None:
    assert {openapi.document()["info"]["version"], reference_v1.document()["info"]["version"]} == {VERSION}


def test_versions_say_by_their_numbers_what_changed() -> None:
    for newer, older in itertools.pairwise(RELEASES):
        now_at, was_at = numbers(newer), numbers(older)
        assert newer.day >= older.day
        part = next(at for at, (new, was) in enumerate(zip(now_at, was_at, strict=True), 1) if new != was)
        assert now_at > was_at
        assert part == min(change.kind.part for change in newer.changes), newer.version


def numbers(release: Release) -> tuple[int, ...]:
    return tuple(int(part) for part in release.version.split("."))


def test_every_change_has_an_address_and_nothing_ends_sooner_than_promised() -> None:
    slugs = [change.slug for _release, change in changes()]
    assert len(slugs) == len(set(slugs))
    by_slug = {change.slug: (release, change) for release, change in changes()}
    for release, change in changes():
        assert change.ends is None or change.ends - release.day >= NOTICE, change.slug
        if change.kind is BREAKING:
            announcement, announced = by_slug[change.announced]
            assert announced.ends is not None
            assert announced.ends <= release.day
            assert announcement.day < release.day


def test_what_is_to_end_is_said_in_its_order(monkeypatch: pytest.MonkeyPatch) -> None:
    day = RELEASES[0].day
    late, soon, over = (
        Change(name, DEPRECATED, name, "", ends=day + timedelta(days=days))
        for name, days in (("late", 400), ("soon", 200), ("over", -1))
    )
    monkeypatch.setattr("config.guides.changes.RELEASES", (Release("2.0.0", day, (late, over, soon)),))
    assert ending(day) == [soon, late]


def test_the_page_and_the_feed_tell_every_change(db: None, settings: Any) -> None:
    settings.BASE_URL = "https://portal.example"
    shown = page("changelog/")
    answer = Client().get("/developers/changelog.atom")
    root = ElementTree.fromstring(answer.content)  # noqa: S314 - our own
    entries = root.findall("{*}entry")
    links = [one.find("{*}link").get("href") for one in entries]  # type: ignore[union-attr]
    assert links == [f"https://portal.example/developers/changelog/#{change.slug}" for _release, change in changes()]
    assert all(f'id="{change.slug}"' in shown for _release, change in changes())
    assert f'datetime="{RELEASES[0].day}"' in shown
    assert f"at least {NOTICE.days} days" in shown
    told = Client().get("/developers/changelog.atom", {"lang": "id"}, headers={"Accept-Language": "en"})
    assert (answer["Content-Language"], told["Content-Language"]) == ("en", "id")
    assert b'xml:lang="id"' in told.content


def test_machines_read_all_of_it_in_one_text(db: None, settings: Any) -> None:
    settings.BASE_URL = "https://portal.example"
    answer = Client().get("/llms.txt", headers={"Accept-Language": "id"})
    text = answer.content.decode()
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert text.startswith("# Gerbang")
    assert all(f"`{code}`" in text for code in known())
    assert all(f"`{stage.word}`" in text for source in SOURCES for stage in machine_of(source).stages)
    for link in re.findall(r"\(https://portal\.example(/[^)]*)\)", text):
        assert Client().get(link).status_code == 200, link


# --- in a browser -------------------------------------------------------------------------------------


@pytest.fixture
def reading(live_server: LiveServer) -> Iterator[Page]:
    """The quickstart on a phone."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(base_url=live_server.url, viewport={"width": 360, "height": 740})
        page.goto("/developers/quickstart/")
        yield page
        browser.close()


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_pasted_key_fills_the_examples_and_leaves_with_the_page(reading: Page) -> None:
    sent: list[str] = []
    reading.on("request", lambda request: sent.append(f"{request.url} {request.post_data or ''}"))
    shown = reading.locator("#balance .code-panel:visible code")
    reading.get_by_label("Your sandbox key").fill("tp_test_abc_secret")
    expect(shown).to_contain_text("Bearer tp_test_abc_secret")
    assert "tp_test_abc_secret" in str(reading.locator("#balance [data-copy]:visible").get_attribute("data-copy"))
    reading.locator("#balance label", has_text="Python").click()
    expect(shown).to_contain_text('KEY = "tp_test_abc_secret"')
    # One language for all of them, on the next page too.
    expect(reading.locator("#order .code-panel:visible code")).to_contain_text("import requests")
    expect(reading.locator("[data-own-key-live]")).to_be_hidden()
    reading.get_by_label("Your sandbox key").fill("tp_live_abc_secret")
    expect(reading.locator("[data-own-key-live]")).to_be_visible()
    reading.goto("/developers/quickstart/?for=company")
    expect(reading.get_by_label("Your sandbox key")).to_have_value("")
    expect(reading.locator("#banks .code-panel:visible code")).to_contain_text('os.environ["KEY"]')
    assert not [one for one in sent if "secret" in one]


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_tool_answers_beside_what_was_pasted(reading: Page) -> None:
    reading.goto("/developers/webhooks/?example")
    reading.get_by_role("button", name="Look at it").click()
    expect(reading.locator("#verdict")).to_contain_text("It is from us")
    reading.get_by_label("Body").fill("{}")
    reading.get_by_role("button", name="Look at it").click()
    expect(reading.locator("#verdict")).to_contain_text("A receiver should refuse it")
    for path in PAGES:
        reading.goto(f"/developers/{path}")
        assert reading.evaluate("document.documentElement.scrollWidth") <= 360, path
