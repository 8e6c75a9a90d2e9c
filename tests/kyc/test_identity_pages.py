"""The customer's pages, as a browser without JavaScript sees them; and what the script asks for."""

import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from accounts.access.actors import Actor
from accounts.models import AuditEntry, Customer, User
from config.lib import clock
from kyc.files import identity
from kyc.models import KycCase, KycDocument
from kyc.services import standing, submission
from tests.kyc import samples

STATUS, UPLOAD, ADD = "/identity/", "/identity/upload/", "/identity/documents/"
DETAILS = {
    "full_name": "Ayu Lestari",
    "birth_date": "1990-08-17",
    "identity_number": "3204 1017 0890 0003",
    "address": "Jl. Mawar 1, Bandung",
}

SignIn = Callable[[User | Customer], Client]


@pytest.fixture
def browser(customer: Customer, client_for: SignIn) -> Client:
    return client_for(customer)


def papers(*kinds: str) -> dict[str, Any]:
    pictures = {"identity": samples.jpeg(), "selfie": samples.png(), "address": samples.pdf(2)}
    return {f"file_{kind}": samples.sent(pictures[kind], f"{kind}.bin") for kind in kinds}


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


@pytest.mark.parametrize("path", [STATUS, UPLOAD, ADD])
def test_whose_pages_these_are(path: str, staff_user: User, client_for: SignIn) -> None:
    asked = Client().get(path) if path != ADD else Client().post(path)
    assert asked.status_code == 302
    assert "/account/login/" in asked["Location"]
    desk = client_for(staff_user)
    assert (desk.get(path) if path != ADD else desk.post(path)).status_code == 404


def test_from_nothing_to_handed_in(browser: Client, customer: Customer) -> None:
    first = browser.get(STATUS)
    assert "Identity card" in text_of(first)
    assert "Rp2.000.000" in text_of(first)
    assert "Rp20.000.000" in text_of(first)
    answer = browser.post(UPLOAD, {**DETAILS, **papers("identity", "selfie", "address")})
    assert answer.status_code == 302, text_of(answer)
    case = KycCase.objects.get()
    assert case.submitted_at
    assert (case.full_name, str(case.birth_date), case.attempt) == ("Ayu Lestari", "1990-08-17", 1)
    assert identity.number_of(case) == "3204101708900003"
    assert sorted(case.documents.values_list("kind", flat=True)) == ["address", "identity", "selfie"]
    customer.refresh_from_db()
    assert customer.kyc_status == "Pending"
    after = browser.get(STATUS)
    assert "We are looking at your documents" in text_of(after)
    assert browser.get(UPLOAD).status_code == 302


def test_the_number_is_never_shown_again(browser: Client) -> None:
    browser.post(UPLOAD, {**DETAILS, **papers("identity"), "later": "1"})
    page = browser.get(UPLOAD)
    assert "3204101708900003" not in page.content.decode()
    assert "3204 1017" not in page.content.decode()
    assert "Already stored" in text_of(page)
    answer = browser.post(UPLOAD, {**DETAILS, "identity_number": "", **papers("selfie")})
    assert answer.status_code == 302
    assert identity.number_of(KycCase.objects.get()) == "3204101708900003"


def test_what_is_missing_is_said_and_the_rest_is_kept(browser: Client) -> None:
    answer = browser.post(UPLOAD, {**DETAILS, **papers("identity")})
    assert answer.status_code == 422
    assert "Selfie : Add this document." in text_of(answer)
    case = KycCase.objects.get()
    assert case.submitted_at is None
    assert case.documents.count() == 1
    assert "You have begun" in text_of(browser.get(STATUS))
    assert browser.post(UPLOAD, {**DETAILS, **papers("selfie")}).status_code == 302


def test_one_bad_file_does_not_cost_the_good_one(browser: Client) -> None:
    files = {**papers("identity"), "file_selfie": samples.sent(samples.EICAR, "virus.jpg")}
    answer = browser.post(UPLOAD, {**DETAILS, **files})
    assert answer.status_code == 422
    assert "virus.jpg: Only PDF, PNG and JPEG files are taken." in text_of(answer)
    assert KycDocument.objects.get().kind == "identity"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("full_name", "", "required"),
        ("full_name", "12345", "letters"),
        ("full_name", "x" * 201, "200"),
        ("full_name", "a\x00b", "Null"),
        ("birth_date", "2999-01-01", "cannot be"),
        ("birth_date", "1800-01-01", "cannot be"),
        ("birth_date", "2015-01-01", "17 years"),
        ("birth_date", "yesterday", "valid date"),
        ("identity_number", "", "number of your identity card"),
        ("identity_number", "12", "5 to 30"),
        ("identity_number", "320410170890000", "16 digits"),
        ("address", "", "required"),
    ],
)
def test_details_that_cannot_be(field: str, value: str, words: str, browser: Client) -> None:
    answer = browser.post(UPLOAD, {**DETAILS, field: value})
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert not KycCase.objects.exclude(submitted_at=None).exists()


