"""Uploads and their rows, as people and programs change them: put right, left out, taken home and brought back."""

import csv
import io
import threading
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.utils import translation

from accounts.access.actors import Actor
from accounts.models import AuditEntry, Client, Role
from config.lib import sealed_files
from config.lib.clock import now
from config.lib.errors import Invalid, TooLarge
from payouts import checking, tasks
from payouts.checking import reading, stored
from payouts.errors import FileRefused, FileTooLarge, NotReady, ReasonNeeded, TooManyUploads, WrongState
from payouts.models import Batch, BatchRow
from payouts.models.states import BatchState, RowState
from payouts.moving import hold, move
from payouts.services import batches, rows
from payouts.services.rows import Item
from tests.accounts.cast import api_user, person
from tests.payouts.house import payment, program, somebody
from tests.payouts.test_checking import adds_up, batch_of, submitted
from tests.payouts.uploads import ACCOUNT, NUMBER, as_csv, as_xlsx, problems, read, uploaded

pytestmark = pytest.mark.django_db


def file(content: bytes, name: str = "salaries.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def at(batch: Batch, position: int) -> BatchRow:
    return BatchRow.objects.get(batch=batch, position=position)


def last_action() -> str:
    return AuditEntry.objects.latest("id").action


# --- uploads ------------------------------------------------------------------------------------------------------


def test_an_upload_waits_for_the_worker_sealed(maker: Actor, payer: Client, private_folder: Path) -> None:
    content = as_csv([(ACCOUNT, "5", "Ann Secret", "")])
    batch = rows.upload(actor=maker, name="", file=file(content, "C:\\pay\\sal\u202earies.csv"))
    assert (batch.state, batch.client, batch.name, batch.file_name) == (
        "checking",
        payer,
        "salaries.csv",
        "salaries.csv",
    )
    assert maker.user is not None
    assert (batch.made_by, batch.makers, batch.is_sandbox) == (maker.user, [f"user:{maker.user.pk}"], False)
    [kept] = [path for path in private_folder.rglob("*") if path.is_file()]
    assert b"Secret" not in kept.read_bytes()
    assert last_action() == "batch.uploaded"
    tasks.read_file(batch_id=batch.pk)
    batch.refresh_from_db()
    assert (batch.state, batch.rows) == ("validated", 1)
    assert not any(path.is_file() for path in private_folder.rglob("*"))
    tasks.read_file(batch_id=batch.pk)
    assert BatchRow.objects.filter(batch=batch).count() == 1


def test_pasted_rows(maker: Actor) -> None:
    batch = read(rows.paste(actor=maker, name="November", text=f"{ACCOUNT}\t1.250,50\tAnn\n{NUMBER}\t5\n"))
    assert (batch.origin, batch.state, batch.rows, batch.amount) == ("paste", "validated", 2, Decimal("1255.50"))


def test_an_upload_that_cannot_be_read_says_why(maker: Actor, private_folder: Path) -> None:
    batch = uploaded(maker, b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "picture.csv")
    assert (batch.state, batch.trouble, batch.rows) == ("unreadable", "encoding", 0)
    assert not any(path.is_file() for path in private_folder.rglob("*"))
    torn = uploaded(maker, f'Account,Amount\n{ACCOUNT},5\n"{NUMBER},5\n'.encode())
    assert (torn.state, torn.trouble.partition(":")[0], BatchRow.objects.count()) == ("unreadable", "quotes", 0)


@pytest.mark.parametrize("make", [as_csv, as_xlsx], ids=["text", "workbook"])
def test_a_file_with_too_many_rows_leaves_none(maker: Actor, settings: Any, make: Any, monkeypatch: Any) -> None:
    settings.PAYOUT_FILE_ROWS = 5
    monkeypatch.setattr(stored, "PIECE", 2)
    batch = uploaded(maker, make([(ACCOUNT, f"{n}", "", "") for n in range(1, 7)]))
    assert (batch.state, batch.trouble, BatchRow.objects.count()) == ("unreadable", "too_long", 0)


def test_pieces_join_without_a_seam(maker: Actor, monkeypatch: Any) -> None:
    monkeypatch.setattr(stored, "PIECE", 2)
    batch = batch_of(maker, *[(ACCOUNT, str(amount)) for amount in (1, 2, 3, 4, 1)])
    assert [row.position for row in BatchRow.objects.filter(batch=batch).order_by("id")] == [1, 2, 3, 4, 5]
    marked = [problem.startswith("same_in_file") for problem in problems(batch)]
    assert marked == [True, False, False, False, True]
    assert adds_up(batch)


def test_rows_are_checked_again_piece_by_piece(maker: Actor, payer: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr(stored, "PIECE", 2)
    batch = batch_of(maker, *[(ACCOUNT, str(amount)) for amount in (1, 2, 3, 4, 1)], ("x", "5"))
    payment(payer, receiver=ACCOUNT, amount=Decimal(4))
    checking.judge_again(batch)
    assert problems(batch) == ["same_in_file", "", "", "same_lately", "same_in_file", "bad_destination"]
    assert (batch.valid, batch.warning, batch.error, adds_up(batch)) == (2, 3, 1, True)


@pytest.mark.django_db(transaction=True)
def test_nobody_fills_the_disk_with_uploads(maker: Actor, private_folder: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(rows, "_MOST_WAITING", 3)
    refused: list[Exception] = []

    def work() -> None:
        try:
            rows.paste(actor=maker, name="x", text=f"{ACCOUNT}\t5\n")
        except TooManyUploads as error:
            refused.append(error)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    assert (Batch.objects.count(), len(refused)) == (3, 5)
    assert len(list(private_folder.rglob("batches/*"))) == 3


def test_what_is_refused_at_the_door(maker: Actor, settings: Any) -> None:
    with pytest.raises(FileRefused):
        rows.upload(actor=maker, name="x", file=file(b""))
    with pytest.raises(FileRefused):
        rows.paste(actor=maker, name="x", text=" \n ")
    with pytest.raises(Invalid):
        rows.paste(actor=maker, name=" \u202e ", text="a")
    settings.PAYOUT_FILE_BYTES = 10
    with pytest.raises(FileTooLarge):
        rows.upload(actor=maker, name="x", file=file(b"x" * 11))
    assert not Batch.objects.exists()


def test_an_upload_that_was_lost_or_exchanged_is_said_to_be(maker: Actor, private_folder: Path) -> None:
    first, second = (rows.paste(actor=maker, name=n, text=f"{NUMBER}\t{n}\n") for n in "12")
    paths = [private_folder / "batches" / batch.public_id.hex for batch in (first, second)]
    paths[1].write_bytes(paths[0].read_bytes())
    paths[0].unlink()
    assert [(read(one).state, one.trouble) for one in (first, second)] == [("unreadable", "lost")] * 2


def test_a_worker_that_dies_leaves_everything_for_the_next_one(maker: Actor, monkeypatch: Any) -> None:
    batch = rows.paste(actor=maker, name="x", text=f"{ACCOUNT}\t5\n{NUMBER}\t6\n")

    def die(*_given: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as broken:
        broken.setattr(reading, "move", die)
        with pytest.raises(SystemExit):
            reading.read(batch.pk)
    assert BatchRow.objects.count() == 0
    assert reading.due() == []
    Batch.objects.filter(pk=batch.pk).update(updated_at=now() - timedelta(minutes=1))
    assert reading.due() == [batch.pk]
    tasks.read_files()
    assert (BatchRow.objects.count(), reading.due()) == (2, [])


def test_a_file_that_ends_every_worker_is_given_up(maker: Actor, monkeypatch: Any) -> None:
    batch = rows.paste(actor=maker, name="x", text=f"{ACCOUNT}\t5\n")

    def die(*_given: Any, **_more: Any) -> None:
        raise MemoryError

    with monkeypatch.context() as broken:
        broken.setattr(reading, "store", die)
        for _ in range(3):
            with pytest.raises(MemoryError):
                reading.read(batch.pk)
        assert (read(batch).state, batch.trouble) == ("unreadable", "too_much")


def test_uploads_that_nobody_reads_are_swept(maker: Actor, monkeypatch: Any) -> None:
    batch = rows.paste(actor=maker, name="x", text=f"{ACCOUNT}\t5\n")
    stray = uuid4()
    sealed_files.put("batches", stray, [b"left behind"])
    assert reading.sweep() == 0
    monkeypatch.setattr(reading, "_LEFT", timedelta(seconds=-5))
    tasks.forget_files()
    assert [owner for owner, _since in sealed_files.kept("batches")] == [batch.public_id]


def test_the_very_same_file_is_noticed(maker: Actor, payer: Client) -> None:
    first = batch_of(maker, (ACCOUNT, "5"))
    second, other = batch_of(maker, (ACCOUNT, "5")), batch_of(maker, (ACCOUNT, "6"))
    assert (rows.same_file(second), rows.same_file(other)) == (first, None)
    Batch.objects.filter(pk=first.pk).update(state="cancelled")
    assert rows.same_file(second) is None


@pytest.mark.django_db(transaction=True)
def test_two_workers_read_one_upload_once(maker: Actor) -> None:
    batch = rows.paste(actor=maker, name="x", text=f"{ACCOUNT}\t5\n" * 50)
    start = threading.Barrier(3)

    def work() -> None:
        try:
            start.wait(10)
            reading.read(batch.pk)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    batch.refresh_from_db()
    assert (batch.state, batch.rows, BatchRow.objects.filter(batch=batch).count()) == ("validated", 50, 50)


# --- by a program -------------------------------------------------------------------------------------------------


def test_items_of_a_program(payer: Client) -> None:
    bot = api_user(payer)
    items = [
        Item(ACCOUNT, Decimal("5")),
        Item(NUMBER, Decimal("1E+1"), "Ann", "Salary"),
        Item("999" + ACCOUNT, Decimal(1)),
    ]
    batch = rows.from_items(actor=program(bot, is_sandbox=True), name="Salaries 11/2026", items=items)
    assert (batch.state, batch.name, batch.is_sandbox) == ("validated", "Salaries 11/2026", True)
    assert (batch.made_by_api_user, batch.made_by, batch.makers) == (bot, None, [f"api_user:{bot.pk}"])
    # No such bank: beyond form, so the row is kept and wrong (TeraPay contract 10).
    assert (batch.rows, batch.error, batch.amount) == (3, 1, Decimal(15))


def test_items_that_are_wrong_in_form_refuse_all(payer: Client) -> None:
    actor = program(api_user(payer))
    items = [
        Item(ACCOUNT, Decimal(5)),
        Item("hello", Decimal("0.001")),
        Item("", Decimal(0)),
        Item(ACCOUNT, Decimal(-1), "x\ud800"),
        Item(ACCOUNT, Decimal("NaN")),
    ]
    with pytest.raises(Invalid) as caught:
        rows.from_items(actor=actor, name="x", items=items)
    assert sorted(caught.value.fields) == [
        "items[1].amount",
        "items[1].destination",
        "items[2].amount",
        "items[2].destination",
        "items[3].amount",
        "items[3].narration",
        "items[4].amount",
    ]
    assert (Batch.objects.count(), BatchRow.objects.count()) == (0, 0)


def test_no_items_no_name_or_too_many(payer: Client, settings: Any) -> None:
    actor, one = program(api_user(payer)), Item(ACCOUNT, Decimal(5))
    with pytest.raises(Invalid) as none:
        rows.from_items(actor=actor, name="x", items=[])
    with pytest.raises(Invalid) as nameless:
        rows.from_items(actor=actor, name=" ", items=[one])
    settings.PAYOUT_FILE_ROWS = 2
    with pytest.raises(TooLarge):
        rows.from_items(actor=actor, name="x", items=[one] * 3)
    assert (list(none.value.fields), list(nameless.value.fields)) == (["items"], ["name"])


# --- put right, left out ------------------------------------------------------------------------------------------


def test_a_row_is_put_right_in_place(maker: Actor) -> None:
    batch = batch_of(maker, (ACCOUNT, "5", "Ann"), ("x", "5", "Ben"))
    fresh = rows.edit(actor=maker, row=at(batch, 2), destination=f" {ACCOUNT}", amount="5.00", receiver_name="Ben  B")
    assert (fresh.state, fresh.receiver, fresh.receiver_name) == (RowState.WARNING, ACCOUNT, "Ben B")
    # Now the other one is there twice as well.
    assert problems(batch) == ["same_in_file,new_receiver"] * 2
    batch.refresh_from_db()
    assert (batch.error, batch.amount, adds_up(batch)) == (0, Decimal(10), True)
    entry = AuditEntry.objects.latest("id")
    assert (entry.action, entry.before["receiver"], entry.after["receiver"]) == ("batch.row_edited", "x", ACCOUNT)
    rows.edit(actor=maker, row=fresh, destination=ACCOUNT, amount="6")
    assert problems(batch) == ["new_receiver"] * 2
    still = rows.edit(actor=maker, row=fresh, destination="", amount="no")
    assert (still.problems, still.state, still.amount) == ("no_destination,bad_amount", RowState.ERROR, None)


def test_an_edited_row_keeps_its_reference_and_its_place(maker: Actor) -> None:
    batch = batch_of(maker, ("x", "5"))
    before = at(batch, 1)
    after = rows.edit(actor=maker, row=before, destination=NUMBER, amount="5")
    assert (after.pk, after.public_id, after.reference) == (before.pk, before.public_id, before.reference)


@pytest.mark.parametrize("what", ["edit", "leave_out", "put_back", "replace"])
def test_any_change_voids_what_was_approved_and_makes_a_maker(maker: Actor, payer: Client, what: str) -> None:
    batch = batch_of(maker, (ACCOUNT, "5"), (NUMBER, "6"))
    submitted(batch, "approved")
    other = somebody(person("ben", Role.PORTAL_ADMIN, client=payer).user)
    assert other.user is not None
    batch.refresh_from_db()
    {
        "edit": lambda: rows.edit(actor=other, row=at(batch, 1), destination=ACCOUNT, amount="7"),
        "leave_out": lambda: rows.leave_out(actor=other, batch=batch, rows=[at(batch, 1).public_id]),
        "put_back": lambda: rows.put_back(actor=other, batch=batch, rows="all"),
        "replace": lambda: rows.replace(
            actor=other, batch=batch, file=file(as_csv([("1", ACCOUNT, "8")], head=["Row", "Account", "Amount"]))
        ),
    }[what]()
    batch.refresh_from_db()
    assert (batch.state, batch.approved_at, batch.approved_digest) == ("validated", None, "")
    assert batch.makers[-1] == f"user:{other.user.pk}"
    assert adds_up(batch)


def test_rows_of_a_batch_that_has_begun_stay(maker: Actor) -> None:
    batch = batch_of(maker, (ACCOUNT, "5"), ("x", "6"))
    submitted(batch, "approved")
    Batch.objects.filter(pk=batch.pk).update(state=BatchState.PROCESSING)
    corrected = file(as_csv([("1", ACCOUNT, "8")], head=["Row", "Account", "Amount"]))
    for change in (
        lambda: rows.edit(actor=maker, row=at(batch, 1), destination=NUMBER, amount="7"),
        lambda: rows.leave_out(actor=maker, batch=batch, rows="errors"),
        lambda: rows.put_back(actor=maker, batch=batch, rows="all"),
        lambda: rows.replace(actor=maker, batch=batch, file=corrected),
    ):
        with pytest.raises(WrongState):
            change()
    assert [row.state for row in BatchRow.objects.order_by("position")] == [RowState.WARNING, RowState.ERROR]


def test_wrong_rows_are_left_out_and_put_back(maker: Actor) -> None:
    batch = batch_of(maker, (ACCOUNT, "5"), (ACCOUNT, "5"), ("x", "7"), (NUMBER, "?"))
    assert rows.leave_out(actor=maker, batch=batch, rows="errors") == 2
    assert (batch.rows, batch.error, batch.excluded, batch.excluded_amount) == (4, 0, 2, Decimal(7))
    assert last_action() == "batch.rows_left_out"
    # The first of two that are the same: the second one is alone now.
    assert rows.leave_out(actor=maker, batch=batch, rows=[at(batch, 1).public_id]) == 1
    assert at(batch, 2).problems == "new_receiver"
    assert (batch.excluded, batch.amount, batch.excluded_amount) == (3, Decimal(5), Decimal(12))
    assert adds_up(batch)
    assert rows.leave_out(actor=maker, batch=batch, rows=[at(batch, 1).public_id, uuid4()]) == 0
    assert rows.put_back(actor=maker, batch=batch, rows=[at(batch, 3).public_id]) == 1
    assert rows.put_back(actor=maker, batch=batch, rows="all") == 2
    assert problems(batch) == ["same_in_file,new_receiver"] * 2 + ["bad_destination", "bad_amount"]
    assert (batch.excluded, batch.error, adds_up(batch)) == (0, 2, True)


def test_rows_of_another_batch_are_not_touched(maker: Actor) -> None:
    mine, other = batch_of(maker, (ACCOUNT, "5")), batch_of(maker, (NUMBER, "5"))
    assert rows.leave_out(actor=maker, batch=mine, rows=[at(other, 1).public_id]) == 0
    assert at(other, 1).state == RowState.WARNING


@pytest.mark.parametrize("language", ["en", "id"])
def test_wrong_rows_go_home_and_come_back_right(maker: Actor, language: str) -> None:
    long = "x" * 130
    batch = batch_of(maker, (ACCOUNT, "5"), ("999001014892010184", "6", "Ben"), ("+232 11", "7"), (NUMBER, "8", long))
    with translation.override(language):
        taken = list(csv.reader(io.StringIO("".join(rows.errors_file(batch)).removeprefix("\ufeff"))))
        assert [(line[0], line[1]) for line in taken[1:]] == [
            ("2", "'999001014892010184"),
            ("3", "'+232 11"),
            ("4", f"'{NUMBER}"),
        ]
        assert all(line[-1] for line in taken)
        taken[1][1], taken[2][1], taken[3][3] = ACCOUNT, "076 11 11 11", "Short"
        out = io.StringIO()
        csv.writer(out, delimiter=";").writerows([*taken, ["", NUMBER, "9"], ["77", NUMBER, "9"]])
        replaced = rows.replace(actor=maker, batch=batch, file=file(out.getvalue().encode("utf-16")))
    assert (replaced.rows, list(replaced.unknown)) == (3, [5, 6])
    assert (batch.error, batch.rows, batch.amount, adds_up(batch)) == (0, 4, Decimal(26), True)
    assert at(batch, 2).receiver_name == "Ben"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"hello", "no_columns"),
        (as_csv([(ACCOUNT, "5", "", "")]), "no_places"),
        (as_csv([("1", ACCOUNT, "5"), ("1", ACCOUNT, "6")], head=["Row", "Account", "Amount"]), "places_twice"),
    ],
    ids=["no table", "no places", "twice"],
)
def test_a_file_of_corrections_that_says_nothing(maker: Actor, content: bytes, code: str) -> None:
    batch = batch_of(maker, ("x", "5"))
    with pytest.raises(FileRefused) as caught:
        rows.replace(actor=maker, batch=batch, file=file(content))
    assert caught.value.code == code
    assert problems(batch) == ["bad_destination"]


def test_an_approval_and_an_edit_do_not_pass_each_other(maker: Actor) -> None:
    """The flow binds its digest under the same lock that an edit takes."""
    batch = batch_of(maker, (ACCOUNT, "5"))
    held = hold(batch)
    seen = checking.digest_of(held)
    move(held, BatchState.AWAITING_APPROVAL)
    rows.edit(actor=maker, row=at(batch, 1), destination=ACCOUNT, amount="6")
    batch.refresh_from_db()
    assert (batch.state, checking.digest_of(batch) == seen) == ("validated", False)


def test_the_same_file_submitted_twice_is_paid_once_without_a_word(maker: Actor, payer: Client) -> None:
    """Whichever is approved first goes back when the other one has come meanwhile; only a typed reason lets both go."""
    checker = somebody(person("ben", Role.PORTAL_ADMIN, client=payer).user)
    first, second = batch_of(maker, (ACCOUNT, "5")), batch_of(maker, (ACCOUNT, "5"))
    batches.submit(actor=maker, batch=first)
    with pytest.raises(ReasonNeeded):
        batches.submit(actor=maker, batch=second)
    batches.submit(actor=maker, batch=second, duplicates_reason="They work two shifts")
    with pytest.raises(NotReady):
        batches.approve(actor=checker, batch=first)
    first.refresh_from_db()
    assert (first.state, problems(first)) == ("validated", ["new_receiver,same_lately"])
    assert batches.approve(actor=checker, batch=second).approved_at
    with pytest.raises(ReasonNeeded):
        batches.submit(actor=maker, batch=first)
