"""What the operations under /api/v1 are built from: their door, their envelope, their way to take a key for "once"."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import wraps
from typing import Annotated, Any, Generic, Literal, TypeVar, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _
from ninja import Header, Router, Schema
from ninja.errors import AuthenticationError
from pydantic import BeforeValidator, ConfigDict, WithJsonSchema, model_validator

from accounts.access.actors import Actor
from accounts.access.credentials import actor_of, refused_key_of
from accounts.api.base import ApiRequest
from accounts.errors import NotAllowed
from accounts.models import Customer
from accounts.services import idempotency
from accounts.services.customers import require_confirmed
from accounts.services.idempotency import Body, Claim

T = TypeVar("T")
V = TypeVar("V", bound=Callable[..., Any])

Json = dict[str, Any]
REPLAYED = "Idempotent-Replayed"
_REFUSALS = (401, 402, 403, 404, 405, 409, 413, 422, 429, 500, 502, 503)
_LARGEST_ID = 2**63 - 1
_ID = re.compile(r"[!-~]{1,64}")


class CompatibleSchema(Schema):
    """Names as OTPZap writes them. What a caller sends beyond the fields is not looked at."""

    model_config = ConfigDict(populate_by_name=True, str_strip_whitespace=True)

    @model_validator(mode="before")
    @classmethod
    def _is_object(cls, given: Any) -> Any:
        if isinstance(getattr(given, "_obj", given), list | str | int | float):
            raise ValueError(_("An object is needed here."))
        return given


class Success(Schema, Generic[T]):
    """Every answer that says yes (OTPZap contract 1)."""

    success: Literal[True] = True
    data: T


class ErrorOut(Schema):
    code: str
    message: str
    details: dict[str, Any]


class Failure(Schema):
    """Every answer that says no (OTPZap contract 11)."""

    success: Literal[False] = False
    message: str
    error: ErrorOut


def _whole(value: Any) -> int:
    """65, "65" and 65.0 are the same number (OTPZap contract 12.11); true is none."""
    is_integral = isinstance(value, Decimal) and value == value.to_integral_value()
    text = str(int(value)) if is_integral else str(value).strip()
    if isinstance(value, bool) or not (text.isascii() and text.isdecimal()) or int(text[:20]) > _LARGEST_ID:
        raise ValueError(_("This must be a whole number."))
    return int(text)


def _opaque(value: Any) -> str:
    """An id of the catalogue: a number or a text, to us a text."""
    text = str(value).strip()
    if isinstance(value, bool) or not isinstance(value, int | str) or not _ID.fullmatch(text):
        raise ValueError(_("This must be an id of the catalogue."))
    return text


Whole = Annotated[int, BeforeValidator(_whole), WithJsonSchema({"type": "integer"})]
OpaqueId = Annotated[
    str,
    BeforeValidator(_opaque),
    WithJsonSchema({"anyOf": [{"type": "integer"}, {"type": "string", "minLength": 1, "maxLength": 64}]}),
]
WireId = int | str

# The parameter of an operation that acts once: ``idempotency_key: str | None = IDEMPOTENCY_KEY``.
IDEMPOTENCY_KEY: Any = Header(  # type: ignore[type-arg]
    None,
    alias="Idempotency-Key",
    pattern=r"^[A-Za-z0-9_-]{1,128}$",
    description="Repeat a call with the same key within 24 hours and it acts once; the first answer is given again.",
)


class KeyDoor:
    """Lets in whoever shows a key of a customer. Sessions and tokens are nobody here."""

    def __init__(self, *, trades: bool) -> None:
        self.trades = trades

    def __call__(self, request: HttpRequest) -> Actor:
        actor = actor_of(request)
        request.actor = actor  # type: ignore[attr-defined]
        if actor.key is None:
            self._turn_away(request)
        if actor.customer is None:
            raise NotAllowed(_("This key has no wallet. Use the key of a customer."))
        if self.trades and actor.is_sandbox and not settings.SANDBOX_ENABLED:
            raise NotAllowed(_("A key of the sandbox buys nothing here: there is no simulated supplier."))
        if self.trades:
            require_confirmed(actor.customer)
        return actor

    def _turn_away(self, request: HttpRequest) -> None:
        # Only who sent the right secret is told that the key has been taken away.
        reading = refused_key_of(request)
        if reading is not None and reading.refusal in {"revoked", "expired", "off"}:
            raise NotAllowed(_("This key no longer works."))
        raise AuthenticationError


def operation(router: Router, method: str, path: str, *, answer: Any, trades: bool = False) -> Callable[[V], V]:
    """Register an operation; its view answers what stands in ``data``. ``trades`` when it buys, or moves money.

    The first line of the view's docstring is the operation's summary.
    """

    def register(view: V) -> V:
        return router.api_operation(
            [method],
            path,
            auth=KeyDoor(trades=trades),
            response={200: Success[answer], **dict.fromkeys(_REFUSALS, Failure)},
            operation_id=f"{method.lower()}{path.replace('/', '.')}",
            by_alias=True,
            # What a view leaves out is not there, rather than null.
            exclude_unset=True,
        )(_in_envelope(view))

    return register


def _in_envelope(view: V) -> V:
    @wraps(view)
    def answer(*args: Any, **kwargs: Any) -> Any:
        result = view(*args, **kwargs)
        return result if isinstance(result, HttpResponseBase) else {"success": True, "data": result}

    return cast(V, answer)


def customer_of(request: ApiRequest) -> Customer:
    """Whose key it is; the door has looked."""
    customer = request.actor.customer
    if customer is None:
        raise NotAllowed
    return customer


def answer_once(
    request: ApiRequest,
    response: HttpResponse,
    *,
    operation: str,
    key: str | None,
    content: Mapping[str, Any],
    act: Callable[[Claim], Body],
) -> Body:
    """What ``act`` answered now, or the first time; a repetition says so in a header (OTPZap contract 12.9)."""
    found = idempotency.once_at_length(
        actor=request.actor, operation=f"v1:{operation}", key=key, content=content, act=act
    )
    if found.replayed:
        response[REPLAYED] = "true"
    return found.body
