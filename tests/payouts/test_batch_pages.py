"""What people do with batches at their desk: from a file to its last payment, and what strangers see of it."""

import re
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import StreamingHttpResponse
from django.test import Client as Browser
from django.urls import reverse

from accounts.access.actors import Actor
from accounts.models import Role
from payouts.models import Batch, BatchRow
from payouts.models.states import BatchState, State
from payouts.services import batches, rows
from tests.accounts.cast import browser_of, cost, person
from tests.conftest import prove_identity
from tests.payouts.desk import Desk, bot, desk, finished, rows_of, work
from tests.payouts.uploads import ACCOUNT, NUMBER, as_csv, read, uploaded
from tests.simulators import Simulator

pytestmark = pytest.mark.django_db

HX = {"HX-Request": "true"}
WRONG = as_csv([(ACCOUNT, "100", "Aminata"), ("999", "50", "Ibrahim"), (NUMBER, "ten", "Mariama")])


@pytest.fixture
def office() -> Desk:
    return desk()


@pytest.fixture
def maker(office: Desk) -> Browser:
    return _at(office.maker)


@pytest.fixture
def checker(office: Desk) -> Browser:
    return _at(office.checker)


def _at(actor: Actor) -> Browser:
    assert actor.user
    return browser_of(actor.user)


def page(batch: Batch) -> str:
    return reverse("company:batch", args=[batch.public_id])


def url(name: str, batch: Batch) -> str:
    return reverse(f"company:batch_{name}", args=[batch.public_id])


def row_url(row: BatchRow) -> str:
    return reverse("company:batch_row", args=[row.batch.public_id, row.public_id])


def words(answer: Any) -> str:
    """The text of a page, in one line."""
    text = re.sub(r"(?s)<(script|style).*?</\1>|<[^>]+>", " ", answer.content.decode())
    return " ".join(text.replace("\xa0", " ").replace("&#x27;", "'").split())


def counters(browser: Browser, batch: Batch) -> list[int]:
    found = re.findall(r'counter-figure">(\d+)', browser.get(page(batch)).content.decode())
    return [int(figure) for figure in found]


# --- the list, and who sees what ------------------------------------------------------------------------------


def test_the_list_begins_with_the_first_step(maker: Browser) -> None:
    text = words(maker.get("/company/batches/"))
    assert "No batches yet" in text
    assert "New batch" in text


def test_the_list_shows_ones_own_and_can_be_narrowed(office: Desk, maker: Browser) -> None:
    office.made("10", name="Wages May")
    office.submitted("20", name="Bonus <b>May</b>")
    desk("Other").made("30", name="Theirs")
    text = maker.get("/company/batches/").content.decode()
    assert "Wages May" in text
    assert "Bonus &lt;b&gt;May" in text
    assert "Theirs" not in text
    assert "Bonus" not in words(maker.get("/company/batches/?state=unfinished"))
    assert "Wages" not in words(maker.get("/company/batches/?q=bonus"))
    assert "No batch fits" in words(maker.get("/company/batches/?q=nothing&state=nonsense"))


def test_nobody_of_another_client_and_no_staff_finds_a_batch(office: Desk) -> None:
    batch = office.made("10")
    others = [_at(desk("Other").maker), browser_of(person("citra", Role.SUPER_ADMIN))]
    for browser in others:
        for address in (page(batch), url("approve", batch), url("wrong_rows", batch), row_url(rows_of(batch)[0])):
            assert browser.get(address).status_code == 404, address
        for name in ("leave_out", "submit", "discard", "pause", "cancel", "retry"):
            assert browser.post(url(name, batch)).status_code == 404, name


def test_makers_do_not_approve_and_approvers_do_not_make(office: Desk, maker: Browser, checker: Browser) -> None:
    batch = office.submitted("10")
    assert maker.get(url("approve", batch)).status_code == 404
    assert maker.get("/company/approvals/").status_code == 404
    assert checker.get("/company/batches/new/").status_code == 404
    assert checker.post(url("withdraw", batch)).status_code == 404
    assert checker.get("/company/approvals/").status_code == 200


def test_a_row_of_another_batch_is_not_there(office: Desk, maker: Browser) -> None:
    one, other = office.made("10"), office.made("11")
    row = rows_of(other)[0]
    address = reverse("company:batch_row", args=[one.public_id, row.public_id])
    assert maker.get(address).status_code == 404
    assert maker.get(reverse("company:batch_row", args=[one.public_id, uuid4()])).status_code == 404


