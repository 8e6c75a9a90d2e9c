"""What a guide knows of its reader: which sandbox key the examples are for, and how far the reader has come."""

from dataclasses import dataclass

from django.http import HttpRequest

from accounts.access.credentials import actor_of
from accounts.models import ApiKey
from accounts.selectors import keys


@dataclass(frozen=True)
class Reader:
    """``prefix`` is the part of a key that is no secret; ``is_company`` for people of a client."""

    is_known: bool = False
    may_make_keys: bool = False
    is_company: bool = False
    prefix: str = ""
    has_called: bool = False
    has_live: bool = False


def reader_of(request: HttpRequest) -> Reader:
    """Who reads: a stranger, somebody without keys, or somebody with a sandbox key that works."""
    if not request.user.is_authenticated:
        return Reader()
    actor = actor_of(request)
    if not keys.may_make_some(actor):
        return Reader(is_known=True, is_company=actor.client is not None)
    sandbox = [key for key in keys.keys_for(actor, is_sandbox=True)[:20] if key.works]
    return Reader(
        is_known=True,
        may_make_keys=True,
        is_company=actor.client is not None,
        prefix=_newest(sandbox),
        has_called=any(key.last_used_at for key in sandbox),
        has_live=any(key.works for key in keys.keys_for(actor, is_sandbox=False)[:20]),
    )


def _newest(found: list[ApiKey]) -> str:
    return found[0].prefix if found else ""
