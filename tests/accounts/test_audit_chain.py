"""The audit record is written once, sealed in the order of commits, and every kind of tampering is found."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import Error as DjangoError
from django.db import connection, transaction
from django.db.models import F

from accounts import proof
from accounts.models import AuditCheck, AuditEntry, AuditHead, AuditSeal
from accounts.tasks import check_audit
from tests.accounts.audit_chain import TABLES, check, guards_down, note, places, run, seal_now

pytestmark = pytest.mark.django_db

COLUMNS = sorted(field.column for field in AuditEntry._meta.fields)


@pytest.fixture
def five(db: None) -> list[int]:
    """The ids of five sealed entries, one check after them."""
    for number in range(1, 6):
        note(f"test.step{number}", before={"n": number - 1}, after={"n": number})
    seal_now()
    return list(AuditEntry.objects.order_by("id").values_list("id", flat=True))


def test_a_true_chain_passes(five: list[int]) -> None:
    assert places() == [1, 2, 3, 4, 5]
    code, text = check()
    assert code == 0
    assert "5 entries" in text
    seen = AuditCheck.objects.get()
    assert (seen.problems, seen.position) == ([], 5)
    assert seen.hash == bytes(AuditHead.objects.get().hash).hex()
    assert f"5:{seen.hash}" in text


def test_an_empty_chain_passes(db: None) -> None:
    assert check()[0] == 0


def test_the_nightly_run_keeps_what_it_found(five: list[int]) -> None:
    tamper("UPDATE accounts_auditentry SET actor_label = 'nobody' WHERE id = %s", five[1])
    check_audit()
    assert len(AuditCheck.objects.get().problems) == 1


def test_a_long_chain_is_checked_in_pieces(five: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "_CHUNK", 2)
    assert check()[0] == 0
    tamper("UPDATE accounts_auditentry SET via = 'x' WHERE id = ANY(%s)", five)
    assert len(proof.run().problems) == 5


# --- what the database refuses ----------------------------------------------------------------------------

REFUSED: dict[str, Callable[[], Any]] = {
    "change an entry": lambda: AuditEntry.objects.update(actor_label="x"),
    "save an entry again": lambda: AuditEntry.objects.order_by("id")[0].save(),
    "change nothing really": lambda: AuditEntry.objects.update(via=F("via")),
    "remove an entry": lambda: AuditEntry.objects.order_by("id")[0].delete(),
    "remove all": lambda: AuditEntry.objects.all()._raw_delete("default"),
    "put in a seal": lambda: AuditSeal.objects.create(entry_id=999, position=6, hash=b"x"),
    "change a seal": lambda: AuditSeal.objects.update(hash=b"x"),
    "move a seal": lambda: AuditSeal.objects.filter(position=5).update(position=6),
    "remove a seal": lambda: AuditSeal.objects.filter(position=5).delete(),
    "change the head": lambda: AuditHead.objects.update(position=4),
    "remove the head": lambda: AuditHead.objects.all().delete(),
    "another head": lambda: AuditHead.objects.create(id=2, position=0, hash=b""),
    "change a check": lambda: AuditCheck.objects.update(problems=[]),
    "remove a check": lambda: AuditCheck.objects.all().delete(),
    "upsert": lambda: run(
        "INSERT INTO accounts_auditseal (entry_id, position) VALUES (1, 1)"
        " ON CONFLICT (entry_id) DO UPDATE SET position = 9"
    ),
    **{f"empty {table}": lambda table=table: run(f"TRUNCATE {table} CASCADE") for table in TABLES},
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_database_refuses(name: str, five: list[int]) -> None:
    proof.run()
    before = _print()
    with pytest.raises(DjangoError) as refusal, transaction.atomic():
        REFUSED[name]()
    assert getattr(refusal.value.__cause__, "sqlstate", "") in {"GB009", "23514"}
    assert _print() == before


def _print() -> list[Any]:
    with connection.cursor() as cursor:
        found = []
        for table in TABLES:
            cursor.execute(f"SELECT t::text FROM {table} AS t ORDER BY 1")
            found.append(cursor.fetchall())
    return found


# --- what the check finds: the owner of the tables, triggers off ------------------------------------------


def tamper(statement: str, *values: Any) -> None:
    with guards_down():
        assert run(statement, *values) > 0, "nothing was touched"


OTHER_VALUES = {
    "at": "'2001-01-01'",
    "client_id": "gen_random_uuid()",
    "actor_client_id": "gen_random_uuid()",
    "is_sandbox": "true",
    "address": "'192.0.2.1'",
}
OTHER_VALUES |= {"before": """'{"n": 7}'""", "after": """'{"n": "5"}'""", "id": "id + 1000"}


@pytest.mark.parametrize("column", COLUMNS)
def test_a_change_of_any_column_is_found(column: str, five: list[int]) -> None:
    value = OTHER_VALUES.get(column, "'x'")
    tamper(f"UPDATE accounts_auditentry SET {column} = {value} WHERE id = %s", five[2])
    code, text = check()
    assert code == 1
    assert "place 3" in text


DAMAGES: dict[str, tuple[tuple[str, ...], str]] = {
    "an entry removed": (("DELETE FROM accounts_auditentry WHERE id = {3}",), "place 3 .* was taken away"),
    "an entry and its seal removed": (
        ("DELETE FROM accounts_auditentry WHERE id = {3}", "DELETE FROM accounts_auditseal WHERE entry_id = {3}"),
        "Places up to 3 of the chain are missing",
    ),
    "removed, and the places closed up": (
        (
            "DELETE FROM accounts_auditentry WHERE id = {3}",
            "DELETE FROM accounts_auditseal WHERE entry_id = {3}",
            "UPDATE accounts_auditseal SET position = position - 1 WHERE position = 4",
            "UPDATE accounts_auditseal SET position = position - 1 WHERE position = 5",
            "UPDATE accounts_audithead SET position = 4",
        ),
        "place 3 .* does not fit",
    ),
    "the first removed": (
        ("DELETE FROM accounts_auditentry WHERE id = {1}", "DELETE FROM accounts_auditseal WHERE entry_id = {1}"),
        "Places up to 1",
    ),
    "an entry put in": (
        (
            "INSERT INTO accounts_auditentry (actor_kind, actor_id, actor_label, acting_as, action, object_type,"
            " object_id, object_label, via, request_id, before, after) SELECT actor_kind, actor_id, actor_label,"
            " acting_as, action, object_type, object_id, object_label, via, request_id, before, after"
            " FROM accounts_auditentry WHERE id = {2}",
        ),
        "has no place in the chain: it was put in",
    ),
    "an entry put in with a seal made up": (
        (
            "INSERT INTO accounts_auditentry SELECT (made).* FROM (SELECT jsonb_populate_record(e, '{{\"id\": 9000}}')"
            " AS made FROM accounts_auditentry AS e WHERE id = {5}) AS forged",
            "INSERT INTO accounts_auditseal VALUES (9000, 6, sha256('x'))",
        ),
        "place 6 .* does not fit",
    ),
    "a seal outside the chain": (
        ("INSERT INTO accounts_auditseal VALUES (9000, -1, sha256('x'))",),
        "number 9000 has no place",
    ),
    "two entries swapped": (
        (
            "UPDATE accounts_auditseal SET position = 99 WHERE position = 2",
            "UPDATE accounts_auditseal SET position = 2 WHERE position = 4",
            "UPDATE accounts_auditseal SET position = 4 WHERE position = 99",
        ),
        "place 2 .* does not fit",
    ),
    "two entries swapped under their seals": (
        (
            "UPDATE accounts_auditseal SET entry_id = -1 WHERE position = 2",
            "UPDATE accounts_auditseal SET entry_id = {2} WHERE position = 4",
            "UPDATE accounts_auditseal SET entry_id = {4} WHERE position = 2",
        ),
        "place 2 .* does not fit",
    ),
    "a hash replaced": (("UPDATE accounts_auditseal SET hash = sha256('x') WHERE position = 3",), "place 4 .* fit"),
    "a hash taken away": (("UPDATE accounts_auditseal SET hash = NULL WHERE position = 3",), "place 3 .* fit"),
    "the end cut off": (
        ("DELETE FROM accounts_auditentry WHERE id > {3}", "DELETE FROM accounts_auditseal WHERE position > 3"),
        "ends at place 3 and its head says 5: the end was cut off",
    ),
    "everything emptied but the head": (
        ("DELETE FROM accounts_auditentry", "DELETE FROM accounts_auditseal"),
        "ends at place 0 and its head says 5",
    ),
    "the head set back": (("UPDATE accounts_audithead SET position = 4",), "head of the chain .place 4"),
    "the head taken away": (("DELETE FROM accounts_audithead",), "head of the chain .place 0"),
    "the head's hash replaced": (("UPDATE accounts_audithead SET hash = sha256('x')",), "head of the chain .place 5"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_found_and_named(name: str, five: list[int]) -> None:
    statements, words = DAMAGES[name]
    assert check()[0] == 0
    for statement in statements:
        tamper(statement.format(*[0, *five]))
    code, text = check()
    assert code == 1
    assert re.search(words, text), text


def rewrite_from(place: int) -> None:
    """Reckon every seal from ``place`` on anew, and the head: a forger who knows the way."""
    last = max(place for place in places() if place)
    for number in range(place, last + 1):
        run(
            "UPDATE accounts_auditseal AS s SET hash = audit_hash(coalesce((SELECT hash FROM accounts_auditseal"
            " WHERE position = s.position - 1), ''), s.position, (SELECT audit_text(e) FROM accounts_auditentry AS e"
            " WHERE e.id = s.entry_id)) WHERE position = %s",
            number,
        )
    run(
        "UPDATE accounts_audithead SET (position, hash) ="
        " (SELECT position, hash FROM accounts_auditseal ORDER BY position DESC LIMIT 1)"
    )


def test_a_chain_written_anew_is_found_by_what_was_seen_before(five: list[int]) -> None:
    assert check()[0] == 0
    tamper("UPDATE accounts_auditentry SET actor_label = 'nobody' WHERE id = %s", five[1])
    with guards_down():
        rewrite_from(2)
    code, text = check()
    assert code == 1
    assert "Place 5 is not what was seen at" in text
    assert "does not fit" not in text


def test_an_end_cut_off_with_its_head_is_found_by_what_was_seen_before(five: list[int]) -> None:
    _code, said = check()
    mark = said.rsplit(" ", 1)[1].strip()
    with guards_down():
        run("DELETE FROM accounts_auditentry WHERE id = %s", five[4])
        run("DELETE FROM accounts_auditseal WHERE position = 5")
        rewrite_from(4)
    assert "Place 5, seen at" in check()[1]
    # Somebody who also takes away the memory of the checks is found by the mark that was kept elsewhere.
    tamper("DELETE FROM accounts_auditcheck")
    assert check()[0] == 0
    code, text = check("--expect", mark)
    assert code == 1
    assert "Place 5, seen by you, is not there any more" in text


def test_the_chain_goes_on_after_a_mark(five: list[int]) -> None:
    mark = check()[1].rsplit(" ", 1)[1].strip()
    note()
    seal_now()
    assert check("--expect", mark)[0] == 0


@pytest.mark.parametrize("mark", ["", "5", "x:" + "0" * 64, "5:abc"])
def test_a_mark_that_is_none_is_refused(mark: str, db: None) -> None:
    code, text = check(f"--expect={mark}")
    assert code == 1
    assert "PLACE:HASH" in text


def test_very_many_problems_are_cut_short(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "_MOST_PROBLEMS", 3)
    for _ in range(6):
        note()
    tamper("UPDATE accounts_auditentry SET via = 'x'")
    assert len(proof.run().problems) == 4