def test_what_the_page_does_not_ask_is_not_taken(browser: Client, other_customer: Customer) -> None:
    more = {"state": "verified", "risk": "0", "customer": other_customer.pk, "attempt": "9", "identity_hash": "x"}
    browser.post(UPLOAD, {**DETAILS, **papers("identity", "selfie"), **more})
    case = KycCase.objects.get()
    assert (case.state, case.attempt) == ("open", 1)
    assert case.customer != other_customer
    assert case.identity_hash != "x"


def test_files_ahead_of_the_form(browser: Client) -> None:
    answer = browser.post(ADD, {"kind": "identity", "file": samples.sent(samples.jpeg(), "ktp.jpg")})
    assert answer.status_code == 200
    assert answer.content.decode().strip().startswith("<section")
    assert "ktp.jpg" in text_of(answer)
    bad = browser.post(ADD, {"kind": "selfie", "file": samples.sent(samples.EICAR, "x.jpg")})
    assert bad.status_code == 422
    assert "Only PDF, PNG and JPEG files are taken." in text_of(bad)
    assert browser.post(ADD, {"kind": "other", "file": samples.sent(samples.png())}).status_code == 400
    assert browser.post(ADD, {"kind": "selfie"}).status_code == 422


def test_the_same_picture_is_no_selfie(browser: Client) -> None:
    browser.post(ADD, {"kind": "identity", "file": samples.sent(samples.jpeg())})
    answer = browser.post(ADD, {"kind": "selfie", "file": samples.sent(samples.jpeg())})
    assert answer.status_code == 422
    assert "same file as your" in text_of(answer)


@pytest.mark.parametrize("way", ["script", "form"])
def test_take_one_back(
    way: str, browser: Client, private_folder: Path, django_capture_on_commit_callbacks: Any
) -> None:
    browser.post(ADD, {"kind": "identity", "file": samples.sent(samples.jpeg())})
    document = KycDocument.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        if way == "script":
            answer = browser.post(reverse("identity:remove", args=[document.public_id]))
        else:
            answer = browser.post(UPLOAD, {**DETAILS, "remove": str(document.public_id)})
            assert "Jl. Mawar 1" in answer.content.decode()
    assert answer.status_code == 200
    assert not KycDocument.objects.exists()
    assert not [path for path in private_folder.rglob("*") if path.is_file()]


def test_nothing_goes_back_once_it_is_handed_in(browser: Client) -> None:
    browser.post(UPLOAD, {**DETAILS, **papers("identity", "selfie")})
    for document in KycDocument.objects.all():
        assert browser.post(reverse("identity:remove", args=[document.public_id])).status_code in {204, 422}
    assert KycDocument.objects.count() == 2
    late = browser.post(ADD, {"kind": "address", "file": samples.sent(samples.pdf())})
    assert late.status_code == 422
    assert "handed in already" in text_of(late)


@pytest.mark.parametrize("bad", ["not-a-uuid", "", "1", "00000000-0000-4000-8000-000000000000"])
def test_removing_what_is_not_there(bad: str, browser: Client) -> None:
    assert browser.post(UPLOAD, {**DETAILS, "remove": bad}).status_code == 200


@pytest.mark.parametrize("name", ["identity:thumbnail", "identity:download"])
def test_own_files_only(name: str, browser: Client, other_customer: Customer, client_for: SignIn) -> None:
    browser.post(ADD, {"kind": "identity", "file": samples.sent(samples.jpeg(), "ktp saya.jpg")})
    document = KycDocument.objects.get()
    path = reverse(name, args=[document.public_id])
    answer = browser.get(path)
    assert answer.status_code == 200
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "no-store"
    assert AuditEntry.objects.filter(action="kyc_document.viewed", object_id=str(document.public_id)).count() == 1
    assert client_for(other_customer).get(path).status_code == 404
    assert client_for(other_customer).post(reverse("identity:remove", args=[document.public_id])).status_code == 404
    assert Client().get(path).status_code == 302
    assert KycDocument.objects.exists()


