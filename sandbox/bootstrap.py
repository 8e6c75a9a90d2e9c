#!/usr/bin/env python3
"""Makes .venv with the locked packages: `python3 sandbox/bootstrap.py local|dev`.

The only file that runs before anything is installed, so it knows the standard library and nothing else.
A stamp remembers what was installed; a second run is instant. An environment made for `dev` stays one.
"""

import fcntl
import hashlib
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "gerbang-installed"
OLDEST = (3, 11)


def main(level: str) -> int:
    if sys.version_info < OLDEST:
        print(
            f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed; this is {sys.version.split()[0]}.",
            file=sys.stderr,
        )
        print("Choose another one with: make run PYTHON=/path/to/python3.11", file=sys.stderr)
        return 2
    # Two at once (make run beside make test) wait for each other.
    with open(__file__) as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        return _ensure(level)


def _ensure(level: str) -> int:
    level = "dev" if "dev" in (level, _stamped()[0]) else level
    wanted = _wanted(level)
    if _stamped() == (level, wanted) and PYTHON.exists():
        return 0
    try:
        _install(ROOT / f"requirements-{level}.txt")
    except subprocess.CalledProcessError as error:
        print(f"Setting up .venv failed: {' '.join(map(str, error.cmd))}", file=sys.stderr)
        return 1
    STAMP.write_text(f"{level} {wanted}")
    return 0


def _stamped() -> "tuple[str, str]":
    if not STAMP.exists():
        return "", ""
    level, _, digest = STAMP.read_text().partition(" ")
    return level, digest


def _wanted(level: str) -> str:
    return hashlib.sha256((ROOT / f"requirements-{level}.txt").read_bytes()).hexdigest()


def _install(requirements: Path) -> None:
    if not _runs(PYTHON, "-c", ""):
        print("Making .venv ...", flush=True)
        _make_venv()
    if not _runs(PYTHON, "-m", "pip", "--version"):
        _run(PYTHON, "-m", "ensurepip", "--upgrade")
    print("Installing the locked packages ...", flush=True)
    _install_uv(requirements)
    uv = [PYTHON, "-m", "uv", "pip", "install", "-q", "--python", PYTHON]
    if _runs(*uv, "--require-hashes", "-r", requirements, env=_index_environment()):
        return
    # pip knows settings that uv does not (a proxy in pip.conf, a keyring); slower, the same hashes.
    _pip("install", "-q", "--require-hashes", "-r", str(requirements))


def _make_venv() -> None:
    try:
        _run(sys.executable, "-m", "venv", "--clear", VENV)
    except subprocess.CalledProcessError:
        print("Python's venv module is incomplete (on Debian: apt-get install python3-venv).", file=sys.stderr)
        raise


def _install_uv(requirements: Path) -> None:
    """uv in the locked version and with its hashes, like everything else."""
    found = re.search(r"^uv==.*?(?=^\S)", requirements.read_text() + "\nend", re.DOTALL | re.MULTILINE)
    if found is None:
        raise SystemExit(f"{requirements.name} does not lock uv.")
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as only_uv:
        only_uv.write(re.sub(r"^\s*#.*$", "", found.group(), flags=re.MULTILINE))
        only_uv.flush()
        _pip("install", "-qq", "--require-hashes", "-r", only_uv.name)


def _pip(*arguments: str) -> None:
    _run(PYTHON, "-m", "pip", "--disable-pip-version-check", *arguments)


def _index_environment() -> "dict[str, str]":
    """Tell uv what pip was told about where packages come from."""
    asked = subprocess.run([PYTHON, "-m", "pip", "config", "list"], stdout=subprocess.PIPE, text=True, check=False)
    told = dict(re.findall(r"^(?:global|install|:env:)\.([a-z-]+)='(.*)'$", asked.stdout, re.MULTILINE))
    names = {
        "index-url": "UV_DEFAULT_INDEX",
        "extra-index-url": "UV_INDEX",
        "find-links": "UV_FIND_LINKS",
        "cert": "SSL_CERT_FILE",
    }
    known = {names[name]: value for name, value in told.items() if name in names}
    # Hashes decide what may be installed, so any index may offer it.
    return {"UV_INDEX_STRATEGY": "unsafe-best-match", **known, **os.environ}


def _run(*argv: object) -> None:
    subprocess.run([str(part) for part in argv], check=True, cwd=ROOT)


def _runs(*argv: object, env: "dict[str, str] | None" = None) -> bool:
    try:
        done = subprocess.run(
            [str(part) for part in argv],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env=env,
        )
    except OSError:
        return False
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "local"))
