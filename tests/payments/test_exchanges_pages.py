"""Staff look at what came and went, find it by any number, and have messages applied again."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, User
from payments.models import ProviderExchange, ProviderMessage
from payments.overviews import exchanges as overview
from payments.overviews.exchanges import Wanted
from payments.providers.faspay_snap import signing
from tests.payments.conftest import House

pytestmark = pytest.mark.django_db
LIST = "/staff/exchanges/"
PATH = "/v1.0/transfer-va/payment"


@pytest.fixture
def staff(client_for: Callable[..., Client], staff_user: User) -> Client:
    return client_for(staff_user)


def message(**changes: Any) -> ProviderMessage:
    body = changes.pop("body", b'{"virtualAccountNo":"  3702011234567890"}')
    row: dict[str, Any] = {
        "path": PATH,
        "day": timezone.localdate(),
        "external_id": "12345678901234567890",
        "headers": {"X-TIMESTAMP": "2026-11-21T09:00:00+07:00"},
        "body": body,
        "body_sha256": hashlib.sha256(body).hexdigest(),
        "verified": True,
        "matched_key": "abcdef raw",
        "kind": "notification",
        "answer_code": "2002500",
        "answer_body": '{"responseCode":"2002500"}',
        "decision": "acknowledged",
        **changes,
    }
    return ProviderMessage.objects.create(**row)


def exchange(**changes: Any) -> ProviderExchange:
    row: dict[str, Any] = {
        "provider": "faspay_snap",
        "operation": "create-va",
        "method": "POST",
        "address": "https://faspay.example/v1.0/transfer-va/create-va",
        "reference": "TRX0000000000001",
        "request_headers": {"X-EXTERNAL-ID": "99998888777766665555"},
        "request_body": '{"trxId":"TRX0000000000001","total":12345678901234567890}',
        "status": 200,
        "response_body": '{"responseCode":"2002700"}',
        "code": "2002700",
        "outcome": "ok",
        "elapsed_ms": 210,
        **changes,
    }
    return ProviderExchange.objects.create(**row)


def found(text: str, **more: str) -> set[tuple[str, int]]:
    return {(line.direction, line.pk) for line in overview.page(Wanted(text=text, **more)).items}


def test_both_directions_stand_in_one_list_by_time(staff: Client) -> None:
    moment = timezone.now()
    for step in range(40):
        at = moment - timedelta(minutes=step // 2)
        (exchange(sent_at=at) if step % 3 else message(received_at=at, external_id=f"{step:020}"))
    first = overview.page(Wanted())
    second = overview.page(Wanted(), cursor=first.next_cursor or "")
    seen = [(line.direction, line.pk) for line in [*first.items, *second.items]]
    times = [line.at for line in [*first.items, *second.items]]
    assert len(set(seen)) == 40
    assert times == sorted(times, reverse=True)
    assert second.next_cursor is None
    back = overview.page(Wanted(), cursor=second.previous_cursor or "")
    assert [line.pk for line in back.items] == [line.pk for line in first.items]
    page = staff.get(LIST, {"cursor": first.next_cursor})
    assert page.status_code == 200
    assert "Newer" in page.content.decode()


@pytest.mark.parametrize("cursor", ["n", "n1", "x1.1.1", "n99999999999999999.1.1", "n1.1.1.1", "n-1.0.1", "p0.0.0"])
def test_odd_cursors_are_the_first_page(staff: Client, cursor: str) -> None:
    exchange()
    assert staff.get(LIST, {"cursor": cursor}).status_code == 200


def test_everything_is_found_by_any_of_its_numbers(house: House) -> None:
    deposit = house.ask_for(50_000)
    house.deliver(house.pay(deposit)[0])
    house.work()
    attempt = house.account(deposit)
    attempt.refresh_from_db()
    mine = ProviderMessage.objects.get()
    went = ProviderExchange.objects.get()
    both = {("in", mine.pk), ("out", went.pk)}
    for text in (attempt.trx_id, attempt.number, str(deposit.public_id)):
        assert found(text) == both, text
    assert found(" ".join([attempt.number[:4], attempt.number[4:]])) == both
    assert ("in", mine.pk) in found(mine.external_id)
    assert ("in", mine.pk) in found(f"#{mine.pk}")
    assert found(went.request_headers["X-EXTERNAL-ID"]) == {("out", went.pk)}
    assert found("nothing like it") == set()


def test_filters_narrow_and_odd_ones_do_nothing(staff: Client) -> None:
    came, went = message(), exchange(outcome="unknown", status=None)
    assert found("", direction="in") == {("in", came.pk)}
    assert found("", outcome="unknown") == {("out", went.pk)}
    assert found("", decision="acknowledged") == {("in", came.pk)}
    assert found("", provider="btcpay") == set()
    page = staff.get(LIST, {"provider": "nobody", "direction": "x", "outcome": "y", "q": "\x00"})
    assert page.status_code == 200


def test_a_call_shows_both_sides_and_numbers_unrounded(staff: Client) -> None:
    row = exchange()
    page = staff.get(reverse("staff:exchange", args=[row.pk])).content.decode()
    assert "12345678901234567890" in page
    assert "2002700" in page
    assert staff.get(reverse("staff:exchange", args=[row.pk + 99])).status_code == 404


def test_a_message_shows_what_came_and_masks_what_can_be_used(staff: Client) -> None:
    row = message(kind="legacy", body=b"<faspay><bill_no>12</bill_no><signature>CANARY</signature></faspay>")
    page = staff.get(reverse("staff:message", args=[row.pk])).content.decode()
    assert "bill_no" in page
    assert "CANARY" not in page


def test_a_refused_message_shows_the_text_to_compare(staff: Client) -> None:
    text = f"POST:{PATH}:{'a' * 64}:2026-11-21T09:00:00+07:00"
    row = message(verified=False, matched_key="", string_to_sign=text, decision="refused", answer_code="4012500")
    page = staff.get(reverse("staff:message", args=[row.pk])).content.decode()
    assert text in page
    assert hashlib.sha256(text.encode()).hexdigest() in page
    assert "Check the signature again" in page


def test_apply_again_makes_it_due_and_is_on_record(staff: Client) -> None:
    row = message(decision="flagged", external_id="7" * 20)
    answer = staff.post(reverse("staff:message_reapply", args=[row.pk]))
    row.refresh_from_db()
    assert answer.status_code == 302
    assert row.next_try_at is not None
    assert AuditEntry.objects.filter(action="message.reapplied", object_id=str(row.pk)).exists()


@pytest.mark.parametrize(
    "state",
    [
        {"verified": False, "decision": "refused"},
        {"decision": "credited"},
        {"decision": "repeated"},
        {"decision": "refused"},
        {"kind": "inquiry"},
        {"kind": "payment_flag"},
    ],
)
def test_what_has_no_more_effect_is_not_applied_again(staff: Client, state: dict[str, Any]) -> None:
    row = message(**state)
    staff.post(reverse("staff:message_reapply", args=[row.pk]))
    row.refresh_from_db()
    assert row.next_try_at is None
    assert not AuditEntry.objects.filter(action="message.reapplied").exists()


def test_applied_as_often_as_one_likes_money_comes_once(house: House, staff: Client) -> None:
    deposit = house.ask_for(50_000)
    house.deliver(house.pay(deposit)[0])
    row = ProviderMessage.objects.get()
    for _ in range(3):
        staff.post(reverse("staff:message_reapply", args=[row.pk]))
        house.work()
    assert house.balance == 50_000
    assert house.credits == 1


# --- a signature that did not fit -------------------------------------------------------------------------


@pytest.fixture
def stranger(tmp_path: Path) -> tuple[Any, Path]:
    """A key pair of Faspay that we have not been told of yet."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    path = tmp_path / "new.pub"
    path.write_bytes(public)
    return key, path


