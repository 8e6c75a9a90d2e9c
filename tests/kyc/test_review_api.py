"""The reviewers' two operations, as a program calls them (TeraPay contract, KycAdmin)."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry, Role, User
from kyc.models import KycDocument
from kyc.services import claims
from tests.kyc import reviewing as r

pytestmark = pytest.mark.django_db

ClientFor = Callable[[User], Client]


def put(client: Client, document: KycDocument | uuid.UUID | str, **body: Any) -> Any:
    key = document.public_id if isinstance(document, KycDocument) else document
    return client.put(f"/api/kyc-admin/{key}/status", body, content_type="application/json")


def test_verified(client_for: ClientFor) -> None:
    dian = r.approver()
    document = r.case(kinds=["identity"]).documents.get()
    answer = put(client_for(dian), document, newStatus="Verified")
    assert answer.status_code == 200, answer.content
    body = answer.json()
    document.refresh_from_db()
    assert (document.status, document.reviewed_by) == ("Verified", dian)
    assert body["documentId"] == str(document.public_id)
    assert (body["status"], body["reason"], body["reviewedBy"]) == ("Verified", None, dian.email)
    assert body["reviewedAt"]
    assert AuditEntry.objects.filter(action="kyc_document.verified", via="api").exists()


def test_rejected_with_words_the_customer_reads(client_for: ClientFor) -> None:
    document = r.case(kinds=["identity"]).documents.get()
    answer = put(client_for(r.approver()), document, newStatus="Rejected", reason=" Please send the front side. ")
    assert answer.status_code == 200
    document.refresh_from_db()
    assert (document.status, document.reason) == ("Rejected", "Please send the front side.")
    assert answer.json()["reason"] == "Please send the front side."
    assert "Please send the front side." in r.letters()[0].get_content()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"newStatus": ""},
        {"newStatus": "Pending"},
        {"newStatus": "verified"},
        {"newStatus": None},
        {"newStatus": "Rejected"},
        {"newStatus": "Rejected", "reason": None},
        {"newStatus": "Rejected", "reason": "   "},
        {"newStatus": "Rejected", "reason": "x" * 501},
        {"newStatus": "Rejected", "reason": 7},
    ],
)
def test_bad_requests(client_for: ClientFor, body: dict[str, Any]) -> None:
    document = r.case(kinds=["identity"]).documents.get()
    answer = put(client_for(r.approver()), document, **body)
    assert answer.status_code == 400
    assert answer.json()["errors"]
    document.refresh_from_db()
    assert document.status == "Pending"


def test_what_is_decided_stays_decided(client_for: ClientFor) -> None:
    document = r.case(kinds=["identity"]).documents.get()
    client = client_for(r.approver())
    put(client, document, newStatus="Verified")
    answer = put(client, document, newStatus="Rejected", reason="No.")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_pending")


def test_a_case_somebody_works_on_is_left_alone(client_for: ClientFor) -> None:
    row = r.case(kinds=["identity"])
    eko = r.approver("Eko")
    claims.start(actor=r.acting(r.approver("Dian")))
    answer = put(client_for(eko), row.documents.get(), newStatus="Verified")
    assert (answer.status_code, answer.json()["code"]) == (409, "claimed")
    assert "Dian" in answer.json()["detail"]
    r.lose_claim(row)
    assert put(client_for(eko), row.documents.get(), newStatus="Verified").status_code == 200


@pytest.mark.parametrize("key", ["00000000-0000-4000-8000-000000000000", "not-a-uuid", "1"])
def test_unknown_documents_are_not_found(client_for: ClientFor, key: Any) -> None:
    assert put(client_for(r.approver()), key, newStatus="Verified").status_code == 404


def test_drafts_cannot_be_decided(client_for: ClientFor) -> None:
    draft = r.case(submitted_at=None).documents.first()
    assert draft is not None
    assert put(client_for(r.approver()), draft, newStatus="Verified").status_code == 404


@pytest.mark.parametrize(
    ("role", "look", "decide"),
    [
        (Role.APPROVER, 200, 200),
        (Role.COMPANY_ADMIN, 200, 200),
        (Role.AUDITOR, 200, 403),
        (Role.SUPPORT, 403, 403),
    ],
)
def test_who_may(client_for: ClientFor, role: str, look: int, decide: int) -> None:
    client = client_for(r.person("Sari", role))
    document = r.case(kinds=["identity"]).documents.get()
    assert client.get("/api/kyc-admin/pending").status_code == look
    assert put(client, document, newStatus="Verified").status_code == decide


def test_strangers_and_customers_are_kept_out(client_for: ClientFor) -> None:
    document = r.case(kinds=["identity"]).documents.get()
    assert Client().get("/api/kyc-admin/pending").status_code == 401
    assert put(Client(), document, newStatus="Verified").status_code == 401
    assert put(client_for(document.customer.user), document, newStatus="Verified").status_code == 403


def test_a_session_needs_its_token_against_forged_requests() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(r.approver())
    document = r.case(kinds=["identity"]).documents.get()
    assert put(client, document, newStatus="Verified").status_code == 403


def test_the_list_has_what_the_contract_names(client_for: ClientFor) -> None:
    row = r.case(r.stranger("Ayu Lestari"), kinds=["identity"])
    answer = client_for(r.approver()).get("/api/kyc-admin/pending")
    assert answer["X-Total-Count"] == "1"
    (item,) = answer.json()
    assert item["documentId"] == str(row.documents.get().public_id)
    assert item["customerId"] == str(row.customer.public_id)
    assert item["customerEmail"] == row.customer.user.email
    assert item["customerName"] == "Ayu Lestari"
    assert (item["fileName"], item["contentType"], item["status"]) == ("identity.png", "image/png", "Pending")
    assert item["size"] > 0
    assert item["uploadedAt"].endswith("Z")


def test_the_list_is_cut_into_pages(client_for: ClientFor, django_assert_max_num_queries: Any) -> None:
    for _ in range(3):
        r.case()
    client = client_for(r.approver())
    with django_assert_max_num_queries(9):
        first = client.get("/api/kyc-admin/pending?pageSize=4")
    second = client.get("/api/kyc-admin/pending?pageSize=4&page=2")
    assert first["X-Total-Count"] == "6"
    keys = [item["documentId"] for item in first.json() + second.json()]
    assert keys == [str(key) for key in KycDocument.objects.order_by("id").values_list("public_id", flat=True)]


@pytest.mark.parametrize("query", ["page=0", "page=x", "pageSize=0", "pageSize=501", "page=-1"])
def test_a_page_that_cannot_be(client_for: ClientFor, query: str) -> None:
    assert client_for(r.approver()).get(f"/api/kyc-admin/pending?{query}").status_code == 400
