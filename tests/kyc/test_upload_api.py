"""Documents by API, as TeraPay contract 14 and its operations kyc.* say."""

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.db.models import QuerySet
from django.test import Client

from accounts.access import tokens
from accounts.access.actors import Actor
from accounts.models import AuditEntry, Customer
from config.lib.errors import ServiceError
from kyc.errors import NoSpaceLeft, TooManyFiles, UnderReview
from kyc.models import KycCase, KycDocument
from kyc.services import standing, submission
from tests.conftest import PASSWORD
from tests.kyc import samples
from tests.kyc.conftest import Post

ONE, MANY = "/api/kyc/upload", "/api/kyc/upload-multiple"


def stored(folder: Path) -> int:
    return len([path for path in folder.rglob("*") if path.is_file()])


def get(customer: Customer, path: str) -> Any:
    return Client().get(path, headers={"Authorization": f"Bearer {tokens.issue(customer)}"})


def test_one_document(api_post: Post, customer: Customer, private_folder: Path) -> None:
    content = samples.png()
    answer: Any = api_post(ONE, file=samples.sent(content, "ktp ayu.png"))
    body = answer.json()
    assert answer.status_code == 201, body
    document = KycDocument.objects.get()
    assert body["documentId"] == str(document.public_id)
    assert (body["fileName"], body["contentType"], body["size"]) == ("ktp ayu.png", "image/png", len(content))
    assert (body["status"], body["kind"]) == ("Pending", "other")
    assert body["uploadedAt"]
    assert document.customer == customer
    assert document.case.submitted_at
    assert stored(private_folder) == 2
    customer.refresh_from_db()
    assert customer.kyc_status == "Pending"
    actions = AuditEntry.objects.filter(action__startswith="kyc").values_list("action", flat=True)
    assert sorted(actions) == ["kyc_case.submitted", "kyc_document.uploaded"]


def test_its_status(api_post: Post, customer: Customer, other_customer: Customer) -> None:
    posted: Any = api_post(ONE, file=samples.sent(samples.pdf(), "a.pdf"), kind="address")
    path = f"/api/kyc/{posted.json()['documentId']}/status"
    body = get(customer, path).json()
    assert (body["status"], body["reason"], body["reviewedAt"], body["kind"]) == ("Pending", None, None, "address")
    assert body["fileName"] == "a.pdf"
    assert get(other_customer, path).status_code == 404
    assert get(customer, f"/api/kyc/{uuid.uuid4()}/status").status_code == 404
    assert get(customer, "/api/kyc/1/status").status_code == 404
    assert Client().get(path).status_code == 401


def test_a_refused_one_says_why(api_post: Post, customer: Customer) -> None:
    posted: Any = api_post(ONE, file=samples.sent(samples.png(), "a.png"))
    KycDocument.objects.update(status="Rejected", reason="It is blurred.", may_retry=True)
    body = get(customer, f"/api/kyc/{posted.json()['documentId']}/status").json()
    assert (body["status"], body["reason"], body["mayRetry"]) == ("Rejected", "It is blurred.", True)


@pytest.mark.parametrize("path", [ONE, MANY])
def test_nobody_else_may(path: str, customer: Customer) -> None:
    browser = Client()
    assert browser.post(path, {"file": samples.sent(samples.png())}).status_code == 401
    browser.login(username=customer.user.email, password=PASSWORD)
    assert browser.post(path, {"file": samples.sent(samples.png())}).status_code == 401


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 400, "empty"),
        (samples.EICAR, 415, "wrong_kind"),
        (b"<html>", 415, "wrong_kind"),
        (samples.png()[:-600], 400, "unreadable"),
        (samples.pdf(1, samples.with_script), 400, "active"),
        (samples.huge_png(30_000, 30_000), 400, "too_many_pixels"),
    ],
    ids=["empty", "a virus", "a page", "half a picture", "a script", "too many pixels"],
)
def test_a_bad_one(content: bytes, status: int, code: str, api_post: Post, private_folder: Path) -> None:
    answer: Any = api_post(ONE, file=samples.sent(content, "ktp.png"))
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] == code
    assert body["traceId"]
    assert list(body["errors"]) == ["file"]
    assert not KycDocument.objects.exists()
    assert stored(private_folder) == 0


def test_no_file(api_post: Post) -> None:
    for path, field in ((ONE, "file"), (MANY, "Files")):
        answer: Any = api_post(path, note="nothing")
        assert answer.status_code == 400
        assert list(answer.json()["errors"]) == [field]


def test_a_file_that_is_only_text(api_post: Post) -> None:
    answer: Any = api_post(ONE, file="not a file")
    assert answer.status_code == 400


