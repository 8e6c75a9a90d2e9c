"""Two at once: places in the chain are given in the order of commits, without gaps, and nobody waits before that.

Real threads, each with a connection of its own and real commits. The race is shown first with the lock taken out.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import Error as DjangoError
from django.db import IntegrityError, connection, transaction

from accounts.models import AuditEntry, AuditSeal, PortalUser, User
from tests.accounts.audit_chain import check, note, places, run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]


def at_once(*acts: Callable[[], Any]) -> list[Exception | None]:
    """Start all of them at the same moment; the error of each."""
    barrier = threading.Barrier(len(acts))

    def start(act: Callable[[], Any]) -> Exception | None:
        try:
            connection.ensure_connection()
            barrier.wait()
            act()
        except DjangoError as error:
            return error
        finally:
            connection.close()
        return None

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(start, acts))


@contextmanager
def unfinished(act: Callable[[], Any]) -> Iterator[threading.Event]:
    """``act`` has happened in another transaction; it commits when the event is set, or the block ends."""
    acted, end = threading.Event(), threading.Event()

    def keep_open() -> None:
        try:
            with transaction.atomic():
                act()
                acted.set()
                assert end.wait(60)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        kept: Future[None] = pool.submit(keep_open)
        try:
            while not acted.wait(0.01):
                assert not kept.done(), kept.exception()
            yield end
        finally:
            end.set()
            kept.result(60)


def wait_until_locked(count: int) -> None:
    """Until so many connections are seen waiting for a lock."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0] >= count:
                return
        time.sleep(0.01)
    raise AssertionError("nobody waits")


def _commit_one() -> None:
    with transaction.atomic():
        note()


# The same trigger without its lock: it looks where the chain ends, and then writes.
_WITHOUT_LOCK = """
CREATE OR REPLACE FUNCTION audit_seal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE head accounts_audithead;
BEGIN
  SELECT * INTO head FROM accounts_audithead WHERE id = 1;
  PERFORM pg_sleep(0.3);
  UPDATE accounts_auditseal SET position = head.position + 1,
         hash = audit_hash(head.hash, head.position + 1, 'x') WHERE entry_id = NEW.entry_id;
  UPDATE accounts_audithead SET position = head.position + 1 WHERE id = 1;
  RETURN NULL;
END $$
"""


@pytest.fixture
def without_lock(transactional_db: None) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef('audit_seal'::regproc)")
        as_shipped = cursor.fetchone()[0]
        cursor.execute(_WITHOUT_LOCK)
        yield
        cursor.execute(as_shipped)


def test_without_the_lock_a_place_is_given_twice(without_lock: None) -> None:
    _commit_head()
    errors = [error for error in at_once(_commit_one, _commit_one) if error]
    assert len(errors) == 1
    assert isinstance(errors[0], IntegrityError)
    assert "position" in str(errors[0])


def _commit_head() -> None:
    # The first entry of all makes the head; the race is that of the later ones.
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_audithead DISABLE TRIGGER USER")
        cursor.execute("INSERT INTO accounts_audithead VALUES (1, 0, '') ON CONFLICT DO NOTHING")
        cursor.execute("ALTER TABLE accounts_audithead ENABLE TRIGGER USER")


def test_the_first_entries_of_all_may_come_together() -> None:
    assert at_once(*[_commit_one] * 6) == [None] * 6
    assert places() == [1, 2, 3, 4, 5, 6]
    assert check()[0] == 0


def test_many_at_once_leave_no_gap() -> None:
    def many(worker: int) -> None:
        for round_ in range(20):
            with transaction.atomic():
                for _ in range(1 + round_ % 3):
                    note(f"test.worker{worker}")
                if round_ % 4 == 3:
                    transaction.set_rollback(True)

    errors = at_once(*[lambda worker=worker: many(worker) for worker in range(8)])
    assert errors == [None] * 8
    kept = AuditEntry.objects.count()
    assert kept == 8 * sum(1 + round_ % 3 for round_ in range(20) if round_ % 4 != 3)
    assert places() == list(range(1, kept + 1))
    assert check()[0] == 0


def test_places_follow_the_commits_and_nobody_waits_for_an_open_transaction() -> None:
    with unfinished(lambda: note("test.early")) as end:
        _commit_one()
        assert places() == [1]
        end.set()
    order = [AuditEntry.objects.get(pk=seal.entry_id).action for seal in AuditSeal.objects.order_by("position")]
    assert order == ["test.done", "test.early"]
    assert check()[0] == 0


def test_an_entry_that_is_rolled_back_has_no_place() -> None:
    with transaction.atomic():
        note()
        transaction.set_rollback(True)
    _commit_one()
    assert places() == [1]
    assert check()[0] == 0


def test_seals_within_one_transaction_keep_their_order() -> None:
    with transaction.atomic():
        for number in range(5):
            note(f"test.step{number}")
    seals = AuditSeal.objects.order_by("position")
    assert [seal.entry_id for seal in seals] == list(AuditEntry.objects.order_by("id").values_list("id", flat=True))


def test_whoever_holds_the_head_waits_for_nobody() -> None:
    """One transaction notes something and then adds a row that points to a person; another holds that person and
    notes something. Were the head taken before the foreign key is checked, each would wait for the other."""
    person = User.objects.create_user("sari@example.id", None)

    def point_to_her() -> None:
        with transaction.atomic():
            note("test.pointed")
            PortalUser.objects.create(user=person, user_name="sari")

    def hold_her() -> None:
        note("test.held")
        User.objects.select_for_update().get(pk=person.pk)

    with ThreadPoolExecutor(1) as pool, unfinished(hold_her) as end:
        pointing = pool.submit(at_once, point_to_her)
        wait_until_locked(1)
        end.set()
        assert pointing.result(30) == [None]
    assert places() == [1, 2]
    assert check()[0] == 0


def test_the_chain_stops_when_its_head_is_taken_away() -> None:
    _commit_one()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE accounts_audithead DISABLE TRIGGER USER")
        cursor.execute("DELETE FROM accounts_audithead")
        cursor.execute("ALTER TABLE accounts_audithead ENABLE TRIGGER USER")
    with pytest.raises(IntegrityError):
        _commit_one()
    assert run("SELECT 1 FROM accounts_auditentry") == 1