# --- a file comes in ------------------------------------------------------------------------------------------


def test_nothing_given_is_said_beside_the_field(maker: Browser) -> None:
    answer = maker.post("/company/batches/new/", {"name": "Wages"})
    assert answer.status_code == 422
    assert "Choose a file, or paste rows." in words(answer)
    assert 'value="Wages"' in answer.content.decode()


def test_a_file_that_is_too_large_is_refused_in_words(maker: Browser, settings: Any) -> None:
    settings.PAYOUT_FILE_BYTES = 10
    answer = maker.post("/company/batches/new/", {"file": SimpleUploadedFile("wages.csv", WRONG)})
    assert answer.status_code == 422
    assert "larger than" in words(answer)
    assert not Batch.objects.exists()


def test_a_file_is_read_while_the_page_waits_and_its_counters_add_up(maker: Browser) -> None:
    answer = maker.post("/company/batches/new/", {"file": SimpleUploadedFile("wages.csv", WRONG)}, follow=True)
    batch = Batch.objects.get()
    assert "We read your list" in words(answer)
    poll = f"{page(batch)}?stage=reading"
    assert 'hx-trigger="every 1s' in maker.get(poll, headers=HX).content.decode()
    read(batch)
    assert maker.get(poll, headers=HX)["HX-Refresh"] == "true"
    found = counters(maker, batch)
    assert sum(found) == batch.rows == 3
    assert found[2] == 2
    text = words(maker.get(page(batch)))
    assert "No bank has these first three digits." in text
    assert "This is not an amount." in text
    assert "Send for approval" not in text


def test_pasted_rows_become_a_batch(maker: Browser) -> None:
    pasted = as_csv([(ACCOUNT, "100", "Aminata")], delimiter="\t").decode()
    answer = maker.post("/company/batches/new/", {"text": pasted, "name": "Pasted"})
    batch = Batch.objects.get()
    assert answer.headers["Location"] == page(batch)
    read(batch)
    assert counters(maker, batch)[2] == 0
    assert "Pasted" in words(maker.get(page(batch)))


def test_a_file_that_nobody_can_read_says_why(office: Desk, maker: Browser) -> None:
    batch = uploaded(office.maker, b"colour,shape\nred,round\n")
    assert batch.state == BatchState.UNREADABLE
    text = words(maker.get(page(batch)))
    assert "We do not find the columns" in text
    assert "Nothing was paid" in text


@pytest.mark.parametrize("name", ["csv", "xlsx"])
def test_an_empty_list_can_be_taken_home(name: str, maker: Browser) -> None:
    answer = maker.get(f"/company/batches/template.{name}")
    assert answer.status_code == 200
    assert "attachment" in answer["Content-Disposition"]
    assert len(answer.content) > 20


# --- mending --------------------------------------------------------------------------------------------------


@pytest.fixture
def broken(office: Desk) -> Batch:
    return uploaded(office.maker, WRONG)


def test_a_row_is_mended_in_place_and_the_counters_follow(broken: Batch, maker: Browser) -> None:
    row = rows_of(broken)[2]
    opened = maker.get(f"{row_url(row)}?fix=1", headers=HX).content.decode()
    assert 'value="ten"' in opened
    assert "autofocus" in opened
    given = {"destination": NUMBER, "amount": "10.555", "receiver_name": "Mariama", "narration": ""}
    again = maker.post(row_url(row), given, headers=HX).content.decode()
    assert "more than two decimals" in again
    assert 'value="10.555"' in again
    mended = maker.post(row_url(row), given | {"amount": "10.50"}, headers=HX).content.decode()
    assert "<form" in mended
    assert "SLE 10.50" in mended
    assert '<hx-partial hx-target="#batch-figures"' in mended
    assert counters(maker, broken)[2] == 1


def test_a_row_is_mended_without_javascript(broken: Batch, maker: Browser) -> None:
    row = rows_of(broken)[2]
    assert 'value="ten"' in maker.get(f"{row_url(row)}?fix=1").content.decode()
    answer = maker.post(row_url(row), {"destination": NUMBER, "amount": "10.50"})
    assert answer.headers["Location"] == page(broken)


def test_too_long_words_are_refused_at_their_field(broken: Batch, maker: Browser) -> None:
    row = rows_of(broken)[2]
    answer = maker.post(row_url(row), {"destination": "9" * 121, "amount": "1"}, headers=HX)
    assert answer.status_code == 422
    assert "invalid-feedback" in answer.content.decode()
    row.refresh_from_db()
    assert row.amount_text == "ten"