def test_larger_than_one_file_may_be(api_post: Post, settings: Any) -> None:
    settings.KYC_FILE_BYTES = 10_000
    answer: Any = api_post(ONE, file=samples.sent(bytes(10_001)))
    assert answer.status_code == 413
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", [ONE, MANY, "/api/customers/login", "/identity/upload/"])
def test_a_body_too_large_is_refused_unread(path: str, customer: Customer) -> None:
    class Untouched:
        def read(self, *_: Any) -> bytes:
            raise AssertionError("the body was read")

        readline = read

    client = Client(raise_request_exception=True)
    answer = client.generic(
        "POST",
        path,
        b"",
        content_type="multipart/form-data; boundary=x",
        **{"wsgi.input": Untouched(), "CONTENT_LENGTH": str(200 * 1024 * 1024)},
    )
    assert answer.status_code == 413
    is_api = path.startswith("/api")
    assert answer["Content-Type"].startswith("application/problem+json" if is_api else "text/html")


@pytest.mark.parametrize("field", ["Files", "files"])
def test_several(field: str, api_post: Post, private_folder: Path) -> None:
    files = [samples.sent(samples.png(), "a.png"), samples.sent(samples.jpeg(), "b.jpg"), samples.sent(samples.pdf())]
    answer: Any = api_post(MANY, **{field: files})
    assert answer.status_code == 201, answer.json()
    assert [row["contentType"] for row in answer.json()] == ["image/png", "image/jpeg", "application/pdf"]
    assert KycCase.objects.count() == 1
    assert stored(private_folder) == 6


def test_one_bad_file_and_none_is_stored(api_post: Post, private_folder: Path) -> None:
    files = [samples.sent(samples.png()), samples.sent(samples.EICAR), samples.sent(samples.jpeg())]
    answer: Any = api_post(MANY, Files=files)
    assert answer.status_code == 415
    assert list(answer.json()["errors"]) == ["Files[1]"]
    assert not KycDocument.objects.exists()
    assert stored(private_folder) == 0


def test_two_bad_files_of_different_kinds(api_post: Post) -> None:
    answer: Any = api_post(MANY, Files=[samples.sent(samples.EICAR), samples.sent(samples.png()[:-600])])
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["Files[0]", "Files[1]"]


@pytest.mark.parametrize("count", [11, 150])
def test_too_many_at_once(count: int, api_post: Post) -> None:
    answer: Any = api_post(MANY, Files=[samples.sent(samples.png()) for _ in range(count)])
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


def test_a_kind_that_is_none(api_post: Post) -> None:
    answer: Any = api_post(ONE, file=samples.sent(samples.png()), kind="passport of a dog")
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["kind"]


@pytest.mark.parametrize(
    ("content_type", "status"), [("application/json", 415), ("multipart/form-data", 400), ("text/plain", 415)]
)
def test_bodies_of_other_kinds(content_type: str, status: int, customer: Customer) -> None:
    bearer = {"Authorization": f"Bearer {tokens.issue(customer)}"}
    answer = Client(raise_request_exception=False).generic("POST", ONE, b"{}", content_type, headers=bearer)
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"


def test_fields_of_the_model_are_not_taken(api_post: Post, other_customer: Customer) -> None:
    answer: Any = api_post(
        ONE,
        file=samples.sent(samples.png()),
        status="Verified",
        customer=str(other_customer.public_id),
        stored_as="../../x",
        size="1",
        reviewed_by="1",
    )
    assert answer.status_code == 201
    document = KycDocument.objects.get()
    assert document.status == "Pending"
    assert document.customer != other_customer
    assert document.reviewed_by is None


def test_the_same_file_again_is_the_same_document(api_post: Post, private_folder: Path) -> None:
    first: Any = api_post(ONE, file=samples.sent(samples.png()))
    second: Any = api_post(ONE, file=samples.sent(samples.png(), "other name.png"))
    assert first.json()["documentId"] == second.json()["documentId"]
    assert stored(private_folder) == 2


def send(ayu: Actor, customer: Customer, *contents: bytes) -> list[KycDocument]:
    files = [samples.sent(content) for content in contents]
    return submission.send_documents(actor=ayu, customer=customer, files=files, field="Files")


def distinct(number: int) -> bytes:
    return samples.png() + str(number).encode()


def test_a_day_has_an_end(ayu: Actor, customer: Customer, settings: Any) -> None:
    settings.KYC_FILES_PER_DAY = 2
    send(ayu, customer, distinct(1), distinct(2))
    with pytest.raises(TooManyFiles) as refusal:
        send(ayu, customer, distinct(3))
    assert 86_000 < refusal.value.retry_after <= 86_400


