"""Which tests go together when several processes share them."""

from functools import cache
from pathlib import Path

from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).resolve().parent.parent


class FilesTogether(LoadScopeScheduling):
    """A file stays in one process, for what it builds is built once; so do all that drive a browser.

    Groups named by the tests themselves would do, but pytest 9.2 no longer lets xdist 3.8 pass their names on.
    """

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid.partition("::")[0])


@cache
def group_of(file: str) -> str:
    """The group of a file of tests: its own, or the one of the browser."""
    return "browser" if "playwright" in (ROOT / file).read_text() else file
