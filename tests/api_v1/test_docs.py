"""What the documentation promises: every operation with examples in three languages, every code, state and event."""

import ast
import re
import time
from typing import Any

import pytest
from django.test import Client

from accounts.models import Customer
from config.api_v1 import TOLD
from config.lib import envelope
from config.openapi_examples import example, resolved
from config.reference_v1 import ERRORS, EVENTS, STATES, TITLES, document
from config.samples import VERIFICATION, Sample, languages
from notifications.delivery import signing
from notifications.models import EVENTS as SENT
from otp import wire
from otp.models import Order, Server, State

pytestmark = pytest.mark.django_db


def page(path: str) -> str:
    answer = Client().get(f"/api/v1/docs{path}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_the_pages_are_there_for_everybody(customer: Customer) -> None:
    overview = page("")
    for path in document()["paths"]:
        assert path in overview
    for slug in re.findall(r'href="/api/v1/docs/([a-z-]+)"', overview):
        assert "curl" in page(f"/{slug}")
    assert Client().get("/api/v1/docs/nothing").status_code == 404
    assert len(set(re.findall(r'href="/api/v1/docs/([a-z-]+)"', overview))) == len(TITLES)
    browser = Client()
    browser.force_login(customer.user)
    assert browser.get("/api/v1/docs").status_code == 200


def test_the_other_documentation_leads_here() -> None:
    assert 'href="/api/v1/docs"' in Client().get("/api/docs").content.decode()


def test_the_document_is_served_and_stands_on_its_own() -> None:
    answer = Client().get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.json()["components"]["securitySchemes"].keys() == {"apiKey"}
    references = set(re.findall(r'"#/components/schemas/([^"]+)"', answer.content.decode()))
    assert references <= set(answer.json()["components"]["schemas"])


@pytest.mark.parametrize("path", sorted(document()["paths"]))
def test_examples_have_every_field(path: str) -> None:
    for operation in document()["paths"][path].values():
        content = operation["responses"]["200"]["content"]["application/json"]
        data = resolved(content["schema"], document())["properties"]["data"]
        shown, wanted = content["example"]["data"], resolved(data, document())
        assert set(wanted.get("required", [])) <= set(shown)
        assert set(shown) <= set(wanted["properties"])
        assert example(data, document()) == shown


def test_samples_can_be_run_as_they_are() -> None:
    sample = Sample("POST", "https://x.example/api/v1/order/create", {}, {"a": True, "b": None, "c": "it's"}, True)
    curl, python, php, javascript = (code for _language, code in languages(sample))
    ast.parse(python)
    assert '"a": True, "b": None' in python
    assert "-X POST" in curl
    assert "'c' => 'it\\'s'" in php
    assert '"b": null, "c": "it\'s"' in javascript
    assert all("Idempotency-Key" in code for code in (curl, python, php, javascript))
    look = Sample("GET", "https://x.example/api/v1/order/check", {"order_id": 65})
    assert all("65" in code and "POST" not in code for _language, code in languages(look))


def test_the_shown_verification_accepts_what_we_send() -> None:
    code = dict(VERIFICATION)["Python"]
    space: dict[str, Any] = {}
    exec(code, space)  # noqa: S102 - our own example
    secret, body = "00112233445566778899aabbccddeeff0011223344556677", b'{"event":"order.finished"}'

    headers = signing.signed_headers("evt_01TEST", body, [secret], int(time.time()))
    assert space["is_genuine"](secret, headers, body)
    assert not space["is_genuine"](secret, headers, body + b" ")
    assert not space["is_genuine"]("another secret of ours", headers, body)


def test_every_code_is_explained() -> None:
    explained = {code for _status, codes, *_rest in ERRORS for code in codes.split(", ")}
    assert {code for _status, code in TOLD.values()} | set(envelope.CODES.values()) <= explained


def test_every_event_is_explained() -> None:
    assert {name for name, _words in EVENTS} == {*SENT, "*"}


@pytest.mark.parametrize("server", Server.values)
def test_every_state_has_a_word_that_is_explained(server: int) -> None:
    kind = "Mail inbox" if server == Server.MAIL else "Number"
    explained = {state for what, state, *_rest in STATES if str(what) == kind}
    said = {wire.status_of(Order(server=server, state=state)) for state in State}
    assert said <= explained
    assert (server == Server.PRODUCTS) == ("otp_received" in said)
