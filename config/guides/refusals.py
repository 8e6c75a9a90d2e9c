"""The catalogue of refusals: what is known of each code, with the statuses that the classes of the code say."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from config.api_v1 import TOLD
from config.guides.knowledge import GROUPS, Refusal
from config.guides.knowledge.words import Text
from config.lib.errors import ServiceError


@dataclass(frozen=True)
class Row:
    """One code as the page shows it. ``told`` is how API v1 says it: a status and a code of its own, or nothing."""

    about: Refusal
    statuses: tuple[int, ...]
    told: tuple[int, str] | None

    @property
    def code(self) -> str:
        return self.about.code

    def speaks_of(self, words: str) -> bool:
        about = self.about
        texts = (about.code, about.meaning, about.side, about.next, *self.statuses, *(self.told or ()))
        return all(word in " ".join(map(str, texts)).casefold() for word in words.casefold().split())


@dataclass(frozen=True)
class Subject:
    slug: str
    title: Text
    rows: list[Row]


def catalogue(words: str = "") -> list[Subject]:
    """The rows by subject; with ``words`` only those that hold every one of them. Subjects without a row are left
    out."""
    subjects = [Subject(group.slug, group.title, [_row(one) for one in group.rows]) for group in GROUPS]
    found = [Subject(one.slug, one.title, [row for row in one.rows if row.speaks_of(words)]) for one in subjects]
    return [one for one in found if one.rows]


def rows() -> list[Row]:
    """Every row, once."""
    return [row for subject in catalogue() for row in subject.rows]


def _row(about: Refusal) -> Row:
    statuses = {*about.statuses, *statuses_by_code().get(about.code, ())}
    return Row(about, tuple(sorted(statuses)), TOLD.get(about.code))


@lru_cache(maxsize=1)
def statuses_by_code() -> dict[str, set[int]]:
    """What the classes say; a code given in a call of a class is not among them."""
    found: dict[str, set[int]] = defaultdict(set)
    for kind in kinds():
        if "code" in vars(kind) or "status" in vars(kind):
            found[kind.code].add(kind.status)
    return dict(found)


def kinds(base: type[ServiceError] = ServiceError) -> Iterator[type[ServiceError]]:
    """Every class of refusal that the portal has loaded, without the families of config.lib."""
    for kind in base.__subclasses__():
        if kind.__module__ != ServiceError.__module__:
            yield kind
        yield from kinds(kind)
