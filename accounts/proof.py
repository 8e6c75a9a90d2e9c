"""The proof that nobody has touched the audit record: the chain of hashes reckoned anew from the rows.

Nothing is ever repaired. Every problem is a sentence.
"""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any

from django.db import connection

from accounts.models import AuditCheck, AuditSeal
from config.lib.times import stamp

logger = logging.getLogger(__name__)

# Rows per query: far from the statement timeout, however long the record has grown.
_CHUNK = 20_000
_MOST_PROBLEMS = 200

_LINKS = """
    SELECT position, entry_id, before, gone, fits FROM (
      SELECT s.position, s.entry_id, e.id IS NULL AS gone,
             coalesce(lag(s.position) OVER w, 0) AS before,
             s.hash = audit_hash(coalesce(lag(s.hash) OVER w, ''), s.position, audit_text(e)) AS fits
        FROM accounts_auditseal AS s LEFT JOIN accounts_auditentry AS e ON e.id = s.entry_id
       WHERE s.position >= %(first)s AND s.position <= %(last)s WINDOW w AS (ORDER BY s.position)) AS links
     WHERE position > %(first)s AND (gone OR before <> position - 1 OR fits IS NOT TRUE) ORDER BY position
"""
_UNSEALED = """
    SELECT e.id FROM accounts_auditentry AS e
     WHERE NOT EXISTS (SELECT FROM accounts_auditseal AS s WHERE s.entry_id = e.id) ORDER BY e.id LIMIT %(most)s
"""
_NO_PLACE = "SELECT entry_id FROM accounts_auditseal WHERE position IS NULL OR position < 1 ORDER BY 1 LIMIT %(most)s"
# What was seen at a place before must be there still.
_SEEN = """
    SELECT c.at, c.position, s.position IS NULL FROM accounts_auditcheck AS c
      LEFT JOIN accounts_auditseal AS s ON s.position = c.position
     WHERE c.position > 0 AND c.problems = '[]' AND encode(s.hash, 'hex') IS DISTINCT FROM c.hash ORDER BY c.id
"""


@dataclass(frozen=True)
class Mark:
    """A place in the chain and the hash (hexadecimal) that was there, as an earlier check printed them."""

    position: int
    hash: str

    def __str__(self) -> str:
        return f"{self.position}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> "Mark":
        """Read ``57:ab12…``; raises ``ValueError``."""
        position, _, digest = text.strip().partition(":")
        if len(digest) != 64:
            raise ValueError(text)
        return cls(int(position), digest.lower())


def run(*, expected: Mark | None = None) -> AuditCheck:
    """Check the whole chain, against ``expected`` too if given, and keep the result as an `AuditCheck`."""
    started = time.monotonic()
    end = _end()
    found = list(islice(_problems(end, expected), _MOST_PROBLEMS + 1))
    if len(found) > _MOST_PROBLEMS:
        found[-1] = "There is more; the list ends here."
    for problem in found:
        logger.error("audit: %s", problem)
    logger.info("audit: the chain ends at %s", end)
    seconds = Decimal(time.monotonic() - started).quantize(Decimal("0.001"))
    return AuditCheck.objects.create(seconds=seconds, position=end.position, hash=end.hash, problems=found)


def _end() -> Mark:
    last = AuditSeal.objects.filter(position__isnull=False).order_by("-position").first()
    return Mark(last.position or 0, bytes(last.hash or b"").hex()) if last else Mark(0, "")


def _problems(end: Mark, expected: Mark | None) -> Iterator[str]:
    yield from _links(end.position)
    yield from _unsealed()
    yield from _head(end)
    for moment, position, cut in _rows(_SEEN):
        yield _not_as_seen(position, f"at {stamp(moment)}", cut=cut)
    if expected is not None and _hash_at(expected.position) != expected.hash:
        yield _not_as_seen(expected.position, "by you", cut=expected.position > end.position)


def _links(last: int) -> Iterator[str]:
    for first in range(0, last, _CHUNK):
        for position, entry, before, gone, _fits in _rows(_LINKS, first=first, last=min(first + _CHUNK, last)):
            if before != position - 1:
                yield f"Places up to {position - 1} of the chain are missing: seals were taken away."
            elif gone:
                yield f"The entry at place {position} (number {entry}) was taken away."
            else:
                yield f"The entry at place {position} (number {entry}) does not fit its seal: changed, or moved."


def _unsealed() -> Iterator[str]:
    for (entry,) in _rows(_UNSEALED, most=_MOST_PROBLEMS):
        yield f"Entry number {entry} has no place in the chain: it was put in past it."
    for (entry,) in _rows(_NO_PLACE, most=_MOST_PROBLEMS):
        yield f"The seal of entry number {entry} has no place in the chain."


def _head(end: Mark) -> Iterator[str]:
    # Read again with the seals in one statement: the chain has gone on since ``end`` was looked at.
    head, digest, last, sealed = next(
        _rows(
            """
            SELECT h.position, h.hash, s.position, s.hash
              FROM (SELECT max(position) AS position FROM accounts_audithead) AS top
              LEFT JOIN accounts_audithead AS h ON h.position = top.position
              LEFT JOIN (SELECT position, hash FROM accounts_auditseal WHERE position IS NOT NULL
                          ORDER BY position DESC LIMIT 1) AS s ON true
            """
        )
    )
    if (head or 0) > (last or 0):
        yield f"The chain ends at place {last or 0} and its head says {head}: the end was cut off."
    elif (head or 0) < (last or 0) or bytes(digest or b"") != bytes(sealed or b""):
        yield f"The head of the chain (place {head or 0}) is not its last seal (place {last or 0})."


def _not_as_seen(position: int, when: str, *, cut: bool) -> str:
    if cut:
        return f"Place {position}, seen {when}, is not there any more: the end was cut off."
    return f"Place {position} is not what was seen {when}: the chain was written anew."


def _hash_at(position: int) -> str:
    seal = AuditSeal.objects.filter(position=position).first()
    return bytes(seal.hash or b"").hex() if seal else ""


def _rows(statement: str, **values: Any) -> Iterator[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        yield from cursor.fetchall()