def test_wrong_rows_are_left_out_by_choice_and_put_back(broken: Batch, maker: Browser) -> None:
    before = words(maker.get(page(broken)))
    assert "1 row is sent" in before
    assert "2 rows stay unpaid" in before
    maker.post(url("leave_out", broken), {"rows": "errors"})
    found = counters(maker, broken)
    assert found[2:] == [0, 2]
    row = rows_of(broken)[1]
    answer = maker.post(url("put_back", broken), {"row": str(row.public_id)}, headers=HX)
    assert "No bank has these" in answer.content.decode()
    assert counters(maker, broken)[2:] == [1, 1]
    assert "Put all of them back" in words(maker.get(f"{page(broken)}?show=excluded"))
    answer = maker.post(url("put_back", broken), {"rows": "all", "show": "error"})
    assert answer.headers["Location"] == f"{page(broken)}?show=error"
    assert counters(maker, broken)[2:] == [2, 0]


def test_a_choice_of_no_row_changes_nothing(broken: Batch, maker: Browser) -> None:
    for given in ({}, {"row": "nonsense"}, {"row": str(uuid4())}, {"rows": "everything"}):
        assert maker.post(url("leave_out", broken), given).status_code == 302
    assert maker.post(url("leave_out", broken), {"row": str(uuid4())}, headers=HX).status_code == 404
    assert counters(maker, broken)[3] == 0


def test_wrong_rows_go_home_and_come_back_mended(broken: Batch, maker: Browser) -> None:
    answer = maker.get(url("wrong_rows", broken))
    assert isinstance(answer, StreamingHttpResponse)
    text = answer.getvalue().decode("utf-8-sig")
    assert len(text.strip().splitlines()) == 3
    mended = text.replace("999", ACCOUNT).replace(",ten,", ",12,")
    file = SimpleUploadedFile("mended.csv", mended.encode())
    told = words(maker.post(url("replace", broken), {"file": file}, follow=True))
    assert "2 rows were replaced." in told
    assert counters(maker, broken)[2] == 0
    assert "Corrected file" not in told


def test_a_corrected_file_that_is_none_is_refused_in_words(broken: Batch, maker: Browser) -> None:
    for file in (
        "",
        SimpleUploadedFile("x.csv", b"colour\nred\n"),
        SimpleUploadedFile("x.xlsx", b"PK\x03\x04nonsense"),
    ):
        answer = maker.post(url("replace", broken), {"file": file}, follow=True)
        assert "alert-danger" in answer.content.decode()
    assert counters(maker, broken)[2] == 2


# --- two people -----------------------------------------------------------------------------------------------


def test_wrong_rows_keep_a_batch_at_the_desk(broken: Batch, maker: Browser) -> None:
    answer = maker.post(url("submit", broken), follow=True)
    assert "Some rows are wrong." in words(answer)


def test_repeated_payments_go_with_a_reason_only(office: Desk, maker: Browser) -> None:
    batch = office.made("10", "10", to=[ACCOUNT])
    assert "2 rows repeat other payments." in words(maker.get(page(batch)))
    maker.post(url("submit", batch))
    batch.refresh_from_db()
    assert batch.state == BatchState.VALIDATED
    told = words(maker.post(url("submit", batch), {"duplicates_reason": "two shifts"}, follow=True))
    assert "Sent for approval." in told
    assert "Nothing has been paid." in told
    assert "two shifts" in told


def test_the_second_person_sees_what_it_pays_and_says_yes(office: Desk, checker: Browser, rail_sim: Simulator) -> None:
    batch = office.submitted("10", "70", "20")
    assert batch.name in words(checker.get("/company/approvals/"))
    answer = checker.get(url("approve", batch))
    text = words(answer)
    assert f"SLE {batch.total}" in text
    assert "3 receivers were never paid before." in text
    assert text.index("SLE 70.00") < text.index("SLE 20.00")
    assert "Balance after" in text
    told = checker.post(url("approve", batch), _seen(answer), follow=True)
    assert "Approved. It is being sent now." in words(told)
    batch.refresh_from_db()
    assert batch.approved_by == office.checker.user
    # Back, and once more: nothing happens twice.
    assert checker.post(url("approve", batch), _seen(answer)).status_code == 302
    assert checker.get(url("approve", batch)).headers["Location"] == page(batch)


