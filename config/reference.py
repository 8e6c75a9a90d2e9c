"""The API's documentation for people: pages drawn from its OpenAPI document, so that they cannot say anything else."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.permissions import open_to_all
from config.guides.readers import reader_of
from config.openapi import ENGLISH, document
from config.openapi_examples import Json, resolved

_TITLES = {
    "Customers": _("Customers"),
    "CustomerWallet": _("Wallet"),
    "Kyc": _("Identity documents"),
    "SandboxApiKeys": _("Sandbox keys"),
    "Payment": _("Transfers"),
    "BulkDisbursement": _("Batches"),
    "Reports": _("Reports"),
    "Banks": _("Banks"),
    "Sms": _("SMS"),
    "Account": _("Sign-in of portal users"),
    "Clients": _("Clients"),
    "APIUsers": _("API users"),
    "APIUserPermissions": _("Overrides of API users"),
    "PortalUsers": _("Portal users"),
    "Roles": _("Roles"),
    "Permissions": _("Permissions"),
    "KycAdmin": _("Identity review"),
    "CardPayments": _("Payments by card"),
    "Checkout": _("Checkouts"),
    "Metrics": _("Figures"),
}
_DOORS = {
    "session": _("session of a portal user"),
    "customer": _("customer's token or key"),
    "api_key": _("API key"),
}


_LATER, _CHANGED = _("Yes, later"), _("After changing it")
_MEANINGS = (
    ("400", _("Something in it is wrong; errors says what"), _CHANGED),
    ("401", _("No credential, or one that does not work"), _("With another one")),
    ("403", _("Known, but the right, the role or an active client is missing"), _("No")),
    ("404", _("Not there, or not yours: the answer is the same"), _("No")),
    ("405", _("This address does not take that method"), _("No")),
    ("409", _("Against the state in which things are now"), _("After looking")),
    ("413", _("Larger than we take"), _CHANGED),
    ("415", _("Another kind of content"), _CHANGED),
    ("422", _("Understood, but it cannot be done: not enough money, a limit is reached"), _("When that changed")),
    ("429", _("Too often"), _("After Retry-After")),
    ("500", _("Our fault"), _("Money: with the same Idempotency-Key")),
    ("503", _("We cannot serve it right now"), _LATER),
)


@dataclass(frozen=True)
class Field:
    name: str
    kind: str
    is_required: bool
    note: SafeString


@dataclass(frozen=True)
class Call:
    """One operation as its page shows it."""

    id: str
    method: str
    path: str
    summary: str
    description: SafeString
    permission: str
    doors: list[Any]
    parameters: list[Field]
    body: list[Field]
    content: str
    status: str
    answer: list[Field]
    answer_example: str
    errors: list[str]
    curl: str
    body_example: Any = None

    @property
    def takes_key(self) -> bool:
        """Whether it takes an Idempotency-Key."""
        return any(one.name.lower() == "idempotency-key" for one in self.parameters)


@dataclass(frozen=True)
class Section:
    slug: str
    title: Any
    calls: list[Call]


@open_to_all
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """How to call the API, and every operation in one list."""
    context = {
        "sections": _sections(),
        "base_url": settings.BASE_URL,
        "rate": settings.API_RATE_PER_MINUTE,
        "meanings": _MEANINGS,
        "openapi": address_of("openapi"),
    }
    return render(request, "developers/reference.html", context)


@open_to_all
@require_safe
def section(request: HttpRequest, slug: str) -> HttpResponse:
    """The operations of one section with their fields, refusals and an example each."""
    sections = _sections()
    context = {"section": one_of(sections, slug), "sections": sections, "own_prefix": reader_of(request).prefix}
    return render(request, "developers/reference_section.html", context)


def _sections() -> list[Section]:
    return sections_of(document(translation.get_language() or ENGLISH), _TITLES)


def address_of(name: str) -> str:
    """Where what is called ``name`` is read in the reader's language."""
    language = translation.get_language() or ENGLISH
    return reverse(name) + (f"?lang={language}" if language != ENGLISH else "")


def one_of(sections: Sequence[Section], slug: str) -> Section:
    """The section of that name; nothing is found where there is none."""
    found = next((one for one in sections if one.slug == slug), None)
    if found is None:
        raise Http404
    return found


def sections_of(found: Json, titles: Mapping[str, Any]) -> list[Section]:
    """The operations of an OpenAPI document by their tags, in the order of ``titles``."""
    calls: dict[str, list[Call]] = {}
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            calls.setdefault(operation["tags"][0], []).append(_call(method, path, operation, found))
    order = [*(tag for tag in titles if tag in calls), *sorted(set(calls) - set(titles))]
    return [Section(slugify(tag), titles.get(tag, tag), calls[tag]) for tag in order]