def test_so_has_the_space(ayu: Actor, customer: Customer, settings: Any) -> None:
    settings.KYC_BYTES_PER_CUSTOMER = len(distinct(1)) + 10
    send(ayu, customer, distinct(1))
    with pytest.raises(NoSpaceLeft):
        send(ayu, customer, distinct(2))


def test_tries_are_counted_too(api_post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submission, "_ATTEMPTS_PER_HOUR", 2)
    for _ in range(2):
        assert api_post(ONE, file=samples.sent(samples.EICAR)).status_code == 415
    answer = api_post(ONE, file=samples.sent(samples.png()))
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 3000


@pytest.mark.parametrize("state", ["second", "lead"])
def test_nothing_is_added_while_a_second_person_decides(state: str, ayu: Actor, customer: Customer) -> None:
    document = send(ayu, customer, distinct(1))[0]
    for step in ("second", "lead")[: 1 if state == "second" else 2]:
        KycCase.objects.filter(pk=document.case.pk).update(state=step)
    with pytest.raises(UnderReview):
        send(ayu, customer, distinct(2))


def test_what_a_reviewer_saw_is_out_of_date(ayu: Actor, customer: Customer) -> None:
    first = send(ayu, customer, distinct(1))[0].case
    version = KycCase.objects.get(pk=first.pk).version
    send(ayu, customer, distinct(2))
    assert KycCase.objects.get(pk=first.pk).version > version


def together(act: Callable[[int], Any], count: int) -> list[Any]:
    """``act`` of 0, 1, … at the same moment, each on a thread and connection of its own; errors are results."""
    start = threading.Barrier(count)

    def run(number: int) -> Any:
        start.wait()
        try:
            return act(number)
        except Exception as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def meeting_at(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
    """Two threads wait a moment for each other before they go on in the named function."""
    barrier, inner = threading.Barrier(2), getattr(owner, name)

    def waiting(*args: Any, **kwargs: Any) -> Any:
        try:
            barrier.wait(0.5)
        except threading.BrokenBarrierError:
            barrier.reset()
        return inner(*args, **kwargs)

    monkeypatch.setattr(owner, name, waiting)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("locked", [False, True])
def test_the_last_place_of_a_day_goes_to_one(
    locked: bool, ayu: Actor, customer: Customer, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    KycCase.objects.create(customer=customer)
    settings.KYC_FILES_PER_DAY = 1
    if not locked:  # the race as it would be
        monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **how: self.all())
    meeting_at(monkeypatch, submission, "_receiving")
    results = together(lambda number: send(ayu, customer, distinct(number)), 2)
    assert KycDocument.objects.count() == (1 if locked else 2)
    assert sum(isinstance(result, TooManyFiles) for result in results) == (1 if locked else 0)


@pytest.mark.django_db(transaction=True)
def test_fifty_at_once_stay_within_the_day(
    customer: Customer, settings: Any, private_folder: Path, django_db_blocker: Any
) -> None:
    settings.KYC_FILES_PER_DAY = 30
    bearer = {"Authorization": f"Bearer {tokens.issue(customer)}"}

    def post(number: int) -> int:
        return Client().post(ONE, {"file": samples.sent(distinct(number))}, headers=bearer).status_code

    results = together(post, 50)
    assert sorted(set(results)) == [201, 429], results
    assert results.count(201) == KycDocument.objects.count() == 30
    assert KycCase.objects.count() == 1
    assert stored(private_folder) == 60


def test_a_refusal_in_the_last_moment_leaves_no_file(
    ayu: Actor, customer: Customer, private_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> Any:
        raise UnderReview

    monkeypatch.setattr(submission, "_receiving", refuse)
    with pytest.raises(ServiceError):
        send(ayu, customer, distinct(1))
    assert stored(private_folder) == 0


@pytest.mark.parametrize(
    ("statuses", "standing_now"),
    [
        ([], "None"),
        (["Pending"], "Pending"),
        (["Rejected"], "Rejected"),
        (["Rejected", "Pending"], "Pending"),
        (["Rejected", "Pending", "Verified"], "Verified"),
        (["Rejected", "Verified"], "Verified"),
    ],
)
def test_where_a_customer_stands(statuses: list[str], standing_now: str, ayu: Actor, customer: Customer) -> None:
    for number, status in enumerate(statuses):
        document = send(ayu, customer, distinct(number))[0]
        KycDocument.objects.filter(pk=document.pk).update(status=status)
    assert standing.refresh(customer) == standing_now
    customer.refresh_from_db()
    assert customer.kyc_status == standing_now
