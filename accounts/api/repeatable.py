"""How operations that move money take an Idempotency-Key (accounts.services.idempotency)."""

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from ninja import Header, Schema

from accounts.api.base import ApiRequest
from accounts.services import idempotency
from accounts.services.idempotency import Answer, Body, Claim
from config.lib import problems

_HEADER = "Idempotent-Replayed"

# The parameter of such an operation: ``idempotency_key: str | None = IDEMPOTENCY_KEY``.
IDEMPOTENCY_KEY: Any = Header(  # type: ignore[type-arg]
    None,
    alias="Idempotency-Key",
    pattern=r"^[A-Za-z0-9_-]{1,128}$",
    description="Repeat a call with the same key within 24 hours and it acts once; the first answer is given again.",
)


def answer_once(
    request: ApiRequest,
    response: HttpResponse,
    *,
    operation: str,
    key: str | None,
    payload: Schema,
    act: Callable[[], Body],
    show: Callable[[Body], Any] = lambda body: body,
) -> Any:
    """What the view of ``operation`` returns: what ``act`` answered now or the first time, made into the answer by
    ``show``. A repetition says so in a header."""
    return _answered(
        request,
        response,
        lambda: idempotency.once(
            actor=request.actor, operation=operation, key=key, content=payload.model_dump(), act=act
        ),
        show,
    )


def answer_once_at_length(
    request: ApiRequest,
    response: HttpResponse,
    *,
    operation: str,
    key: str | None,
    payload: Schema,
    act: Callable[[Claim], Body],
    show: Callable[[Body], Any],
) -> Any:
    """The same for what asks others meanwhile: no transaction is open, and ``act`` is safe to repeat by its claim."""
    return _answered(
        request,
        response,
        lambda: idempotency.once_at_length(
            actor=request.actor, operation=operation, key=key, content=payload.model_dump(), act=act
        ),
        show,
    )


def _answered(
    request: ApiRequest, response: HttpResponse, ask: Callable[[], Answer], show: Callable[[Body], Any]
) -> Any:
    try:
        answer = ask()
    except idempotency.RefusedBefore as error:
        refusal = problems.of_error(request, error)
        refusal[_HEADER] = "true"
        return refusal
    if answer.replayed:
        response[_HEADER] = "true"
    return show(answer.body)
