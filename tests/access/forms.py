"""Every form of every page, as a browser finds it: by looking at the pages as somebody and reading their fields."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

from tests.access.rules import PLAIN, Route, may_enter, routes
from tests.access.world import Actor, World

# Not ours: what allauth and the administration do with odd values is tried by their own tests.
_NOT_OURS = ("admin/", "account/")


@dataclass
class Form:
    """A form that is sent by POST: where to, and its fields as they stand on the page."""

    page: str
    action: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    @property
    def name(self) -> str:
        return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "…", self.action)

    def filled(self) -> dict[str, list[str]]:
        """The fields with something sensible where the page left them empty."""
        values = {name: given or [_sensible(name, self.kinds[name])] for name, given in self.fields.items()}
        for name, value in self.buttons[:1]:
            values.setdefault(name, [value])
        return {name: given for name, given in values.items() if name != "csrfmiddlewaretoken"}


class _Reader(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.page, self.forms = page, list[Form]()
        self.form: Form | None = None
        self.select = self.area = ""
        self.options: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            post = given.get("method", "").lower() == "post"
            self.form = Form(self.page, urljoin(self.page, given.get("action") or self.page)) if post else None
        if self.form is None:
            return
        name = given.get("name", "")
        if tag == "input" and name:
            self._input(name, given, checked="checked" in given)
        elif tag == "button" and name:
            self.form.buttons.append((name, given.get("value", "")))
        elif tag == "select":
            self.select, self.options = name, []
        elif tag == "option" and self.select:
            self.options.append((given.get("value", ""), "selected" in given))
        elif tag == "textarea" and name:
            self._add(name, "textarea", [])

    def _input(self, name: str, given: dict[str, str], *, checked: bool) -> None:
        kind = given.get("type", "text")
        if kind in {"checkbox", "radio"}:
            self._add(name, kind, [given.get("value", "on")] if checked else [])
        elif kind in {"submit", "image"}:
            assert self.form is not None
            self.form.buttons.append((name, given.get("value", "")))
        else:
            self._add(name, kind, [given["value"]] if given.get("value") else [])

    def _add(self, name: str, kind: str, values: list[str]) -> None:
        assert self.form is not None
        self.form.fields.setdefault(name, []).extend(values)
        self.form.kinds[name] = kind

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self.select and self.form is not None:
            chosen = [value for value, selected in self.options if selected]
            others = [value for value, _selected in self.options if value]
            self._add(self.select, "select", chosen or others[:1])
            self.select = ""
        if tag == "form" and self.form is not None:
            self.forms.append(self.form)
            self.form = None


_KNOWN = {
    "email": "new.person@example.id",
    "email_address": "new.client@example.sl",
    "developer_email": "new.bot@example.sl",
    "phone": "+23276123499",
    "phone_number": "+23276123499",
    "developer_phone_number": "+23276123499",
    "amount": "1000",
    "recipient": "sari@example.id",
    "to": "sari@example.id",
    "country": "Sierra Leone",
    "timezone": "Asia/Jakarta",
}


def _sensible(name: str, kind: str) -> str:
    if name in _KNOWN:
        return _KNOWN[name]
    kinds = {"email": "new.person@example.id", "number": "1000", "date": "1990-08-17", "tel": "+23276123499"}
    return kinds.get(kind, "Something new")


def forms_of(world: World, actor: Actor) -> Iterator[Form]:
    """Each form once (by where it is sent and its fields) that ``actor`` finds on the pages open to it."""
    seen: set[tuple[str, frozenset[str]]] = set()
    for path in _pages(world, actor):
        answer = actor.ask("GET", path)
        if answer.status_code != 200 or not answer.get("Content-Type", "").startswith("text/html"):
            continue
        reader = _Reader(path)
        reader.feed(answer.content.decode())
        for form in reader.forms:
            key = (form.name, frozenset(form.fields))
            ours = not form.action.lstrip("/").startswith(_NOT_OURS)
            if ours and key not in seen:
                seen.add(key)
                yield form


def _pages(world: World, actor: Actor) -> Iterator[str]:
    for route in routes():
        if route.is_ours and not route.is_api and may_enter(actor, route, "GET"):
            yield from _paths(world, route)


def _paths(world: World, route: Route) -> Iterator[str]:
    kinds = {name: kind for name, kind in route.parameters if kind}
    owners = next((list(world.things[kind]) for kind in kinds.values()), [""])
    for owner in owners:
        ids = {name: world.things[kind].get(owner) for name, kind in kinds.items()}
        if all(ids.values()):
            yield route.path({**PLAIN, **ids})
