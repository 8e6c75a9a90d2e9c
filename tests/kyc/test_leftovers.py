"""Files that a crash left behind go after a day; a file that a row names never does."""

import os
import threading
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections, transaction

from config.lib import clock
from config.schedule import SCHEDULE
from kyc import retention, tasks
from kyc.files import store
from kyc.models import KycDocument
from tests.kyc import reviewing as r

Left = Callable[..., str]


@pytest.fixture
def left(private_folder: Path) -> Left:
    """A file in the storage, written so many hours ago."""

    def leave(hours: float = 25) -> str:
        name = store.put(b"left over", uuid.uuid4())
        age(private_folder / name, hours)
        return name

    return leave


def age(path: Path, hours: float) -> None:
    moment = (clock.now() - timedelta(hours=hours)).timestamp()
    os.utime(path, (moment, moment))


def test_only_what_is_old_and_belongs_to_nobody_goes(db: None, private_folder: Path, left: Left) -> None:
    row = r.document(r.case(kinds=[]), with_file=True)
    KycDocument.objects.filter(pk=row.pk).update(thumbnail_as=left())
    age(private_folder / row.stored_as, 100)
    old, young = left(), left(hours=23)
    others = private_folder / "ab" / "README"
    others.parent.mkdir(exist_ok=True)
    others.write_text("not ours")
    age(others, 1000)
    tasks.sweep_files()
    row.refresh_from_db()
    there = {str(path.relative_to(private_folder)) for path in private_folder.rglob("*") if path.is_file()}
    assert there == {row.stored_as, row.thumbnail_as, young, "ab/README"}
    assert old not in there
    assert retention.forget_leftovers() == 0


def test_an_empty_or_missing_folder(db: None) -> None:
    assert retention.forget_leftovers() == 0


@pytest.mark.django_db(transaction=True)
def test_a_row_that_comes_in_between_keeps_its_file(private_folder: Path, left: Left) -> None:
    """The row is written while the sweep has made its list and waits for the lock: the file stays."""
    kept, gone = left(), left()
    case = r.case(kinds=[])
    done: list[int] = []

    def sweep() -> None:
        try:
            done.append(retention.forget_leftovers())
        finally:
            connections.close_all()

    with transaction.atomic():
        r.document(case)
        sweeper = threading.Thread(target=sweep)
        sweeper.start()
        wait_for_a_lock()
        KycDocument.objects.update(stored_as=kept)
    sweeper.join(timeout=30)
    assert done == [1]
    assert (private_folder / kept).exists()
    assert not (private_folder / gone).exists()


def wait_for_a_lock() -> None:
    table = KycDocument._meta.db_table
    for _turn in range(600):
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = %s::regclass", [table])
            if cursor.fetchone():
                return
        time.sleep(0.05)
    pytest.fail("The sweep never asked for the lock.")


def test_too_many_at_once_are_a_wrong_database(db: None, left: Left, monkeypatch: Any, caplog: Any) -> None:
    monkeypatch.setattr(retention, "MOST", 2)
    names = [left() for _turn in range(3)]
    assert retention.forget_leftovers() == 0
    assert sorted(store.names()) == sorted(names)
    assert "right database" in caplog.text


def test_it_runs_every_night() -> None:
    assert SCHEDULE["identity-files"]["task"] == tasks.sweep_files.name