def test_a_file_that_is_lost_is_not_found(browser: Client, private_folder: Path) -> None:
    browser.post(ADD, {"kind": "identity", "file": samples.sent(samples.jpeg())})
    for path in private_folder.rglob("*"):
        if path.is_file():
            path.write_bytes(b"broken")
    assert browser.get(reverse("identity:download", args=[KycDocument.objects.get().public_id])).status_code == 404


def handed_in(customer: Customer, ayu: Actor, number: int = 0) -> KycCase:
    files = {"identity": samples.jpeg(), "selfie": samples.png() + str(number).encode()}
    for kind, content in files.items():
        submission.add_document(actor=ayu, customer=customer, file=samples.sent(content), kind=KycDocument.Kind(kind))
    submission.describe(
        actor=ayu,
        customer=customer,
        full_name="Ayu",
        birth_date=clock.now().date().replace(year=1990, day=1),
        identity_number="A1234567",
        address="Jl. Mawar 1",
    )
    return submission.submit(actor=ayu, customer=customer)


def refuse(case: KycCase, reason: str, *, may_retry: bool = True) -> None:
    case.documents.update(status="Rejected", reason=reason, may_retry=may_retry)
    KycCase.objects.filter(pk=case.pk).update(state="rejected", decided_at=clock.now())
    standing.refresh(case.customer)


def test_a_refusal_in_words_and_another_try(browser: Client, customer: Customer, ayu: Actor) -> None:
    refuse(handed_in(customer, ayu), "The picture is blurred <b>.")
    page = browser.get(STATUS)
    assert "The picture is blurred &lt;b&gt;." in page.content.decode()
    assert "#slot-identity" in page.content.decode()
    form = browser.get(UPLOAD)
    assert form.status_code == 200
    assert "Jl. Mawar 1" in form.content.decode()
    second = handed_in(customer, ayu, 1)
    assert second.attempt == 2
    assert second.full_name == "Ayu"
    refuse(second, "Again blurred.")
    page = browser.get(STATUS)
    assert "Earlier attempts" in text_of(page)
    assert "Attempt 1" in text_of(page)


def test_a_final_refusal_takes_no_more(browser: Client, customer: Customer, ayu: Actor) -> None:
    refuse(handed_in(customer, ayu), "Not genuine.", may_retry=False)
    page = browser.get(STATUS)
    assert "We cannot verify you" in text_of(page)
    assert UPLOAD not in page.content.decode()
    assert browser.get(UPLOAD).status_code == 302
    assert browser.post(ADD, {"kind": "identity", "file": samples.sent(samples.png())}).status_code == 422
    call_command("allow_identity_retry", customer.user.email, stdout=StringIO())
    assert browser.get(UPLOAD).status_code == 200
    assert AuditEntry.objects.filter(action="customer.identity_retry_allowed").count() == 1
    with pytest.raises(CommandError):
        call_command("allow_identity_retry", "nobody@example.id")


def test_a_verified_customer_has_nothing_to_do(browser: Client, customer: Customer, ayu: Actor) -> None:
    case = handed_in(customer, ayu)
    case.documents.update(status="Verified")
    KycCase.objects.filter(pk=case.pk).update(state="verified")
    standing.refresh(customer)
    assert "Your identity is verified" in text_of(browser.get(STATUS))
    assert browser.get(UPLOAD).status_code == 302


def test_a_forged_form_is_refused(customer: Customer) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(customer.user)
    assert strict.post(UPLOAD, DETAILS).status_code == 403
    assert strict.post(ADD, {"kind": "identity", "file": samples.sent(samples.png())}).status_code == 403


def test_a_request_too_large_is_told_in_a_page(browser: Client) -> None:
    answer = browser.post(ADD, {"kind": "identity", "file": samples.sent(bytes(6 * 1024 * 1024))})
    assert answer.status_code == 413
    assert "too large" in text_of(answer)


@pytest.mark.parametrize("language", ["en", "id"])
@pytest.mark.parametrize("path", [STATUS, UPLOAD])
def test_both_languages(path: str, language: str, browser: Client) -> None:
    assert browser.get(path, headers={"Accept-Language": language}).status_code == 200


def test_pages_cost_few_queries(
    browser: Client, customer: Customer, ayu: Actor, django_assert_max_num_queries: Any
) -> None:
    for number in range(3):
        refuse(handed_in(customer, ayu, number), "Blurred.")
    browser.get(STATUS)
    with django_assert_max_num_queries(12):
        browser.get(STATUS)


def test_an_empty_form(browser: Client) -> None:
    answer = browser.post(UPLOAD)
    assert answer.status_code == 422
    assert "required" in text_of(answer)
