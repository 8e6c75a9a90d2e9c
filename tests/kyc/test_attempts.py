"""Earlier attempts beside the present one, and a final refusal that is taken back."""

import re
from collections.abc import Callable
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image

from accounts.models import AuditEntry, Customer, Role, User
from config.lib import clock
from kyc.files import store
from kyc.models import KycCase, KycDocument
from kyc.reasons import REASONS
from kyc.selectors import cases
from kyc.selectors import documents as selectors
from kyc.services import claims, decisions
from kyc.services.decisions import Verdict
from tests.kyc import reviewing as r

pytestmark = pytest.mark.django_db
ClientFor = Callable[[User], Client]
SAME = "5" * 64


def url(name: str, row: KycCase | KycDocument) -> str:
    return reverse(f"review:{name}", args=[row.public_id])


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def refused(customer: Customer, **more: Any) -> KycCase:
    row = r.case(customer, state=KycCase.State.REJECTED, decided_at=clock.now(), **more)
    row.documents.update(status="Rejected", reason="The picture is blurred.", reason_code="blurred")
    return row


def refused_for_good(customer: Customer, reason: str = "altered") -> KycCase:
    row = r.case(customer, kinds=["identity", "selfie"])
    dian = r.acting(r.approver())
    taken = claims.claim(actor=dian, case_id=row.public_id)
    verdicts = [r.refused(row, reason)[0], r.refused(row, "blurred")[1]]
    return decisions.decide(actor=dian, case_id=row.public_id, verdicts=verdicts, version=taken.version)


@pytest.fixture
def dian(client_for: ClientFor) -> Client:
    return client_for(r.approver())


def settle(row: KycCase, *reasons: str) -> str:
    """Decide the documents one by one ("" accepts), as a program does; the last letter."""
    eko = r.acting(r.approver("Eko"))
    for document, reason in zip(row.documents.order_by("id"), reasons, strict=True):
        verdict = Verdict(document_id=document.public_id, verified=not reason, reason_code=reason)
        decisions.review_document(actor=eko, verdict=verdict)
    letter = r.letters()[-1]
    return f"{letter['subject']} {letter.get_content()}"


@pytest.fixture
def lina(client_for: ClientFor) -> Client:
    return client_for(r.lead())


def test_what_changed_is_marked_old_and_new(dian: Client) -> None:
    ayu = r.stranger()
    refused(ayu, full_name="Ayu L.", birth_date=date(1990, 8, 16), address="Jl. Mawar 1", number=r.NIK)
    row = r.case(ayu, full_name="Ayu <b>", birth_date=r.BORN, address="Jl. Mawar 1", number="A1234567")
    page = dian.get(url("case", row))
    text = text_of(page)
    assert "What changed since attempt 1" in text
    assert re.search(r"Name Ayu L\. .*?Ayu &lt;b&gt; Date of birth 16 August 1990 .*?17 August 1990", text)
    assert "Address the same" in text
    assert "Identity number another one" in text
    assert r.NIK not in text


def test_documents_of_all_attempts_stand_beside_each_other(dian: Client) -> None:
    ayu = r.stranger()
    first = refused(ayu, sha256=SAME, with_files=True)
    second = refused(ayu, with_files=True)
    second.documents.filter(kind="identity").update(sha256=SAME)
    third = r.case(ayu, kinds=["identity"], with_files=True)
    shelves = cases.shelves(cases.attempts(third))
    found = {str(shelf.kind): [(one.attempt.attempt, one.is_same) for one in shelf.exhibits] for shelf in shelves}
    assert found == {"identity": [(3, False), (2, True), (1, None)], "selfie": [(2, False), (1, None)]}
    page = dian.get(url("case", third))
    for row in (first, second, third):
        for document in row.documents.all():
            assert f'src="{url("file", document)}?size=small"' in page.content.decode()
    assert "same file" in text_of(page)
    assert "new file" in text_of(page)


def test_a_small_picture_is_recorded_marked_and_for_readers_of_files_only(dian: Client, client_for: ClientFor) -> None:
    document = r.document(r.case(kinds=[]), with_file=True)
    small = BytesIO()
    Image.new("RGB", (480, 300), (200, 200, 55)).save(small, "JPEG")
    KycDocument.objects.filter(pk=document.pk).update(thumbnail_as=store.put(small.getvalue(), document.public_id))
    path = f"{url('file', document)}?size=small"
    answer = dian.get(path)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    with Image.open(BytesIO(answer.content)) as picture:
        assert picture.size == (480, 300)
        assert len(picture.getcolors(100_000) or []) > 1, "nothing is written across it"
    assert AuditEntry.objects.get(action="kyc_document.viewed").after == {"what": "thumbnail"}
    for who in (r.person("Sari", Role.AUDITOR), document.customer.user):
        assert client_for(who).get(path).status_code == 404
    assert AuditEntry.objects.filter(action="kyc_document.viewed").count() == 1


def test_an_auditor_sees_changes_but_no_pictures(client_for: ClientFor) -> None:
    ayu = r.stranger()
    refused(ayu, full_name="Ayu L.")
    page = client_for(r.person("Sari", Role.AUDITOR)).get(url("case", r.case(ayu, full_name="Ayu Lestari")))
    assert "Ayu L." in text_of(page)
    assert "review/files" not in page.content.decode()