def test_what_a_program_sent_wrong_is_told_before_the_yes(office: Desk, checker: Browser) -> None:
    items = [rows.Item(ACCOUNT, Decimal(10)), rows.Item("999001014892010184", Decimal(5))]
    batch = batches.submit_items(actor=bot(office, "Payroll"), name="Wages", items=items)
    for path in (page(batch), url("approve", batch)):
        assert "1 row stays unpaid" in words(checker.get(path))


def _seen(answer: Any) -> dict[str, str]:
    """What the form of the page would send."""
    return dict(re.findall(r'name="(digest|total)" value="([^"]*)"', answer.content.decode()))


def test_a_yes_to_something_else_is_no_yes(office: Desk, checker: Browser) -> None:
    batch = office.submitted("10")
    seen = _seen(checker.get(url("approve", batch)))
    batches.withdraw(actor=office.maker, batch=batch)
    rows.edit(actor=office.maker, row=rows_of(batch)[0], destination=ACCOUNT, amount="9000")
    batches.submit(actor=office.maker, batch=batch, duplicates_reason="-")
    told = checker.post(url("approve", batch), seen, follow=True)
    assert "has changed since you looked" in words(told)
    for given in ({}, {"digest": "x", "total": "ten"}, seen | {"total": "1"}):
        checker.post(url("approve", batch), given)
    batch.refresh_from_db()
    assert batch.state == BatchState.AWAITING_APPROVAL


def test_whoever_made_it_is_told_that_somebody_else_decides(office: Desk) -> None:
    both = browser_of(person("both", Role.PAYOUT_MAKER, Role.PAYOUT_APPROVER, client=office.client))
    both.post("/company/batches/new/", {"text": as_csv([(ACCOUNT, "10")]).decode(), "name": "Mine"})
    batch = read(Batch.objects.get())
    both.post(url("submit", batch))
    answer = both.get(url("approve", batch))
    assert "Another person decides." in words(answer)
    assert _seen(answer) == {}
    assert "Yours: somebody else decides" in words(both.get("/company/approvals/"))
    assert "Look and decide" not in words(both.get(page(batch)))
    given = {"digest": str(batch.version + 1), "total": str(batch.total)}
    assert "Somebody else must approve" in words(both.post(url("approve", batch), given, follow=True))


def test_approving_asks_who_it_is_when_the_sign_in_is_old(office: Desk, checker: Browser) -> None:
    batch = office.submitted("10")
    assert office.checker.user
    prove_identity(checker, office.checker.user, seconds_ago=3600)
    assert "reauthenticate" in checker.get(url("approve", batch)).headers["Location"]
    assert "reauthenticate" in checker.post(url("approve", batch)).headers["Location"]
    batch.refresh_from_db()
    assert batch.state == BatchState.AWAITING_APPROVAL


def test_a_batch_is_sent_back_and_its_maker_reads_why(office: Desk, maker: Browser, checker: Browser) -> None:
    batch = office.submitted("10")
    refused = checker.post(url("send_back", batch), {"reason": " "})
    assert refused.status_code == 422
    assert "This field is required." in words(refused)
    checker.post(url("send_back", batch), {"reason": "The amount of row 1 is last year's."})
    assert "The amount of row 1 is last year's." in words(maker.get(page(batch)))
    # Too late for a second one.
    assert checker.post(url("send_back", batch), {"reason": " "}).headers["Location"] == page(batch)


def test_a_submitted_batch_is_taken_back_to_be_changed(office: Desk, maker: Browser) -> None:
    batch = office.submitted("10")
    poll = f"{page(batch)}?stage=waiting&s=awaiting_approval&v={batch.version}"
    assert maker.get(poll, headers=HX).status_code == 204
    assert "Taken back." in words(maker.post(url("withdraw", batch), follow=True))
    assert maker.get(poll, headers=HX)["HX-Refresh"] == "true"


def test_a_batch_is_called_off_before_anything_is_sent(office: Desk, maker: Browser) -> None:
    batch = office.made("10")
    told = words(maker.post(url("discard", batch), follow=True))
    assert "Nothing was sent." in told
    assert "It was called off before anything was sent." in told


