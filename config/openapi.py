"""The description of the gateway API as OpenAPI: what the framework knows, completed with what it cannot know."""

import hashlib
import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import lru_cache
from http import HTTPStatus
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from ninja import NinjaAPI

from accounts.permissions import open_to_all
from config import openapi_examples
from config.api import api
from config.lib.problems import CONTENT_TYPE
from config.openapi_examples import Json, example

ENGLISH = "en"

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
# What stands under these names in a document is for people; examples and names of fields aside.
_TOLD = ("summary", "description")
_DATA = ("example", "examples", "default", "enum", "const")
_PHRASES = frozenset(status.phrase for status in HTTPStatus)
Describe = Callable[[str], Json]


@open_to_all
@require_safe
@cache_control(public=True, max_age=300)
def openapi_json(request: HttpRequest) -> HttpResponse:
    """The whole description, for tools."""
    return served(request, document)


@lru_cache(maxsize=4)
def document(language: str = ENGLISH) -> Json:
    """The OpenAPI document in ``language``. It does not change while the process runs: do not change it."""
    if language != ENGLISH:
        return in_language(language, document())
    return completed(api, about=_ABOUT, schemes=_SCHEMES, refusals=CONTENT_TYPE, refusal=openapi_examples.refusal)


def texts() -> Iterator[str]:
    """What the document says to people, for the collector of texts."""
    return said_in(document())


def said_in(found: Json) -> Iterator[str]:
    """Every text for people in a document."""
    return (part[word] for part, word in _sayings(found))


def served(request: HttpRequest, describe: Describe) -> HttpResponse:
    """A document as JSON: in English for everybody, in another language where the address says ``?lang=``."""
    language = asked_language(request)
    body, tag = _written(describe, language)
    answer = HttpResponse(body, content_type="application/json", headers={"Content-Language": language})
    answer["ETag"] = tag
    return cast(HttpResponse, get_conditional_response(request, etag=tag, response=answer))


def asked_language(request: HttpRequest) -> str:
    """The language that the address asks for; English where it asks for none that we speak."""
    asked = request.GET.get("lang", "")
    return asked if asked in dict(settings.LANGUAGES) else ENGLISH


@lru_cache(maxsize=8)
def _written(describe: Describe, language: str) -> tuple[bytes, str]:
    body = json.dumps(describe(language), ensure_ascii=False).encode()
    return body, quote_etag(hashlib.sha256(body).hexdigest()[:32])


def completed(api: NinjaAPI, *, about: str, schemes: Json, refusals: str, refusal: Callable[[int], Json]) -> Json:
    """The description of ``api`` in English; ``refusals`` is the kind of content that its refusals are, ``refusal``
    gives an example of one."""
    with translation.override(ENGLISH):
        found: Json = dict(api.get_openapi_schema())
        found["info"]["description"] = about
        found["servers"] = [{"url": settings.BASE_URL}]
        found["components"]["securitySchemes"] = deepcopy(schemes)
        for method, operation in operations(found):
            _complete(method, operation, found, refusals, refusal)
        for part, word in _sayings(found):
            part[word] = " ".join(part[word].replace("``", "`").split())
    return found


def in_language(language: str, found: Json) -> Json:
    """``found`` with everything for people said in ``language``."""
    told = deepcopy(found)
    with translation.override(language):
        for part, word in _sayings(told):
            part[word] = translation.gettext(part[word])
    return told


def _sayings(part: Any) -> Iterator[tuple[Json, str]]:
    """Where a text for people stands: (its object, its name)."""
    if isinstance(part, list):
        for one in part:
            yield from _sayings(one)
    elif isinstance(part, dict):
        for name, inner in part.items():
            if name in _TOLD and isinstance(inner, str):
                if inner and inner not in _PHRASES:
                    yield part, name
            elif name not in _DATA:
                yield from _sayings(inner)


def operations(found: Json) -> Iterator[tuple[str, Json]]:
    """Every operation of a document with its method."""
    for methods in found["paths"].values():
        yield from methods.items()


def _complete(method: str, operation: Json, found: Json, refusals: str, refusal: Callable[[int], Json]) -> None:
    lines = operation.get("description", "").strip().partition("\n")
    operation["summary"], operation["description"] = lines[0], lines[2]
    operation["security"] = _security(method, operation.get("x-credentials", ["api_key"]))
    operation["responses"] = {str(status): answer for status, answer in operation["responses"].items()}
    for status, answer in operation["responses"].items():
        content = answer.get("content", {})
        if int(status) >= 400:
            answer["content"] = {refusals: {**content.get("application/json", {}), "example": refusal(int(status))}}
        for part in answer.get("content", {}).values():
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