def refused_letter(house: House, key: Any, *, age: timedelta = timedelta()) -> ProviderMessage:
    """A good notification, signed with a key that is not set, as it was refused and kept."""
    deposit = house.ask_for(50_000)
    letter = house.pay(deposit)[0]
    stamp = (timezone.localtime() - age).isoformat(timespec="seconds")
    text = signing.string_to_sign("POST", PATH, letter.body.encode(), stamp)
    letter.headers |= {"X-TIMESTAMP": stamp, "X-SIGNATURE": signing.sign(key, text)}
    answer = house.deliver(letter)
    assert json.loads(answer.content)["responseCode"].startswith("401")
    return ProviderMessage.objects.latest("id")


def test_a_message_signed_with_a_new_key_is_taken_in_once_the_key_is_set(
    house: House, staff: Client, stranger: tuple[Any, Path], settings: Any
) -> None:
    key, path = stranger
    row = refused_letter(house, key)
    checked = staff.post(reverse("staff:message_check", args=[row.pk])).content.decode()
    assert "fits none of the keys" in checked
    staff.post(reverse("staff:message_take_in", args=[row.pk]))
    assert ProviderMessage.objects.count() == 1

    settings.FASPAY_PUBLIC_KEY_FILES = [*settings.FASPAY_PUBLIC_KEY_FILES, str(path)]
    checked = staff.post(reverse("staff:message_check", args=[row.pk])).content.decode()
    assert "Take it in" in checked
    for _ in range(2):
        staff.post(reverse("staff:message_take_in", args=[row.pk]))
        house.work()
    row.refresh_from_db()
    taken = ProviderMessage.objects.get(verified=True)
    assert (taken.day, taken.external_id, taken.decision) == (row.day, row.external_id, "credited")
    assert row.verified is False
    assert house.balance == 50_000
    assert AuditEntry.objects.filter(action="message.taken_in").count() == 1


def test_what_was_old_when_it_came_is_not_taken_in(
    house: House, staff: Client, stranger: tuple[Any, Path], settings: Any
) -> None:
    key, path = stranger
    row = refused_letter(house, key, age=timedelta(days=3))
    settings.FASPAY_PUBLIC_KEY_FILES = [str(path)]
    checked = staff.post(reverse("staff:message_check", args=[row.pk])).content.decode()
    assert "old when it came" in checked
    staff.post(reverse("staff:message_take_in", args=[row.pk]))
    assert not ProviderMessage.objects.filter(verified=True).exists()


def test_the_list_costs_the_same_however_long_it_is(staff: Client, django_assert_max_num_queries: Any) -> None:
    exchange()
    staff.get(LIST)
    for step in range(60):
        message(external_id=f"{step:020}")
        exchange()
    with django_assert_max_num_queries(12):
        staff.get(LIST)
    with django_assert_max_num_queries(16):
        staff.get(LIST, {"q": "99998888777766665555"})
