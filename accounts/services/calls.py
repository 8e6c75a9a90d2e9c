"""The log of calls made with keys."""

import logging
import re
from datetime import datetime

from django.db import DatabaseError
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.access.actors import Actor
from accounts.access.credentials import actor_of, refused_key_of
from accounts.models import ApiCall, ApiKey
from config.lib.clock import now
from config.lib.masking import masked_long_numbers

logger = logging.getLogger("gerbang.calls")


def note(request: HttpRequest, answer: HttpResponseBase, elapsed: float) -> None:
    """Store method, route, status and time (``elapsed`` seconds) of a call; the path without its query, no body.

    A key that was sent with its right secret and refused is noted for its owner; an unknown one for nobody. What was
    done is not undone because it could not be noted: that goes to the server's own log.
    """
    actor, refused = actor_of(request), refused_key_of(request)
    key = actor.key or (refused.key if refused else None)
    if key is None:
        return
    try:
        _store(request, answer, actor, key, refusal=refused.refusal if refused else "", elapsed=elapsed)
    except DatabaseError:
        logger.exception("a call could not be noted id=%s", actor.origin.request_id)


def _store(
    request: HttpRequest, answer: HttpResponseBase, actor: Actor, key: ApiKey, *, refusal: str, elapsed: float
) -> None:
    match, moment = request.resolver_match, now()
    if not refusal:
        _touch(key, actor.origin.address, moment)
    ApiCall.objects.create(
        key=key,
        api_user=key.api_user,
        is_sandbox=key.is_sandbox,
        method=(request.method or "")[:7],
        route=_template(match.route)[:200] if match else "-",
        path=masked_long_numbers(request.path.replace("\x00", ""))[:300],  # no column can hold it
        status=answer.status_code,
        milliseconds=round(elapsed * 1000),
        refusal=refusal,
        address=actor.origin.address,
        request_id=actor.origin.request_id,
    )


def _template(route: str) -> str:
    """As the contract writes it: /api/customers/{id}, whatever our table of addresses demands of the id."""
    return "/" + re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", route)


def _touch(key: ApiKey, address: str | None, moment: datetime) -> None:
    """Last use, to the minute: a busy key does not rewrite its row with every call."""
    fresh = key.last_used_at is not None and key.last_used_at >= moment.replace(second=0, microsecond=0)
    if not fresh or key.last_used_address != address:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=moment, last_used_address=address)
