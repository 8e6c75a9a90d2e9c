"""A report of a million rows, asked for and prepared, over a bare COPY of the same rows; and the memory it takes.

Ours begins with the request and ends when the sealed file is kept and the mail about it stands in its table: counted,
words and times in the reader's language and zone, cells made harmless, encrypted.
"""

import os
import subprocess
import sys
import time
from typing import Any

import psycopg

from tests.bench import memory
from tests.bench.limits import bare_export

ROWS = 1_000_000
_FILL = """
INSERT INTO payouts_payout (
  public_id, reference, client_id, is_sandbox, api_user_id, source, batch_reference, kind, receiver, receiver_code,
  receiver_name, holder_name, amount, fee, currency, narration, state, reason, rail_message, is_flagged, flags, rail,
  rail_id, attempts, asked, is_reserved, created_at, sent_at, completed_at, closed_at, version
)
SELECT gen_random_uuid(), 'TPB' || %(client)s || 'N' || lpad(g::text, 9, '0'), %(client)s, false, %(api_user)s,
       'transfer', '', CASE WHEN g %% 3 = 0 THEN 'MobileMoney' ELSE 'BankTransfer' END,
       CASE WHEN g %% 3 = 0 THEN '076' || lpad((g %% 1000000)::text, 6, '0') ELSE '003' || lpad(g::text, 15, '0') END,
       CASE WHEN g %% 3 = 0 THEN '076' ELSE '003' END,
       'Name Number ' || g, '', 10 + (g %% 99900) / 100.0, 2.50, 'SLE', 'Salary November',
       CASE WHEN g %% 20 = 0 THEN 'failed' ELSE 'completed' END, CASE WHEN g %% 20 = 0 THEN 'no_account' ELSE '' END,
       '', false, '[]', 'simulator', '', 1, 0, false, at, at, CASE WHEN g %% 20 = 0 THEN NULL ELSE at END, at, 1
FROM generate_series(1, %(rows)s) AS g, LATERAL (SELECT now() - (%(rows)s - g) * interval '1 second' AS at) AS moment
"""


class Exports:
    """Both sides, on the database of the measures."""

    def __init__(self, rows: int = ROWS) -> None:
        self.url, self.rows = os.environ["DATABASE_URL"], rows
        self.user, self.client_id = _reader(rows)
        _fill(self.url, self.user, self.client_id, rows)

    def limit(self) -> float:
        """Rows per second of a bare COPY."""
        seconds, _bytes = bare_export.export(self.url, self.client_id)
        return self.rows / seconds

    def ours(self) -> float:
        """Rows per second from the request to the file that is ready."""
        began = time.perf_counter()
        export = ask(self.user)
        _prepare(export.pk)
        seconds = time.perf_counter() - began
        export.refresh_from_db()
        if export.state != "ready" or export.rows != self.rows:
            raise SystemExit(f"the export is {export.state}: {export.rows} rows")
        return self.rows / seconds


def ask(user: Any) -> Any:
    """An export of every transaction of programs."""
    from accounts.access import credentials
    from accounts.access.actors import Origin
    from reports import catalogue
    from reports.services import exports

    actor = credentials.of_person(user, Origin(via="page"))
    report = catalogue.CATALOGUE["client-transactions"]
    return exports.ask(actor=actor, user=user, report=report, scope=catalogue.Scope(actor, report.wanted({})))


def peak(rows: int) -> int:
    """KiB of memory that a process takes at most which has nothing to do but to prepare a file of so many rows."""
    export = ask(Exports(rows).user)
    command = [sys.executable, "-m", "tests.bench.reports", str(export.pk)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1])


def _prepare(export_id: int) -> None:
    from reports import preparing

    preparing.prepare(export_id)


def _reader(rows: int) -> tuple[Any, int]:
    from accounts.models import Client, PortalUser, Role, User

    client, _made = Client.objects.get_or_create(
        email=f"bench-{rows}@example.sl",
        defaults={
            "client_type": Client.Kind.COMPANY,
            "name": f"Bench of {rows}",
            "contact_person": "Bench",
            "phone_number": "+23276123456",
            "status": Client.Status.ACTIVE,
        },
    )
    user, _made = User.objects.get_or_create(email=f"bench-reader-{rows}@example.sl", defaults={"password": "!"})
    portal, _made = PortalUser.objects.get_or_create(user=user, defaults={"client": client, "user_name": user.email})
    portal.roles.set(Role.objects.filter(name=Role.PORTAL_ADMIN))
    return User.objects.get(pk=user.pk), client.pk


def _fill(url: str, user: Any, client_id: int, rows: int) -> None:
    from accounts.models import ApiUser, Role
    from payouts.models import Payout

    if Payout.objects.filter(client_id=client_id).exists():
        return
    bot, _made = ApiUser.objects.get_or_create(
        client_id=client_id,
        developer_email=user.email,
        defaults={
            "developer_name": "Bot",
            "developer_phone_number": "+23276123456",
            "role": Role.objects.get(name=Role.API_USER),
        },
    )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(_FILL, {"client": client_id, "api_user": bot.pk, "rows": rows})
        connection.execute("VACUUM ANALYZE payouts_payout")


def main() -> None:
    """Prepare the file of one export."""
    import django

    django.setup()
    _prepare(int(sys.argv[1]))
    sys.stdout.write(f"{memory.peak()}\n")


if __name__ == "__main__":
    main()
