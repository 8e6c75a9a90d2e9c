"""Staff look at days, breaks and reports, and have them compared."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, Customer, User
from payments import tasks
from payments.models import PaymentCase, ReconciliationRun, SettlementFile, SettlementLine
from payments.overviews import reconciliation as overview
from tests.payments.reconciling import DAY, at, receipt, report, row_of, take

pytestmark = pytest.mark.django_db
LIST, FILES = "/staff/reconciliation/", "/staff/reconciliation/files/"
THE_DAY = f"/staff/reconciliation/faspay_snap/{DAY.isoformat()}/"


@pytest.fixture
def staff(client_for: Callable[..., Client], staff_user: User) -> Client:
    return client_for(staff_user)


def text(client: Client, path: str, **query: str) -> str:
    answer = client.get(path, query)
    assert answer.status_code == 200
    return answer.content.decode()


def upload(client: Client, content: bytes, name: str = "report.csv", provider: str = "faspay_snap") -> Any:
    return client.post(FILES, {"provider": provider, "file": SimpleUploadedFile(name, content)})


def test_empty_pages_say_what_to_do(staff: Client) -> None:
    assert "Nothing to compare" in text(staff, LIST)
    assert "No report yet" in text(staff, FILES)
    day = text(staff, THE_DAY)
    assert "Nothing on this day" in day
    assert "They told nothing of this day yet" in day


@pytest.mark.parametrize("path", ["faspay_snap/2026-13-01/", "nobody/2026-11-18/", "faspay_snap/today/", "files/x/"])
def test_days_that_are_none(staff: Client, path: str) -> None:
    assert staff.get(LIST + path).status_code == 404


@pytest.mark.parametrize("query", [{"until": "x"}, {"until": "0001-01-01"}, {"provider": "x"}, {"until": "9999-01-01"}])
def test_odd_filters_are_none(staff: Client, query: dict[str, str]) -> None:
    assert staff.get(LIST, query).status_code == 200


def test_both_totals_the_difference_and_the_breaks(staff: Client, customer: Customer) -> None:
    listed, altered, unlisted = receipt(customer, 50_000), receipt(customer, 60_000), receipt(customer, 70_000)
    take([row_of(listed), row_of(altered, Amount="65.000")])
    (day,) = overview.days(last=DAY)
    (sums,) = day.sums
    assert (sums.theirs, sums.ours, sums.difference, sums.is_whole) == (115_000, 180_000, -65_000, True)
    assert (day.matched, day.breaks) == (1, 2)
    page = text(staff, LIST, until=DAY.isoformat())
    for words in ("Rp115.000", "Rp180.000", "Rp65.000"):
        assert words in page
    page = text(staff, THE_DAY)
    for words in ("The amounts differ", "We have it, they do not", unlisted.key, "Propose it", "report.csv, row 3"):
        assert words in page
    assert "Rp65.000" in page


def test_without_a_whole_report_no_difference_is_claimed(staff: Client, customer: Customer) -> None:
    mine = receipt(customer)
    receipt(customer)
    take([row_of(mine)], channels=[])
    (day,) = overview.days(last=DAY)
    assert not day.sums[0].is_whole
    assert "no whole report of the day yet" in text(staff, THE_DAY)


def test_a_suggestion_fills_the_form_of_the_case(staff: Client, customer: Customer) -> None:
    mine = receipt(customer, 50_000)
    mine.refresh_from_db()
    take([row_of(mine, Amount="55.000")])
    (found,) = [overview.as_break(case) for case in overview.breaks_of("faspay_snap", DAY)]
    suggestion = found.suggestion
    assert (suggestion.action, suggestion.amount, suggestion.customer) == ("credit", 5_000, customer.user.email)
    page = text(staff, reverse("staff:case", args=[found.case.public_id]) + "?" + suggestion.query)
    assert "5000" in page


def test_old_breaks_stand_out(staff: Client, customer: Customer) -> None:
    receipt(customer)
    take([row_of(receipt(customer))])
    assert [age.count for age in overview.ages()] == [1, 0, 0, 0]


def test_a_run_is_asked_for_shown_and_recorded(staff: Client) -> None:
    answer = staff.post(LIST, {"provider": "faspay_snap", "day": DAY.isoformat()})
    assert answer.url == THE_DAY
    assert "Waiting" in text(staff, THE_DAY)
    assert "hx-get" in text(staff, THE_DAY)
    tasks.reconcile()
    page = text(staff, THE_DAY)
    assert "hx-get" not in page.partition('id="result"')[2][:200]
    assert ReconciliationRun.objects.get().state == "done"
    assert AuditEntry.objects.filter(action="reconciliation.requested").count() == 1


@pytest.mark.parametrize("form", [{}, {"provider": "x", "day": "2026-11-18"}, {"provider": "btcpay", "day": "x"}])
def test_a_run_of_nothing_is_refused(staff: Client, form: dict[str, str]) -> None:
    assert staff.post(LIST, form).status_code in {200, 422}
    assert not ReconciliationRun.objects.exists()


# --- a report, from upload to breaks ------------------------------------------------------------------------


def test_a_report_is_looked_at_then_taken_in(staff: Client, customer: Customer) -> None:
    mine = [receipt(customer, 10_000 + step) for step in range(3)]
    rows = [row_of(mine[0]), row_of(mine[1]), row_of(mine[1]), row_of(mine[2], Amount="what")]
    answer = upload(staff, report(rows))
    file = SettlementFile.objects.get()
    assert answer.url == f"{FILES}{file.public_id}/"
    assert not SettlementLine.objects.exists()
    found = file.findings
    assert (found["valid"], found["warnings"], found["errors"], found["known"]) == (3, 1, 1, 3)
    page = text(staff, answer.url)
    for words in ("The first rows as we read them", "row 5", "an amount that cannot be read", "Take 3 rows in"):
        assert words in page
    staff.post(answer.url + "take-in/", {"covers_from": DAY, "covers_to": DAY, "channels": ["faspay_va"]})
    assert "Being taken in" in text(staff, answer.url)
    tasks.reconcile()
    page = text(staff, answer.url)
    for words in ("Taken in", "Matched", "They list it twice", "/staff/reconciliation/faspay_snap/2026-11-18/"):
        assert words in page
    kinds = set(PaymentCase.objects.values_list("kind", flat=True))
    assert kinds == {"settled_twice", "missing_there"}
    assert AuditEntry.objects.filter(action__startswith="settlement_file.").count() == 2


def test_columns_that_nobody_knows_are_named_by_hand(staff: Client, customer: Customer) -> None:
    mine = receipt(customer)
    content = f"Wann,Wieviel,Wer\n2026-11-18 09:00,50000,{mine.key}\n".encode()
    upload(staff, content)
    file = SettlementFile.objects.get()
    path = f"{FILES}{file.public_id}/"
    page = text(staff, path)
    assert "Missing:" in page
    assert "Choose the columns first" in page
    refused = staff.post(path + "columns/", {"paid_at": "0", "amount": "0", "reference": "2"})
    assert refused.status_code == 422
    staff.post(path + "columns/", {"paid_at": "0", "amount": "1", "reference": "2"})
    file.refresh_from_db()
    assert (file.findings["valid"], file.covers_from) == (1, DAY)
    staff.post(path + "take-in/", {"covers_from": DAY, "covers_to": DAY, "channels": ["faspay_va"]})
    tasks.reconcile()
    assert SettlementLine.objects.get().receipt == mine


def test_the_very_same_file_leads_to_the_first_one(staff: Client, customer: Customer) -> None:
    content = report([row_of(receipt(customer))])
    first = upload(staff, content)
    again = upload(staff, content, name="other.csv")
    assert again.url == first.url
    assert SettlementFile.objects.count() == 1


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"PK\x03\x04", b"hello", b"\xff" * 300])
def test_what_is_no_report_is_refused_in_words(staff: Client, content: bytes) -> None:
    answer = upload(staff, content)
    assert answer.status_code == 422
    assert not SettlementFile.objects.exists()


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"covers_from": "2026-11-18", "covers_to": "2026-11-17"},
        {"covers_from": "2020-11-18", "covers_to": "2026-11-17"},
        {"covers_from": "2026-11-18", "covers_to": "2026-11-18", "channels": ["btcpay"]},
    ],
)
def test_days_and_channels_that_make_no_sense_take_nothing_in(
    staff: Client, customer: Customer, form: dict[str, Any]
) -> None:
    path = upload(staff, report([row_of(receipt(customer))])).url
    assert staff.post(path + "take-in/", form).status_code == 422
    assert SettlementFile.objects.get().state == "uploaded"


def test_it_is_taken_in_once(staff: Client, customer: Customer) -> None:
    path = upload(staff, report([row_of(receipt(customer))])).url
    form = {"covers_from": DAY, "covers_to": DAY}
    for _ in range(2):
        assert staff.post(path + "take-in/", form).status_code == 302
        tasks.reconcile()
    assert staff.post(path + "columns/", {"amount": "5"}).status_code == 302
    assert SettlementLine.objects.count() == 1


def test_a_report_of_somebody_else_is_told_apart(staff: Client, customer: Customer) -> None:
    row = row_of(receipt(customer)) | {"Trx ID": "1", "Bill No": "2", "Virtual Account No": "3"}
    path = upload(staff, report([row])).url
    assert "Only 0 of 1 rows name something of ours" in text(staff, path)


def test_support_looks_and_changes_nothing(client_for: Callable[..., Client], customer: Customer) -> None:
    from accounts.models import Role
    from tests.accounts import cast

    take([row_of(receipt(customer))])
    support = client_for(cast.person("support", Role.SUPPORT).user)
    assert "Run now" not in text(support, LIST)
    assert "Run now" not in text(support, THE_DAY)
    assert upload(support, b"x").status_code == 404
    assert support.post(LIST, {"provider": "faspay_snap", "day": DAY.isoformat()}).status_code == 404


def test_pages_cost_the_same_however_much_there_is(
    staff: Client, customer: Customer, django_assert_max_num_queries: Any
) -> None:
    rows = []
    for step in range(30):
        mine = receipt(customer, paid_at=at(9, 0, DAY - timedelta(days=step % 5)))
        rows.append(row_of(mine, Amount="1" if step % 2 else "50.000"))
    file = take(rows, first=DAY - timedelta(days=5))
    staff.get(LIST)
    with django_assert_max_num_queries(18):
        staff.get(LIST, {"until": DAY.isoformat()})
    with django_assert_max_num_queries(24):
        staff.get(THE_DAY)
    with django_assert_max_num_queries(14):
        staff.get(f"{FILES}{file.public_id}/")