def _call(method: str, path: str, operation: Json, found: Json) -> Call:
    status, answer = next((code, part) for code, part in operation["responses"].items() if int(code) < 400)
    content, body = _content(operation.get("requestBody", {}))
    _kind, shown = _content(answer)
    return Call(
        id=operation["operationId"].replace(".", "-"),
        method=method.upper(),
        path=path,
        summary=operation["summary"].removesuffix("."),
        description=_marked(operation["description"]),
        permission=operation.get("x-permission") or "",
        doors=[_DOORS[door] for door in operation.get("x-credentials", [])],
        parameters=[_parameter(one, found) for one in operation.get("parameters", [])],
        body=list(_fields(body.get("schema", {}), found)),
        content=content,
        status=str(status),
        answer=list(_fields(shown.get("schema", {}), found)),
        answer_example=_pretty(shown.get("example")),
        errors=[str(code) for code in operation["responses"] if int(code) >= 400],
        curl=_curl(method.upper(), path, operation, content, body.get("example")),
        body_example=body.get("example"),
    )


def _content(part: Json) -> tuple[str, Json]:
    return next(iter(part.get("content", {}).items()), ("", {}))


def _parameter(one: Json, found: Json) -> Field:
    schema = resolved(one["schema"], found)
    note = {"description": one.get("description", ""), **schema}
    return Field(one["name"], f"{_kind(schema, found)} · {one['in']}", one.get("required", False), _words(note))


def _fields(schema: Json, found: Json, before: str = "", depth: int = 0) -> Iterator[Field]:
    schema = resolved(schema, found)
    if schema.get("type") == "array":
        yield from _fields(schema.get("items", {}), found, f"{before}[]", depth)
        return
    required = schema.get("required", [])
    for name, inner in schema.get("properties", {}).items():
        full = f"{before}.{name}" if before else name
        plain = resolved(inner, found)
        yield Field(full, _kinds(inner, found), name in required, _words(plain))
        if depth < 3:
            yield from _fields(plain, found, full, depth + 1)


def _kinds(schema: Json, found: Json) -> str:
    """``integer | string | null``."""
    ways = [one for part in schema.get("anyOf", [schema]) for one in part.get("anyOf", [part])]
    return " | ".join(dict.fromkeys(_kind(resolved(way, found), found) for way in ways))


def _kind(schema: Json, found: Json) -> str:
    if schema.get("type") == "array":
        return f"{_kind(resolved(schema.get('items', {}), found), found)}[]"
    kind = schema.get("type", "object")
    form = schema.get("format")
    return f"{kind} ({form})" if form and kind == "string" else str(kind)


def _words(schema: Json) -> SafeString:
    return _marked(" ".join(part for part in (schema.get("description", ""), _limits(schema)) if part))


def _marked(text: str) -> SafeString:
    """``text`` with what stands between back quotes as code."""
    parts = enumerate(text.split("`"))
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", part) if at % 2 else part,) for at, part in parts)
    )


def _limits(schema: Json) -> str:
    if "enum" in schema:
        return " | ".join(f"`{value}`" for value in schema["enum"])
    lengths = {"minLength": _("≥ %(count)s characters"), "maxLength": _("≤ %(count)s characters")}
    bounds = {"minimum": "≥ %(count)s", "maximum": "≤ %(count)s"}
    return ", ".join(
        str(words) % {"count": schema[name]} for name, words in {**lengths, **bounds}.items() if name in schema
    )


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) if value is not None else ""


def _curl(method: str, path: str, operation: Json, content: str, body: Any) -> str:
    parts = ["curl", f"-X {method}" if method != "GET" else "", f'"{settings.BASE_URL}{path}"']
    lines = [" ".join(part for part in parts if part)]
    doors = operation.get("x-credentials", ["api_key"])
    if doors == ["session"]:
        lines.append("-b cookies.txt" + ("" if method == "GET" else ' -H "X-CSRFToken: $CSRF_TOKEN"'))
    elif doors:
        lines.append('-H "Authorization: Bearer $KEY"')
    if any(one["name"].lower() == "idempotency-key" for one in operation.get("parameters", [])):
        lines.append('-H "Idempotency-Key: $(uuidgen)"')
    if content == "application/json":
        lines += ['-H "Content-Type: application/json"', f"-d '{json.dumps(body, ensure_ascii=False)}'"]
    elif content:
        lines += [f'-F "{name}=@document.jpg"' for name in body or {}]
    return " \\\n  ".join(lines)
