import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.stack import places


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder with a space in its path, which under root the server's account cannot enter."""
    path = tmp_path / "a stack"
    yield path
    if os.geteuid() == 0:
        for kept in path.resolve().rglob("kept-outside"):
            outside = places.outside_of(kept.parent.parent)
            assert outside is not None
            shutil.rmtree(outside)
