"""Looking at the audit chain from outside, and the means to break it on purpose."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

from django.core.management import CommandError, call_command
from django.db import connection

from accounts.access.actors import command
from accounts.models import AuditSeal
from accounts.services import audit

TABLES = ("accounts_auditentry", "accounts_auditseal", "accounts_audithead", "accounts_auditcheck")


def note(action: str = "test.done", **more: Any) -> None:
    audit.record(command("test"), action, **more)


def seal_now() -> None:
    """What the commit would do, within the test's own transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def run(statement: str, *values: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.rowcount


@contextmanager
def guards_down() -> Iterator[None]:
    """As the owner of the tables could: triggers off while the block runs."""
    seal_now()
    for table in TABLES:
        run(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    yield
    for table in TABLES:
        run(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def places() -> list[int | None]:
    return list(AuditSeal.objects.order_by("position").values_list("position", flat=True))


def check(*arguments: str) -> tuple[int, str]:
    """(exit code, what was written) as the shell would see it."""
    out, err = StringIO(), StringIO()
    try:
        call_command("check_audit", *arguments, stdout=out, stderr=err)
    except CommandError as error:
        return error.returncode, err.getvalue() + str(error)
    return 0, out.getvalue() + err.getvalue()
