"""What the local run keeps on disk is nobody else's to read."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.simulators.state import StateFile


@pytest.fixture
def open_handed() -> Iterator[None]:
    """A machine where new files are for everybody."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_a_state_file_with_its_keys_is_its_owners_only(open_handed: None, tmp_path: Path) -> None:
    path = tmp_path / "faspay.json"
    path.write_text("")
    state = StateFile(path)
    state.put("faspay_keys", 1, {"pem": "private"})
    assert path.stat().st_mode & 0o777 == 0o600
    state.compact()
    assert path.stat().st_mode & 0o777 == 0o600
    assert StateFile(path).rows("faspay_keys") == {"1": {"pem": "private"}}