def test_too_little_money_is_waited_for_and_said_to_the_cent() -> None:
    poor = desk("Poor", money="5")
    batch = poor.submitted("10")
    checker = _at(poor.checker)
    answer = checker.get(url("approve", batch))
    assert "are missing" in words(answer)
    told = words(checker.post(url("approve", batch), _seen(answer), follow=True))
    assert "it starts by itself after a top-up" in told
    assert f"Missing SLE {batch.total - 5}" in told
    assert "Approved, waiting for a top-up" in words(checker.get("/company/approvals/"))


# --- on its way -----------------------------------------------------------------------------------------------


@pytest.fixture
def running(office: Desk, rail_sim: Simulator) -> Batch:
    """Three payments that have not left, one of which will fail at first."""
    return office.approved("10", "20", "30", to=[ACCOUNT, "003001014892015555", NUMBER])


def test_a_running_batch_says_how_far_it_is_until_it_ends(running: Batch, checker: Browser, maker: Browser) -> None:
    text = words(maker.get(page(running)))
    assert "0 of 3 paid" in text
    assert "3 wait their turn." in text
    poll = f"{page(running)}?stage=live&s=processing&v=1"
    assert 'hx-trigger="every 2s' in maker.get(poll, headers=HX).content.decode()
    assert 'id="rows"' in maker.get(f"{page(running)}?part=rows", headers=HX).content.decode()
    batch = finished(running)
    assert maker.get(poll, headers=HX)["HX-Refresh"] == "true"
    text = words(maker.get(page(batch)))
    assert "2 of 3 paid, 1 failed" in text.replace(" ,", ",")
    assert "The bank or operator refused it." in text
    assert "hx-trigger" not in maker.get(page(batch)).content.decode().split('id="main"')[1]


def test_failed_rows_are_tried_again_and_paid_ones_are_not(running: Batch, maker: Browser, rail_sim: Simulator) -> None:
    batch = finished(running)
    assert "Tick the rows" in words(maker.post(url("retry", batch), {"row": "nonsense"}, follow=True))
    paid, failed = [
        next(row for row in rows_of(batch) if row.payout and row.payout.state == state)
        for state in (State.COMPLETED, State.FAILED)
    ]
    content = maker.get(page(batch)).content.decode()
    assert maker.get(reverse("company:transfer", args=[failed.payout.public_id])).status_code == 200  # type: ignore[union-attr]
    assert f"/company/transfers/{failed.payout.public_id}/" in content  # type: ignore[union-attr]
    assert f'value="{failed.public_id}" data-pick' in content
    assert f'value="{paid.public_id}" data-pick' not in content
    told = words(maker.post(url("retry", batch), {"row": [str(failed.public_id), str(paid.public_id)]}, follow=True))
    assert "1 row is tried again." in told
    assert "is not tried again:" in told
    batch = finished(batch)
    assert batch.state == BatchState.COMPLETED
    assert "Everything is paid." in words(maker.get(page(batch)))
    maker.post(url("retry", batch), {"rows": "all"})
    assert len([one for one in rail_sim.look("payouts")["payouts"] if one["paid"]]) == 3


def test_a_batch_is_paused_goes_on_and_its_rest_is_called_off(running: Batch, checker: Browser, maker: Browser) -> None:
    assert "Paused." in words(checker.post(url("pause", running), follow=True))
    work(0.5)
    running.refresh_from_db()
    assert running.paid == 0
    text = words(checker.get(page(running)))
    assert "Paused: 3 payments have not left." in text
    poll = f"{page(running)}?stage=live&s=paused&v={running.version}"
    assert checker.get(poll, headers=HX).status_code == 204
    checker.post(url("resume", running))
    told = words(checker.post(url("cancel", running), follow=True))
    assert "is called off" in told
    batch = finished(running)
    assert batch.cancelled == 3
    assert "its money is back in your balance" in words(maker.get(page(batch)))
    # Nothing of this can be done to one that has ended, and it says so.
    for name in ("pause", "resume", "cancel", "discard", "withdraw"):
        answer = (maker if name in ("discard", "withdraw") else checker).post(url(name, batch), follow=True)
        assert answer.status_code == 200
    batch.refresh_from_db()
    assert batch.state == BatchState.CANCELLED


def test_pages_cost_the_same_for_few_rows_and_for_many(office: Desk, maker: Browser, checker: Browser) -> None:
    few, many = office.made("10"), office.made(*["10.25"] * 40)
    assert cost(maker, page(many)) <= cost(maker, page(few)) + 1
    few, many = office.submitted("11"), office.submitted(*["12.25"] * 40)
    assert cost(checker, url("approve", many)) <= cost(checker, url("approve", few)) + 1
