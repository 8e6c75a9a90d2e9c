"""What every operation of the gateway API is built from: its row in the table of routes, its door, its schemas."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import wraps
from typing import Annotated, Any, TypeVar, cast

from django.http import HttpRequest, HttpResponseBase
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from ninja import Router, Schema, Status
from ninja.errors import AuthenticationError, HttpError
from ninja.parser import Parser
from ninja.utils import check_csrf
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.access.credentials import actor_of
from accounts.access.table import OPERATIONS, Operation
from accounts.services import step_up
from config.lib import strict_json
from config.lib.money import as_json_number

V = TypeVar("V", bound=Callable[..., Any])

_PLAIN = (list, tuple, str, bytes, int, float, Decimal)
_SAFE = {"GET", "HEAD", "OPTIONS"}


class ApiRequest(HttpRequest):
    """A request that has passed the door of its operation."""

    actor: Actor


class ApiSchema(Schema):
    """camelCase on the wire, snake_case here. What a caller sends beyond the fields is not looked at."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, str_strip_whitespace=True)

    @model_validator(mode="before")
    @classmethod
    def _is_object(cls, given: Any) -> Any:
        # Answers are read from attributes, and every list and text has some: none of them is an object of ours.
        if isinstance(getattr(given, "_obj", given), _PLAIN):
            raise ValueError(_("An object is needed here."))
        return given


class Problem(Schema):
    """application/problem+json (RFC 9457), as every refusal is answered."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    traceId: str
    errors: dict[str, list[str]] = Field(default_factory=dict)


def _number(value: object) -> object:
    if isinstance(value, bool | str):
        raise ValueError(_("This must be a number."))
    return value


def _finite(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise ValueError(_("This must be a number."))
    return value


# Numbers in JSON, Decimal here; the parser below never makes a float of them. No exponent tricks: 1E+400 is no amount.
Amount = Annotated[
    Decimal,
    BeforeValidator(_number),
    AfterValidator(_finite),
    Field(ge=Decimal("0.01"), max_digits=18),
    PlainSerializer(as_json_number),
    WithJsonSchema({"type": "number", "format": "double", "minimum": 0.01}),
]
# What we answer: any sign, and zero.
Figure = Annotated[Decimal, PlainSerializer(as_json_number), WithJsonSchema({"type": "number", "format": "double"})]


class StrictParser(Parser):
    """JSON as money wants it: decimals exact, no NaN, no name twice, nothing the database cannot hold."""

    def parse_body(self, request: HttpRequest) -> Any:
        return strict_json.loads(request.body)

    def parse_querydict(self, data: MultiValueDict[str, Any], list_fields: list[str], request: HttpRequest) -> Any:
        if any("\x00" in str(value) for values in data.lists() for value in values[1]):
            raise HttpError(400, "NUL")
        return super().parse_querydict(data, list_fields, request)


class Door:
    """Lets in who the row says: the right kind of credential, the permission, the role; a session also its token
    against forged requests. Nothing is looked at before the caller is known."""

    def __init__(self, operation: Operation, *, content: str) -> None:
        self.operation, self.content = operation, content

    def __call__(self, request: HttpRequest) -> Actor:
        actor = actor_of(request)
        request.actor = actor  # type: ignore[attr-defined]
        if self.operation.doors:
            self._check(request, actor)
        if request.method not in _SAFE and request.headers.get("Content-Length", "0") not in {"", "0"}:
            self._check_content(request)
        return actor

    def _check(self, request: HttpRequest, actor: Actor) -> None:
        if actor.kind not in self.operation.doors:
            raise AuthenticationError
        if actor.kind == "session" and request.method not in _SAFE and check_csrf(request):
            raise HttpError(403, "csrf")
        # A customer's own calls need no permission beyond being that customer.
        if self.operation.permission and actor.kind != "customer":
            policy.require(actor, self.operation.permission, only=self.operation.only)
        if self.operation.step_up and actor.kind == "session":
            step_up.require(request)

    def _check_content(self, request: HttpRequest) -> None:
        if request.content_type != self.content:
            raise HttpError(415, self.content)


def operation(
    router: Router,
    name: str,
    *,
    answer: Any,
    status: int = 200,
    content: str = "application/json",
    refuses: Sequence[int] = (),
    **more: Any,
) -> Callable[[V], V]:
    """Register the operation ``name`` of the table: path, method, door and documented refusals come from its row.

    ``answer`` is the schema of success (None for 204), sent with ``status`` unless the function says otherwise;
    ``refuses`` are refusals beyond the usual ones. The function's first docstring line is its summary.
    """
    row = OPERATIONS[name]
    # What only changes can run into.
    against = () if row.method == "GET" else (409, 415, 422)
    refusals = dict.fromkeys(sorted((400, 401, 403, 404, 405, 413, 429, *against, *refuses)), Problem)

    def register(view: V) -> V:
        path = more.pop("path", row.path.removeprefix("/api"))
        return router.api_operation(
            [row.method],
            path,
            auth=Door(row, content=content),
            response={status: answer, **refusals},
            operation_id=name,
            by_alias=True,
            openapi_extra={"x-permission": row.permission or None, "x-credentials": sorted(row.doors)},
            **more,
        )(_with_status(view, status))

    return register


def _with_status(view: V, status: int) -> V:
    """``view`` answering with the status of its success, where it does not name one itself."""

    @wraps(view)
    def answer(*args: Any, **kwargs: Any) -> Any:
        result = view(*args, **kwargs)
        if isinstance(result, HttpResponseBase | Status):
            return result
        return Status(*result) if isinstance(result, tuple) else Status(status, result)

    return cast(V, answer)


def uuid_path(name: str, *parameters: str) -> str:
    """The path of an operation with its parameters as UUIDs: anything else is not found, as any unknown id."""
    path = OPERATIONS[name].path.removeprefix("/api")
    for parameter in parameters:
        path = path.replace(f"{{{parameter}}}", f"{{uuid:{parameter}}}")
    return path
