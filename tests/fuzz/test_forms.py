"""Odd values in every form of every page: whatever is sent, nothing fails."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from tests.access import world as worlds
from tests.access.forms import Form, forms_of
from tests.access.world import Actor, World, rolled_back

# Each test is a savepoint within the world.
pytestmark = pytest.mark.django_db

ACTORS = ["nobody", "ayu", "portal_a", "super", "company", "approver"]
ODD = [
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ud800",
    "\u202e\u200b",
    "💸" * 40,
    "x" * 100_000,
    "-1",
    "0",
    "1e400",
    "NaN",
    "Infinity",
    "9" * 400,
    "0.001",
    "٣",
    "0001-01-01",
    "9999-12-31",
    "2026-02-30",
    "true",
    "null",
    "[]",
    "../../etc/passwd",
    "' OR 1=1 --",
    "{{ 7*7 }}",
    "<script>",
    "00000000-0000-0000-0000-000000000000",
    "a@b@c",
    "ü" * 70 + "@" + "ü" * 70 + ".example",
    "+" + "9" * 60,
]
VALUES = st.one_of(st.sampled_from(ODD), st.text(max_size=60), st.integers().map(str), st.decimals().map(str))


def _file(name: str, body: bytes, kind: str) -> SimpleUploadedFile:
    """Under ``name`` on the wire, which Django would not take for a name itself."""
    sent = SimpleUploadedFile("x", body, kind)
    vars(sent)["_name"] = name
    return sent


FILES = st.builds(
    _file,
    st.sampled_from(["a.png", "a.pdf", "x" * 300 + ".jpg", "..", "a\x00.png", "💸"]),
    st.one_of(st.just(b""), st.binary(max_size=200), st.just(b"%PDF-1.7\n"), st.just(b"\x89PNG\r\n\x1a\n")),
    st.sampled_from(["image/png", "application/pdf", "text/html", "nonsense"]),
)


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    logging.disable(logging.CRITICAL)
    with django_db_blocker.unblock(), worlds.built() as built:
        yield built
    logging.disable(logging.NOTSET)


def _send(actor: Actor, form: Form, values: dict[str, Any]) -> int:
    with rolled_back():
        answer = actor.ask("POST", form.action, data={name: _wire(value) for name, value in values.items()})
        if getattr(answer, "streaming", False):
            b"".join(answer.streaming_content)  # type: ignore[attr-defined]
        return answer.status_code


def _wire(value: Any) -> Any:
    """What a hostile client could send; a lone surrogate cannot even be written down in UTF-8."""
    return (
        value.encode("utf-8", "surrogatepass").decode("latin-1")
        if isinstance(value, str) and "\ud800" in value
        else value
    )


def _try(actor: Actor, form: Form, examples: int, *, same_every_time: bool) -> int:
    usual, files = form.filled(), [name for name, kind in form.kinds.items() if kind == "file"]
    names, sent = sorted(usual), 0

    @limits(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=same_every_time,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(data=st.data())
    def every(data: st.DataObject) -> None:
        nonlocal sent
        values: dict[str, Any] = dict(usual)
        for name in data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=3)):
            values[name] = data.draw(FILES) if name in files and data.draw(st.booleans()) else data.draw(VALUES)
        status = _send(actor, form, values)
        sent += 1
        assert status < 500, (form.name, values)

    if names:
        cache.clear()
        every()
    return sent


def _all(world: World, name: str, examples: int, *, same_every_time: bool) -> tuple[int, int]:
    actor, forms, sent = world.actors[name], 0, 0
    for form in list(forms_of(world, actor)):
        sent += _try(actor, form, examples, same_every_time=same_every_time)
        forms += 1
    return forms, sent


# Who runs the company finds what the superadministrator finds, and less of it.
@pytest.mark.parametrize("name", [name for name in ACTORS if name != "company"])
def test_no_form_fails(name: str, world: World) -> None:
    forms, sent = _all(world, name, 4, same_every_time=True)
    assert forms > 0
    assert sent >= forms


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", ACTORS)
def test_no_form_fails_for_long(name: str, world: World) -> None:
    assert _all(world, name, 300, same_every_time=False)[1] > 300
