"""The approvers' pages as a browser without JavaScript sees them."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import AuditEntry, Customer, Role, User
from config.lib import clock
from kyc.models import KycCase, KycDecision, KycDocument
from kyc.services import claims
from tests.kyc import reviewing as r

pytestmark = pytest.mark.django_db
ClientFor = Callable[[User], Client]


def url(name: str, row: KycCase | KycDocument) -> str:
    return reverse(f"review:{name}", args=[row.public_id])


def answers(row: KycCase, **chosen: str) -> dict[str, str]:
    """The fields of the form: everything accepted, unless ``kind="reason"`` says otherwise."""
    row.refresh_from_db()
    data = {"version": str(row.version), "then": "next"}
    for document in row.documents.filter(status="Pending"):
        reason = chosen.get(document.kind, "")
        data[f"d{document.pk}-outcome"] = "reject" if reason else "verify"
        data[f"d{document.pk}-reason"] = reason
        data[f"d{document.pk}-note"] = "Looked twice."
    return data


@pytest.fixture
def dian() -> User:
    return r.approver()


@pytest.fixture
def browser(client_for: ClientFor, dian: User) -> Client:
    return client_for(dian)


def test_the_queue_shows_age_person_documents_and_who_works_on_it(browser: Client, dian: User) -> None:
    r.case(r.stranger("Ayu Lestari"), minutes=190, risk=40)
    taken = r.case(r.stranger("Budi Santoso"), minutes=20)
    claims.claim(actor=r.acting(dian), case_id=taken.public_id)
    text = browser.get("/review/").content.decode()
    assert "Ayu Lestari" in text
    assert "3\xa0hours" in text
    assert "Identity card, Selfie" in text
    assert text.index("Ayu Lestari") < text.index("Budi Santoso")
    assert "All (2)" in text
    assert "Mine (1)" in text
    assert "Flagged (1)" in text
    only_mine = browser.get("/review/?tab=mine").content.decode()
    assert "Budi Santoso" in only_mine
    assert "Ayu Lestari" not in only_mine


@pytest.mark.parametrize("query", ["?tab=nothing", "?cursor=x", "?tab=flagged", "?tab=mine&cursor=n1-1", "?tab=%00"])
def test_odd_addresses_of_the_queue(browser: Client, query: str) -> None:
    r.case()
    assert browser.get(f"/review/{query}").status_code == 200


def test_from_start_to_the_next_case_without_a_script(browser: Client, dian: User) -> None:
    first, second = r.case(minutes=90), r.case(minutes=5)
    started = browser.post("/review/start/")
    assert started["Location"] == url("case", first)
    page = browser.get(started["Location"]).content.decode()
    assert page.count('value="verify"') == 2

    sent = browser.post(url("decide", first), answers(first, selfie="face_not_visible"))

    assert sent["Location"] == url("case", second), "the next case opens by itself"
    assert list(first.documents.order_by("id").values_list("status", flat=True)) == ["Verified", "Rejected"]
    assert KycDecision.objects.first().note == "Looked twice."  # type: ignore[union-attr]
    second.refresh_from_db()
    assert second.claimed_by == dian

    stop = browser.post(url("decide", second), {**answers(second), "then": "stop"})
    assert stop["Location"] == "/review/"
    assert "the customer has been told" in browser.get("/review/").content.decode()


def test_start_with_an_empty_queue(browser: Client) -> None:
    assert browser.post("/review/start/")["Location"] == "/review/"
    assert "Nothing waits for you" in browser.get("/review/").content.decode()


def test_an_incomplete_decision_stores_nothing_and_keeps_what_was_filled_in(browser: Client) -> None:
    row = r.case(kinds=["identity"])
    browser.post("/review/start/")
    data = answers(row)
    field = f"d{row.documents.get().pk}"
    answer = browser.post(url("decide", row), {**data, f"{field}-outcome": "reject"})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "Choose what is wrong" in text
    assert "Looked twice." in text
    assert row.documents.get().status == "Pending"


@pytest.mark.parametrize(
    "change",
    [
        {"outcome": ""},
        {"outcome": "maybe"},
        {"outcome": "reject", "reason": "nothing_we_know"},
        {"outcome": "reject", "reason": "face_differs"},  # of a selfie, not of a card
        {"note": "x" * 1001},
    ],
)
def test_forms_nobody_would_send(browser: Client, change: dict[str, str]) -> None:
    row = r.case(kinds=["identity"])
    browser.post("/review/start/")
    field = f"d{row.documents.get().pk}"
    data = {**answers(row), **{f"{field}-{name}": value for name, value in change.items()}}
    assert browser.post(url("decide", row), data).status_code == 422
    assert not KycDecision.objects.exists()


@pytest.mark.parametrize("version", ["", "x", "-1", "99999999999999999999", "١"])
def test_a_version_nobody_was_given_is_stale(browser: Client, version: str) -> None:
    row = r.case()
    browser.post("/review/start/")
    answer = browser.post(url("decide", row), {**answers(row), "version": version})
    assert answer.status_code == 409
    assert "has changed since you opened the page" in answer.content.decode()
    assert not KycDecision.objects.exists()


def test_what_the_customer_will_read_in_both_languages_without_a_script(browser: Client) -> None:
    row = r.case(kinds=["identity"])
    browser.post("/review/start/")
    page = browser.post(url("decide", row), {**answers(row, identity="glare"), "then": "preview"}).content.decode()
    shown = re.search(r'<div class="told" data-told>(.*?)</div>', page, re.DOTALL)
    assert shown
    assert shown[1].count("blockquote") == 4
    assert "Light reflects on the document" in shown[1]
    assert not KycDecision.objects.exists()


def test_a_decision_too_late_is_explained_and_can_be_sent_again(browser: Client) -> None:
    row = r.case()
    browser.post("/review/start/")
    data = answers(row)
    r.lose_claim(row)
    answer = browser.post(url("decide", row), data)
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "Your time with this case ran out" in text
    assert "Looked twice." in text
    assert 'name="retake"' in text
    assert browser.post(url("decide", row), {**data, "retake": "1"}).status_code == 302
    row.refresh_from_db()
    assert row.state == KycCase.State.VERIFIED


def test_too_late_and_somebody_else_has_been_there(browser: Client) -> None:
    row = r.case()
    browser.post("/review/start/")
    data = answers(row)
    r.lose_claim(row)
    eko = r.acting(r.approver("Eko"))
    claims.start(actor=eko)
    answer = browser.post(url("decide", row), {**data, "retake": "1"})
    assert answer.status_code == 409
    assert "Eko is working on this case" in answer.content.decode()
    claims.release(actor=eko, case_id=row.public_id)
    assert browser.post(url("decide", row), {**data, "retake": "1"}).status_code == 409
    assert not KycDecision.objects.exists()


def test_a_lead_takes_over_and_the_other_page_learns_it(client_for: ClientFor, browser: Client) -> None:
    row = r.case()
    browser.post("/review/start/")
    lina = client_for(r.lead())
    assert "Take over" in lina.get(url("case", row)).content.decode()
    lina.post(url("take_over", row))
    assert "Lina has this case" in browser.get(url("case", row)).content.decode()
    assert browser.post(url("renew", row)).status_code == 409
    assert browser.post(url("decide", row), answers(row)).status_code == 409


def test_an_approver_cannot_take_over(client_for: ClientFor, browser: Client) -> None:
    row = r.case()
    claims.start(actor=r.acting(r.approver("Eko")))
    assert browser.post(url("take_over", row)).status_code == 404
    assert "Take over" not in browser.get(url("case", row)).content.decode()


def test_signs_of_life_keep_the_case(browser: Client) -> None:
    row = r.case()
    browser.post("/review/start/")
    KycCase.objects.update(claimed_until=clock.now() + timedelta(seconds=20))
    answer = browser.post(url("renew", row))
    assert answer.status_code == 200
    assert 'data-deadline="' in answer.content.decode()
    row.refresh_from_db()
    assert row.claimed_until is not None
    assert row.claimed_until > clock.now() + timedelta(minutes=14)


def test_a_case_is_given_back(browser: Client) -> None:
    row = r.case()
    browser.post("/review/start/")
    assert browser.post(url("release", row))["Location"] == "/review/"
    row.refresh_from_db()
    assert row.claimed_by is None


def test_a_page_of_a_document_is_marked_sealed_and_recorded(browser: Client, dian: User) -> None:
    row = r.case(kinds=["identity"], with_files=True)
    document = row.documents.get()
    answer = browser.get(f"{url('file', document)}?page=1")
    assert answer.status_code == 200
    assert answer["Content-Type"] in {"image/jpeg", "image/png"}
    assert answer.content != r.drawing(), "the reader's name is written across"
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox")
    entry = AuditEntry.objects.get(action="kyc_document.viewed")
    assert (entry.actor_label, entry.object_id) == (dian.email, str(document.public_id))
    assert entry.after == {"what": "page 1"}


@pytest.mark.parametrize("page", ["0", "2", "x", "", "-1", "99999999999", "١"])
def test_pages_that_are_not_there(browser: Client, page: str) -> None:
    document = r.case(kinds=["identity"], with_files=True).documents.get()
    assert browser.get(f"{url('file', document)}?page={page}").status_code == 404
    assert not AuditEntry.objects.filter(action="kyc_document.viewed").exists()


def test_a_lost_file_is_not_a_fault_of_ours(browser: Client) -> None:
    document = r.case(kinds=["identity"]).documents.get()
    assert browser.get(url("file", document)).status_code == 404


def test_the_identity_number_is_shown_on_request_and_that_is_recorded(browser: Client) -> None:
    row = r.case(number=r.NIK, birth_date=r.BORN)
    page = browser.get(url("case", row)).content.decode()
    assert r.NIK not in page
    assert "a man, born 17 August 1990, registered in Jawa Barat" in page
    assert r.NIK in browser.post(url("number", row)).content.decode()
    assert r.NIK in browser.post(url("number", row), headers={"HX-Request": "true"}).content.decode()
    assert AuditEntry.objects.filter(action="kyc_case.number_viewed").count() == 2


def test_the_number_never_stands_in_the_record(browser: Client) -> None:
    row = r.case(number=r.NIK)
    browser.post("/review/start/")
    browser.post(url("number", row))
    browser.post(url("decide", row), answers(row))
    for entry in AuditEntry.objects.all():
        assert r.NIK not in f"{entry.before}{entry.after}{entry.object_label}"


def test_doubts_link_to_the_other_account(browser: Client) -> None:
    other = r.case(r.stranger("Budi Santoso"), number=r.NIK)
    row = r.case(number=r.NIK)
    page = browser.get(url("case", row)).content.decode()
    assert "used by another account" in page
    assert url("case", other) in page


@pytest.fixture
def two_needed(settings: Any) -> None:
    settings.KYC_SECOND_REVIEW_PERCENT = 100


def test_the_second_reviewer_sees_nothing_of_the_first(
    client_for: ClientFor, browser: Client, two_needed: None
) -> None:
    row = r.case(kinds=["identity"])
    browser.post("/review/start/")
    browser.post(url("decide", row), answers(row, identity="altered"))
    eko = client_for(r.approver("Eko"))
    eko.post("/review/start/")
    page = eko.get(url("case", row)).content.decode()
    assert "Second review" in page
    for trace in ("Looked twice.", "Dian", "selected", "checked"):
        assert trace not in page, trace
    lina = client_for(r.lead())
    for path in (url("case", row), "/review/done/", "/review/", "/review/overview/"):
        text = lina.get(path).content.decode()
        assert "Looked twice." not in text, path
        assert "Dian" not in text, path


def test_a_lead_sees_both_opinions_when_they_differ(client_for: ClientFor, browser: Client, two_needed: None) -> None:
    row = r.case(kinds=["identity"])
    browser.post("/review/start/")
    browser.post(url("decide", row), answers(row, identity="altered"))
    eko = client_for(r.approver("Eko"))
    eko.post("/review/start/")
    eko.post(url("decide", row), answers(row))
    assert "What the two reviewers said" not in eko.get(url("case", row)).content.decode()
    page = client_for(r.lead()).get(url("case", row)).content.decode()
    assert "What the two reviewers said" in page
    assert "Dian" in page
    assert "Eko" in page


def test_attempts_stand_side_by_side(browser: Client) -> None:
    ayu = r.stranger("Ayu")
    first = r.case(ayu, kinds=["identity"], full_name="Ayu Lestary")
    browser.post("/review/start/")
    browser.post(url("decide", first), answers(first, identity="blurred"))
    second = r.case(ayu, kinds=["identity"], full_name="Ayu Lestari")
    page = browser.get(url("case", second)).content.decode()
    assert "Attempts side by side" in page
    assert "Ayu Lestary" in page
    assert "The picture is blurred" in page
    assert "Looked twice." in page


def test_a_decided_case_is_only_read(browser: Client) -> None:
    row = r.case(kinds=["identity"])
    browser.post("/review/start/")
    data = answers(row)
    browser.post(url("decide", row), data)
    page = browser.get(url("case", row)).content.decode()
    assert "Your decision" not in page
    assert browser.post(url("decide", row), data).status_code == 422
    assert browser.post(url("claim", row))["Location"] == url("case", row)
    row.refresh_from_db()
    assert row.claimed_by is None


def test_strange_views_of_the_documents(browser: Client) -> None:
    row = r.case()
    for query in ("?document=x", "?document=%00", "?page=99", "?page=x", "?compare=1", "?compare=1&page=0"):
        assert browser.get(f"{url('case', row)}{query}").status_code == 200, query
    assert browser.get(f"{url('case', row)}?compare=1").content.decode().count('<img class="sheet-image" src=') == 2


@pytest.mark.parametrize(
    ("role", "look", "decide", "file", "overview"),
    [
        (Role.APPROVER, 200, 302, 200, 200),
        (Role.COMPANY_ADMIN, 200, 302, 200, 200),
        (Role.SUPER_ADMIN, 200, 302, 200, 200),
        (Role.AUDITOR, 200, 404, 404, 200),
        (Role.SUPPORT, 404, 404, 404, 404),
    ],
)
def test_who_may(client_for: ClientFor, role: str, look: int, decide: int, file: int, overview: int) -> None:
    row = r.case(with_files=True)
    browser = client_for(r.person("Sari", role))
    document = row.documents.first()
    assert document is not None
    assert browser.get("/review/").status_code == look
    assert browser.get(url("case", row)).status_code == look
    assert browser.get("/review/done/").status_code == look
    assert browser.get("/review/overview/").status_code == overview
    assert browser.get(url("file", document)).status_code == file
    assert browser.post(url("number", row)).status_code == file
    for name in ("claim", "release"):
        assert browser.post(url(name, row)).status_code == decide, name
    assert browser.post("/review/start/").status_code == decide


def test_customers_and_strangers_find_nothing(client_for: ClientFor) -> None:
    row = r.case(with_files=True)
    customer = client_for(row.customer.user)
    document = row.documents.first()
    assert document is not None
    for path in ("/review/", url("case", row), url("file", document), "/review/overview/", "/review/done/"):
        assert customer.get(path).status_code == 404, path
        assert Client().get(path).status_code == 302, path


def test_an_auditor_sees_no_door_that_is_closed(client_for: ClientFor) -> None:
    row = r.case(number=r.NIK)
    page = client_for(r.person("Sari", Role.AUDITOR)).get(url("case", row)).content.decode()
    for word in ("Take this case", "sheet-image", "review/files", "Your decision", "born"):
        assert word not in page, word


def test_the_own_case_does_not_exist(browser: Client, dian: User) -> None:
    row = r.case(Customer.objects.create(user=dian), with_files=True)
    document = row.documents.first()
    assert document is not None
    assert browser.get(url("case", row)).status_code == 404
    assert browser.get(url("file", document)).status_code == 404
    for name in ("claim", "decide", "number", "release"):
        assert browser.post(url(name, row)).status_code == 404, name


@pytest.mark.parametrize("name", ["case", "file", "decide", "claim", "release", "take_over", "allow_retry", "number"])
def test_unknown_ids(client_for: ClientFor, name: str) -> None:
    address = reverse(f"review:{name}", args=["00000000-0000-4000-8000-000000000000"])
    browser = client_for(r.lead())
    assert (browser.get if name in {"case", "file"} else browser.post)(address).status_code == 404


def test_the_queue_costs_the_same_for_one_and_for_many(browser: Client, django_assert_num_queries: Any) -> None:
    r.case()
    _constant(browser, "/review/", r.case, django_assert_num_queries)


def test_a_case_costs_the_same_with_many_documents_and_attempts(
    browser: Client, django_assert_num_queries: Any
) -> None:
    ayu = r.stranger()
    row = r.case(ayu, number=r.NIK)
    r.case(number=r.NIK)

    def grow() -> None:
        r.document(row, "business")
        r.case(number=r.NIK)
        old = r.case(ayu, state=KycCase.State.REJECTED, decided_at=clock.now())
        dian = User.objects.get(email="dian@example.id")
        for document in old.documents.all():
            KycDecision.objects.create(document=document, reviewer=dian, verified=False, reason_code="blurred")

    grow()
    _constant(browser, url("case", row), grow, django_assert_num_queries)


def _constant(browser: Client, path: str, grow: Callable[[], object], count: Any) -> None:
    browser.get(path)
    with CaptureQueriesContext(connection) as before:
        browser.get(path)
    for _ in range(4):
        grow()
    with count(len(before)):
        browser.get(path)
