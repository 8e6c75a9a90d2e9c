"""The description of the gateway API as OpenAPI: what the framework knows, completed with what it cannot know."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from ninja import NinjaAPI

from accounts.permissions import open_to_all
from config.api import api
from config.lib.problems import CONTENT_TYPE

Json = dict[str, Any]

_ABOUT = """One JSON API for portal users, programs of clients and wallet customers. Names are camelCase, times ISO 8601
in UTC, ids UUIDs. Refusals are application/problem+json; their traceId is the X-Request-Id of the answer. A key of the
sandbox (tp_test_...) sees and touches sandbox data only. Money calls take an Idempotency-Key."""

_SCHEMES = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": settings.SESSION_COOKIE_NAME,
        "description": "The cookie set by POST /api/account/login.",
    },
    "csrfToken": {
        "type": "apiKey",
        "in": "header",
        "name": "X-CSRFToken",
        "description": "With a session, for every method but GET: the csrfToken that the login answers.",
    },
    "apiKey": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "tp_live_… or tp_test_…",
        "description": "A key of an API user or of a person. It acts with its owner's rights.",
    },
    "customerToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The token of POST /api/customers/login, good for an hour.",
    },
}
_SAMPLES = {
    "uuid": "0b6f3c1e-58a4-4c0f-9d55-2a7c1e9f4b10",
    "date-time": "2026-11-21T02:15:00Z",
    "date": "2026-11-21",
    "email": "ayu@example.id",
    "password": "a long pass phrase",
    "uri": "https://example.id/",
    "binary": "(file)",
}
_NAMED = {
    "phone": "+6281255501234",
    "currency": "IDR",
    "description": "Lunch on Friday",
    "name": "Ayu Lestari",
    "city": "Jakarta",
    "country": "Indonesia",
    "email": "ayu@example.id",
    "apikey": "tp_test_k7m2p9qx_9f2c…",
    "token": "eyJhbGciOi…",
}


@open_to_all
@require_safe
@cache_control(public=True, max_age=300)
def openapi_json(request: HttpRequest) -> JsonResponse:
    """The whole description, for tools."""
    return JsonResponse(document(), json_dumps_params={"ensure_ascii": False})


@lru_cache(maxsize=1)
def document() -> Json:
    """The OpenAPI document. It does not change while the process runs: do not change it."""
    return completed(api, about=_ABOUT, schemes=_SCHEMES, refusals=CONTENT_TYPE)


def completed(api: NinjaAPI, *, about: str, schemes: Json, refusals: str) -> Json:
    """The description of ``api``; ``refusals`` is the kind of content that its refusals are."""
    found: Json = dict(api.get_openapi_schema())
    found["info"]["description"] = " ".join(about.split())
    found["servers"] = [{"url": settings.BASE_URL}]
    found["components"]["securitySchemes"] = schemes
    for method, operation in operations(found):
        _complete(method, operation, found, refusals)
    return found


def operations(found: Json) -> Iterator[tuple[str, Json]]:
    """Every operation of a document with its method."""
    for methods in found["paths"].values():
        yield from methods.items()


def _complete(method: str, operation: Json, found: Json, refusals: str) -> None:
    lines = operation.get("description", "").strip().partition("\n")
    operation["summary"], operation["description"] = lines[0], " ".join(lines[2].replace("``", "`").split())
    operation["security"] = _security(method, operation.get("x-credentials", ["api_key"]))
    operation["responses"] = {str(status): answer for status, answer in operation["responses"].items()}
    for status, answer in operation["responses"].items():
        content = answer.get("content", {})
        if int(status) >= 400:
            answer["content"] = {refusals: content.pop("application/json", {})}
        for part in content.values():
            part.setdefault("example", example(part["schema"], found))
    wait = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    operation["responses"].get("429", {})["headers"] = wait
    for part in operation.get("requestBody", {}).get("content", {}).values():
        part.setdefault("example", example(part["schema"], found))


def _security(method: str, credentials: list[str]) -> list[Json]:
    ways: list[Json] = []
    if "session" in credentials:
        ways.append({"session": []} if method == "get" else {"session": [], "csrfToken": []})
    if "customer" in credentials:
        ways.append({"customerToken": []})
    if {"customer", "api_key"} & set(credentials):
        ways.append({"apiKey": []})
    return ways


def resolved(schema: Json, found: Json) -> Json:
    """``schema`` without its outer reference and without the "or null" around it."""
    while True:
        if "$ref" in schema:
            schema = {**found["components"]["schemas"][schema["$ref"].rpartition("/")[2]], **_beside(schema)}
        elif "anyOf" in schema:
            real = [one for one in schema["anyOf"] if one.get("type") != "null"]
            schema = {**real[0], **_beside(schema)} if real else {}
        elif len(schema.get("allOf", [])) == 1:
            schema = {**schema["allOf"][0], **_beside(schema)}
        else:
            return schema


def _beside(schema: Json) -> Json:
    return {name: value for name, value in schema.items() if name not in {"$ref", "anyOf", "allOf"}}


def example(schema: Json, found: Json, name: str = "", depth: int = 0) -> Any:
    """A value that fits ``schema``, as a person might have chosen it."""
    schema = resolved(schema, found)
    given = next((schema[word] for word in ("example", "const") if word in schema), None) or next(
        iter(schema.get("examples", [])), None
    )
    if given is not None:
        return given
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "object")
    if kind == "array":
        return [example(schema.get("items", {}), found, name, depth + 1)] if depth < 4 else []
    if kind == "object":
        parts = schema.get("properties", {}) if depth < 4 else {}
        return {part: example(inner, found, part, depth + 1) for part, inner in parts.items()}
    return _plain(kind, schema, name)


def _plain(kind: str, schema: Json, name: str) -> Any:
    if schema.get("default") is not None:
        return schema["default"]
    if kind == "boolean":
        return True
    if kind in {"number", "integer"}:
        return 25000 if "amount" in name.lower() or "balance" in name.lower() else max(1, schema.get("minimum", 1))
    if schema.get("format") in _SAMPLES:
        return _SAMPLES[schema["format"]]
    return next((value for word, value in _NAMED.items() if word in name.lower()), "text")
