"""What every test run is told before the settings are read; named in pyproject.toml as pytest's first plugin."""

import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

for name, value in {
    "SECRET_KEY": "only-for-tests",
    "FILE_ENCRYPTION_KEYS": "b25seS1mb3ItdGVzdHMtb25seS1mb3ItdGVzdHMtMTI=",
    "READ_LOCAL_ENV": "0",
    "SANDBOX_ENABLED": "1",
    "WHITENOISE_USE_FINDERS": "1",
    "MAIL_TRANSPORT": "file",
}.items():
    os.environ[name] = value


def _keep_bytecode() -> None:
    """Dozens of processes are started that would each compile all of Django anew where Python is told to keep nothing.

    Then what is compiled is kept away from the code.
    """
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
        os.environ["PYTHONPYCACHEPREFIX"] = str(Path(__file__).resolve().parent.parent / ".pytest_cache" / "bytecode")
    if "PYTHONPYCACHEPREFIX" in os.environ:
        sys.pycache_prefix, sys.dont_write_bytecode = os.environ["PYTHONPYCACHEPREFIX"], False


def _own_redis(worker: str) -> None:
    """Each process of a run in parallel counts in a database of its own; Django gives it a PostgreSQL of its own."""
    number = int(worker.removeprefix("gw")) + 1
    os.environ["REDIS_URL"] = urlsplit(os.environ["REDIS_URL"])._replace(path=f"/{number}").geturl()


_keep_bytecode()
if "PYTEST_XDIST_WORKER" in os.environ and os.environ.get("REDIS_URL"):
    _own_redis(os.environ["PYTEST_XDIST_WORKER"])
