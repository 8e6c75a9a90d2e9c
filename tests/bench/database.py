"""A database of its own on the given server: our tables as migrated, the limit's in the schema ``limits``."""

import hashlib
import os
import urllib.parse
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import psycopg
from psycopg import sql

NAME = "gerbang_bench"
LIMITS = Path(__file__).parent / "limits"
FUNDS = 10**11
_CHUNK = 5000


def recreate(server_url: str) -> str:
    """Make the database anew; returns its URL."""
    drop(server_url)
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(NAME)))
    return urllib.parse.urlsplit(server_url)._replace(path=f"/{NAME}").geturl()


def drop(server_url: str) -> None:
    statement = sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(NAME))
    with psycopg.connect(server_url, autocommit=True) as connection:
        try:
            connection.execute(statement + sql.SQL(" WITH (FORCE)"))
        except psycopg.errors.InsufficientPrivilege:
            # By force only one's own sessions end; a vacuum that happens to run gives way to the plain order.
            connection.execute(statement)


def check_limits() -> None:
    """The limit scripts are frozen: a changed one measures something else under the old name."""
    for line in (LIMITS / "SHA256SUMS").read_text().splitlines():
        wanted, name = line.split()
        if hashlib.sha256((LIMITS / name).read_bytes()).hexdigest() != wanted:
            raise SystemExit(f"tests/bench/limits/{name} is not the frozen one")


def fill(accounts: int) -> None:
    """``accounts`` customers with a funded rupiah wallet each, and as many rows for the limit."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    for first in range(0, accounts, _CHUNK):
        _add_customers(first, min(_CHUNK, accounts - first))
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("CREATE SCHEMA limits")
        connection.execute("SET search_path = limits")
        connection.execute((LIMITS / "schema.sql").read_text())
        connection.execute("INSERT INTO accounts SELECT g, %s FROM generate_series(1, %s) g", [FUNDS, accounts])
        connection.execute("RESET search_path")
        connection.execute("VACUUM ANALYZE")


def _add_customers(first: int, count: int) -> None:
    from accounts.models import Customer, User
    from wallets import ledger
    from wallets.models import Account

    numbers = range(first, first + count)
    users = User.objects.bulk_create([User(email=f"bench-{n}@example.id", password="!") for n in numbers])
    customers = Customer.objects.bulk_create([Customer(user=user) for user in users])
    rows = [Account(customer=c, currency="IDR", code=f"wallet:{c.public_id}") for c in customers]
    wallets = Account.objects.bulk_create(rows)
    equity = Account.objects.create(code=f"equity:bench-{first}", currency="IDR", may_go_negative=True)
    legs = {wallet.pk: Decimal(FUNDS) for wallet in wallets}
    legs[equity.pk] = Decimal(-FUNDS * count)
    ledger.post(reference=f"bench-funds-{first}", kind="opening", legs=legs)


def tidy() -> str:
    """Before every pair: dead rows out of the way and, where the role may, a checkpoint. Returns a remark."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        for table in _tables(connection):
            connection.execute(sql.SQL("VACUUM {}").format(table))
        try:
            connection.execute("CHECKPOINT")
        except psycopg.errors.InsufficientPrivilege:
            return "no checkpoint before each pair (the role may not)"
    return ""


def _tables(connection: "psycopg.Connection[tuple[str, str]]") -> Iterator[sql.Identifier]:
    rows = connection.execute(
        "SELECT schemaname, relname FROM pg_stat_user_tables WHERE schemaname = 'limits' OR relname LIKE 'wallets_%'"
    )
    for schema, table in rows.fetchall():
        yield sql.Identifier(schema, table)


def settings_that_matter() -> dict[str, str]:
    names = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers", "max_wal_size")
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        return {name: connection.execute("SELECT current_setting(%s)", [name]).fetchone()[0] for name in names}  # type: ignore[index]
