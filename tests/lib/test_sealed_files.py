"""Files that wait for a worker: closed to everybody else, and whole or lost."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from config.lib import sealed_files
from config.lib.sealed_files import Lost

OWNER = UUID("11111111-1111-4111-8111-111111111111")


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    private = settings.STORAGES["private"]
    options = {**private["OPTIONS"], "location": str(tmp_path)}
    settings.STORAGES = {**settings.STORAGES, "private": {**private, "OPTIONS": options}}
    return tmp_path / "things"


@pytest.mark.parametrize("pieces", [[], [b""], [b"abc", b"", b"def"], [b"x" * 700_000, b"y"]], ids=len)
def test_what_is_put_is_found_and_nobody_else_reads_it(folder: Path, pieces: list[bytes]) -> None:
    sealed_files.put("things", OWNER, pieces)
    assert sealed_files.get("things", OWNER) == b"".join(pieces)
    assert b"xxxx" not in (folder / OWNER.hex).read_bytes()
    assert [owner for owner, _since in sealed_files.kept("things")] == [OWNER]
    sealed_files.put("things", OWNER, [b"anew"])
    assert sealed_files.get("things", OWNER) == b"anew"
    sealed_files.remove("things", OWNER)
    sealed_files.remove("things", OWNER)
    assert list(sealed_files.kept("things")) == []
    with pytest.raises(Lost):
        sealed_files.get("things", OWNER)


@pytest.mark.parametrize(
    "harm",
    [
        lambda lines: lines[:-1],
        lambda lines: lines[1:],
        lambda lines: [lines[1], lines[0], *lines[2:]],
        lambda lines: [lines[0][:-9] + b"AAAAAAAA\n", *lines[1:]],
        lambda lines: [b"x" * 900_000],
        lambda lines: [],
    ],
    ids=["cut", "beheaded", "turned", "changed", "other", "empty"],
)
def test_a_file_that_is_not_whole_is_lost(folder: Path, harm: Callable[[list[bytes]], list[bytes]]) -> None:
    sealed_files.put("things", OWNER, [b"a" * 300_000])
    path = folder / OWNER.hex
    path.write_bytes(b"".join(harm(path.read_bytes().splitlines(keepends=True))))
    with pytest.raises(Lost):
        sealed_files.get("things", OWNER)


def test_a_file_of_somebody_else_is_lost(folder: Path) -> None:
    other = uuid4()
    sealed_files.put("things", OWNER, [b"abc"])
    (folder / OWNER.hex).rename(folder / other.hex)
    with pytest.raises(Lost):
        sealed_files.get("things", other)
