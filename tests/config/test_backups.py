"""A backup of a house with money and papers in it, and the drill that proves it or says what is missing."""

import json
import tarfile
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import Customer
from checkout.models import Session
from config.lib.clock import now
from sandbox.stack import places
from tests.accounts import cast
from wallets import services as wallets

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def house(customer: Customer, settings: Any, tmp_path: Path) -> Path:
    """Money in a wallet and a private file; the proofs of the drill run in processes of their own."""
    settings.PG_BIN_DIR = str(places.programs(None))
    private = {**settings.STORAGES["private"], "OPTIONS": {"location": tmp_path / "private"}}
    settings.STORAGES = {**settings.STORAGES, "private": private}
    wallets.credit_from_provider(
        customer=customer,
        amount=Decimal(50_000),
        currency="IDR",
        channel="faspay-va",
        kind="topup",
        reference="TB-BACKUP-1",
        subject="",
        memo="",
    )
    storages["private"].save("documents/one", ContentFile(b"sealed" * 1000))
    return tmp_path


def taken(house: Path) -> Path:
    call_command("backup", str(house / "backups"), stdout=StringIO())
    (folder,) = (house / "backups").iterdir()
    return folder


def drill(folder: Path) -> str:
    """What the drill says: its proof, or its complaints."""
    said, complaints = StringIO(), StringIO()
    try:
        call_command("restore_drill", str(folder), stdout=said, stderr=complaints)
    except CommandError as error:
        return f"{complaints.getvalue()}{error}"
    return said.getvalue()


def scratch_databases() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [r"%\_drill\_%"])
        return [name for (name,) in cursor.fetchall()]


def test_a_backup_brings_everything_back_and_nothing_later(house: Path, customer: Customer) -> None:
    folder = taken(house)
    wallets.credit_from_provider(
        customer=customer,
        amount=Decimal(1_000),
        currency="IDR",
        channel="faspay-va",
        kind="topup",
        reference="TB-BACKUP-2",
        subject="",
        memo="",
    )

    assert "nothing is missing" in drill(folder)
    assert scratch_databases() == []
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["figures"]["rows"]["wallets_posting"] == 2
    assert manifest["files"] == 1
    assert {path.stat().st_mode & 0o077 for path in (folder, *folder.iterdir())} == {0}


def test_a_dump_that_was_touched_is_found(house: Path) -> None:
    folder = taken(house)
    dump = folder / "database.dump"
    dump.write_bytes(dump.read_bytes()[:-10])

    assert "database.dump is not the file that was written" in drill(folder)


def test_a_file_that_is_missing_is_found(house: Path) -> None:
    folder = taken(house)
    with tarfile.open(folder / "files.tar", "w"):
        pass
    forge(folder, "files.tar")

    assert "files.tar holds 0 files, 1 were written" in drill(folder)


def test_a_figure_that_does_not_fit_is_found(house: Path) -> None:
    folder = taken(house)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["figures"]["rows"]["wallets_posting"] += 1
    manifest["figures"]["ledger"][0][2] = "1.00"
    (folder / "manifest.json").write_text(json.dumps(manifest))

    said = drill(folder)

    assert "wallets_posting: 3 rows in the backup, 2 restored" in said
    assert "ledger: " in said
    assert scratch_databases() == []


def test_a_backup_without_a_manifest_did_not_come_to_its_end(house: Path) -> None:
    folder = taken(house)
    (folder / "manifest.json").unlink()

    assert "did not come to its end" in drill(folder)


def test_money_that_was_changed_in_the_database_is_found_by_the_proof(house: Path) -> None:
    """The figures agree, for they were taken of the same wrong books; the proof of the ledger does not."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE wallets_account DISABLE TRIGGER USER")
        cursor.execute("UPDATE wallets_account SET balance = balance + 1 WHERE customer_id IS NOT NULL")
        cursor.execute("ALTER TABLE wallets_account ENABLE TRIGGER USER")
    folder = taken(house)

    assert "check_ledger: " in drill(folder)


def test_a_proof_that_was_killed_proves_nothing(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the system does when memory runs out: it ends by a signal, and without a word."""
    folder = taken(house)
    killed = house / "python"
    killed.write_text("#!/bin/sh\nkill -9 $$\n")
    killed.chmod(0o700)
    monkeypatch.setattr("sys.executable", str(killed))

    said = drill(folder)

    assert "check_ledger: ended with -9" in said
    assert "check_audit: ended with -9" in said


def test_without_the_programs_it_says_what_to_install(house: Path, settings: Any) -> None:
    settings.PG_BIN_DIR = str(house)

    with pytest.raises(CommandError, match="pg_dump was not found"):
        call_command("backup", str(house / "backups"), stdout=StringIO())


def test_a_dump_may_take_longer_than_a_transaction_may_rest(house: Path, settings: Any) -> None:
    slow, real = house / "slow", Path(settings.PG_BIN_DIR)
    slow.mkdir()
    (slow / "pg_dump").write_text(f'#!/bin/sh\nsleep 1.5\nexec "{real}/pg_dump" "$@"\n')
    (slow / "pg_dump").chmod(0o700)
    settings.PG_BIN_DIR = str(slow)
    with connection.cursor() as cursor:
        cursor.execute("SET idle_in_transaction_session_timeout = '400ms'")
    try:
        folder = taken(house)
    finally:
        connection.close()

    assert (folder / "manifest.json").is_file()


def test_what_was_open_then_is_not_late_now(house: Path) -> None:
    """A checkout ended after the backup was taken; nobody has looked at it there, for there is nobody."""
    moment = now()
    Session.objects.create(
        reference="CO-BACKUP",
        client=cast.company("Kush"),
        amount=Decimal(5),
        currency="SLE",
        methods=["card"],
        created_at=moment - timedelta(hours=4),
        expires_at=moment - timedelta(hours=2),
    )
    folder = taken(house)
    assert "checkout CO-BACKUP was to end" in drill(folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["taken_at"] = (moment - timedelta(hours=3)).isoformat()
    (folder / "manifest.json").write_text(json.dumps(manifest))

    assert "nothing is missing" in drill(folder)


def forge(folder: Path, name: str) -> None:
    """Make the manifest agree with a file that was changed."""
    from config.backups import files

    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["sha256"][name] = files.digest(folder / name)
    (folder / "manifest.json").write_text(json.dumps(manifest))