def test_a_lead_takes_a_final_refusal_back(lina: Client) -> None:
    row = refused_for_good(r.stranger())
    assert selectors.is_final(selectors.history_of(row.customer))
    page = lina.get(url("case", row)).content.decode()
    assert "Let them try again" in page
    assert "data-confirm" in page
    answer = lina.post(url("allow_retry", row), follow=True)
    assert "Taken back" in text_of(answer)
    assert "Let them try again" not in answer.content.decode()
    document = row.documents.get(kind="identity")
    assert (document.status, document.may_retry) == ("Rejected", True)
    assert "does not help" not in document.reason
    assert REASONS["altered"].may_retry is False
    assert "does not help" in document.decisions.get().reason, "what the reviewer decided stays as it was"
    assert not selectors.is_final(selectors.history_of(row.customer))
    entry = AuditEntry.objects.get(action="customer.identity_retry_allowed")
    assert entry.after == {"documents": 1}
    assert "send your documents again" in r.letters()[-1].get_content()
    before = len(r.letters())
    assert "Nothing of this customer" in text_of(lina.post(url("allow_retry", row), follow=True))
    assert len(r.letters()) == before


def test_only_a_lead_takes_it_back(client_for: ClientFor) -> None:
    row = refused_for_good(r.stranger())
    for who in (User.objects.get(email="dian@example.id"), r.person("Sari", Role.AUDITOR), row.customer.user):
        browser = client_for(who)
        assert browser.post(url("allow_retry", row)).status_code == 404
        page = browser.get(url("case", row))
        assert "Let them try again" not in page.content.decode()
    assert Client().post(url("allow_retry", row)).status_code == 302
    assert row.documents.filter(may_retry=False).exists()


def test_nobody_takes_their_own_back(client_for: ClientFor) -> None:
    lina = r.lead()
    row = refused_for_good(Customer.objects.create(user=lina))
    assert client_for(lina).post(url("allow_retry", row)).status_code == 404
    assert row.documents.filter(may_retry=False).exists()


def test_an_accepted_card_beside_a_refused_selfie_is_told_as_it_is(client_for: ClientFor) -> None:
    ayu = r.stranger("Ayu", language="en")
    letter = settle(r.case(ayu), "", "face_not_visible")
    assert "was not accepted" in letter
    assert "send these again: Identity card, Selfie" in letter
    ayu.refresh_from_db()
    assert (ayu.kyc_status, ayu.is_verified) == ("Verified", False)
    text = text_of(client_for(ayu.user).get("/identity/"))
    assert "We could not verify you yet" in text
    assert "One part was accepted, another was not" in text
    assert "Please send again: Identity card, Selfie ." in text
    assert "Identity card Accepted" in text
    assert "Basic you, now" in text


def test_the_letter_about_the_last_document_knows_of_the_first() -> None:
    letter = settle(r.case(r.stranger("Ayu", language="en")), "blurred", "")
    assert letter.startswith("A document of yours was accepted")
    assert "your account is not verified yet" in letter
    assert "You are verified" not in letter


def test_one_final_refusal_makes_the_letter_final() -> None:
    letter = settle(r.case(r.stranger("Ayu", language="en")), "altered", "blurred")
    assert "does not help" in letter
    assert "Upload better documents" not in letter


def test_while_others_wait_nothing_is_asked_for() -> None:
    row = r.case(r.stranger("Ayu", language="en"))
    letter = settle_first(row)
    assert "still looking at the others" in letter
    assert "Upload better documents" not in letter


def settle_first(row: KycCase) -> str:
    verdict = Verdict(document_id=row.documents.order_by("id")[0].public_id, verified=False, reason_code="blurred")
    decisions.review_document(actor=r.acting(r.approver("Eko")), verdict=verdict)
    return str(r.letters()[-1].get_content())


@pytest.mark.parametrize(
    ("status", "verified", "said", "level"),
    [
        ("Verified", False, "Partly accepted", "basic"),
        ("Verified", True, "Verified", "verified"),
        ("None", False, "Not verified", "basic"),
        ("Rejected", False, "Not accepted", "basic"),
    ],
)
def test_staff_read_the_level_besides(
    client_for: ClientFor, status: str, verified: bool, said: str, level: str
) -> None:
    ayu = r.stranger()
    Customer.objects.filter(pk=ayu.pk).update(kyc_status=status, is_verified=verified)
    browser = client_for(r.lead())
    for path in (f"/staff/customers/?q={ayu.public_id}", f"/staff/customers/{ayu.public_id}/"):
        text = text_of(browser.get(path))
        assert said in text
        assert f"Level: {level}" in text
        assert ("Partly accepted" in text) is (said == "Partly accepted")


def test_from_a_customer_to_their_case(client_for: ClientFor) -> None:
    row = refused(r.stranger())
    path = f"/staff/customers/{row.customer.public_id}/"
    assert url("case", row) in client_for(r.lead()).get(path).content.decode()
    assert url("case", row) not in client_for(r.person("Sari", Role.SUPPORT)).get(path).content.decode()
