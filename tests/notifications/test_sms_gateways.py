"""The generic gateway: what the settings say is what goes over the wire; and reports that gateways send."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client as Caller

from config import system_checks
from config.lib.clock import now
from config.lib.errors import ProviderError
from notifications import delivery
from notifications.models import Sms
from notifications.providers.generic import HttpGateway, text_at
from notifications.providers.types import Outgoing, Status
from notifications.services import sms as services
from tests.notifications.texting import NUMBER, phones, state_of
from tests.simulators import Simulator

MESSAGE = Outgoing("SMREFERENCE1", NUMBER, "Gerbang", "Code 482913 & more", "GSM-7")


@dataclass
class Gateway:
    """Somebody's gateway: keeps what it is asked, answers what it is told to."""

    url: str = ""
    status: int = 200
    answer: bytes = b'{"id": "g-1"}'
    asked: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture(scope="module")
def _listening() -> Iterator[Gateway]:
    kept = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            kept.asked.append(
                {"method": self.command, "path": urlsplit(self.path), "headers": headers, "body": body.decode()}
            )
            self.send_response(kept.status)
            self.send_header("Content-Length", str(len(kept.answer)))
            self.end_headers()
            self.wfile.write(kept.answer)

        do_GET = do_POST

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield kept
    server.shutdown()


@pytest.fixture
def theirs(_listening: Gateway, settings: Any) -> Gateway:
    _listening.status, _listening.answer, _listening.asked = 200, b'{"id": "g-1"}', []
    settings.SMS_GATEWAY = "http"
    settings.SMS_GATEWAY_URL = f"{_listening.url}/send"
    settings.SMS_GATEWAY_KEY = "the-key"
    return _listening


@pytest.fixture
def how(settings: Any) -> dict[str, Any]:
    """What the gateway looks like; the test changes it."""
    settings.SMS_HTTP = dict(settings.SMS_HTTP)
    found: dict[str, Any] = settings.SMS_HTTP
    return found


def test_as_json_with_a_bearer(theirs: Gateway, how: dict[str, Any]) -> None:
    how["fields"] = {"to": "message.phone", "text": "message.body", "from": "sender", "reference": "ref"}
    how["extra"] = {"type": "plain"}
    assert HttpGateway().send(MESSAGE).gateway_id == "g-1"
    (asked,) = theirs.asked
    assert asked["headers"]["authorization"] == "Bearer the-key"
    assert json.loads(asked["body"]) == {
        "type": "plain",
        "message": {"phone": NUMBER, "body": "Code 482913 & more"},
        "sender": "Gerbang",
        "ref": "SMREFERENCE1",
    }


def test_as_a_form_with_a_header(theirs: Gateway, how: dict[str, Any]) -> None:
    how |= {"format": "form", "auth": "header:X-Api-Key", "plus": False, "id": "messages.0.id"}
    theirs.answer = b'{"messages": [{"id": 77}]}'
    assert HttpGateway().send(MESSAGE).gateway_id == "77"
    (asked,) = theirs.asked
    assert asked["headers"]["x-api-key"] == "the-key"
    assert parse_qs(asked["body"]) == {"to": [NUMBER[1:]], "from": ["Gerbang"], "text": ["Code 482913 & more"]}


def test_in_the_query_with_the_key_as_a_field(theirs: Gateway, how: dict[str, Any], caplog: Any) -> None:
    caplog.set_level("DEBUG")
    how |= {"method": "GET", "format": "query", "auth": "field:apikey", "id": "."}
    theirs.answer = b"g-9\n"
    assert HttpGateway().send(MESSAGE).gateway_id == "g-9"
    (asked,) = theirs.asked
    assert (asked["method"], asked["body"]) == ("GET", "")
    assert parse_qs(asked["path"].query)["apikey"] == ["the-key"]
    assert "482913" not in caplog.text
    assert "the-key" not in caplog.text


def test_with_a_password(theirs: Gateway, how: dict[str, Any], settings: Any) -> None:
    settings.SMS_GATEWAY_KEY = "user:pass"
    how["auth"] = "basic"
    HttpGateway().send(MESSAGE)
    assert theirs.asked[0]["headers"]["authorization"] == "Basic dXNlcjpwYXNz"


@pytest.mark.parametrize(
    ("status", "answer", "retryable", "unknown"),
    [
        (200, b'{"status": "error"}', False, False),
        (200, b"<html>busy</html>", False, True),
        (400, b"{}", False, False),
        (401, b"{}", True, False),
        (429, b"{}", True, False),
        (500, b"{}", False, True),
        (503, b"{}", True, False),
        (302, b"", False, True),
    ],
    ids=["no", "html", "400", "401", "429", "500", "503", "302"],
)
def test_what_a_refusal_means(
    theirs: Gateway, how: dict[str, Any], status: int, answer: bytes, retryable: bool, unknown: bool
) -> None:
    how["ok"] = "status=ok|queued"
    theirs.status, theirs.answer = status, answer
    with pytest.raises(ProviderError) as refusal:
        HttpGateway().send(MESSAGE)
    assert (refusal.value.retryable, refusal.value.outcome_unknown) == (retryable, unknown)


def test_it_is_asked_where_it_says(theirs: Gateway, how: dict[str, Any]) -> None:
    how |= {"status_url": f"{theirs.url}/status/{{id}}", "status": "data.state", "delivered": ["DELIVRD"]}
    theirs.answer = b'{"data": {"state": "delivrd"}}'
    (word,) = HttpGateway().ask([("SMREFERENCE1", "g/1"), ("SMREFERENCE2", "")])
    assert (word.status, word.reference) == (Status.DELIVERED, "SMREFERENCE1")
    assert theirs.asked[0]["path"].path == "/status/g%2F1"
    theirs.answer = b'{"data": {"state": "on its way"}}'
    assert HttpGateway().ask([("SMREFERENCE1", "g-1")]) == []


@pytest.mark.parametrize(
    ("answer", "path", "found"),
    [
        ({"a": [{"b": "x"}]}, "a.0.b", "x"),
        ({"a": []}, "a.0.b", ""),
        ({"a": {"b": 7}}, "a.b", "7"),
        ({"a": {"b": {}}}, "a.b", ""),
        ("OK 17", ".", "OK 17"),
        ({"id": "x"}, "", ""),
        (None, "id", ""),
    ],
    ids=["list", "short", "number", "object", "whole", "nowhere", "null"],
)
def test_paths_lead_somewhere_or_nowhere(answer: Any, path: str, found: str) -> None:
    assert text_at(answer, path) == found


@pytest.mark.parametrize(
    ("changes", "ids"),
    [
        ({}, set()),
        ({"SMS_GATEWAY": "pigeon"}, {"gerbang.E013"}),
        ({"SMS_GATEWAY_KEY": ""}, {"gerbang.E014"}),
        ({"SMS_PRICE_PER_SEGMENT": "a quarter"}, {"gerbang.E015"}),
        ({"SMS_SENDER_ID": "much too long"}, {"gerbang.E016"}),
        ({"SMS_REPORT_TOKEN": "short"}, {"gerbang.E017"}),
        ({"auth": "magic"}, {"gerbang.E018"}),
        ({"auth": "header:"}, {"gerbang.E018"}),
        ({"format": "xml"}, {"gerbang.E018"}),
        ({"fields": {"to": "to"}}, {"gerbang.E018"}),
    ],
    ids=["fine", "gateway", "key", "price", "sender", "token", "auth", "header", "format", "fields"],
)
def test_settings_that_cannot_work_are_said_at_the_start(
    theirs: Gateway, how: dict[str, Any], settings: Any, changes: dict[str, Any], ids: set[str]
) -> None:
    for name, value in changes.items():
        if name.isupper():
            setattr(settings, name, value)
        else:
            how[name] = value
    assert {one.id for one in system_checks._sms()} == ids


# --- what becomes of messages through it ---------------------------------------------------------------------------


def written() -> Sms:
    services.send_code(to=NUMBER, text="Code 482913", subject="payout:1", is_sandbox=False)
    return Sms.objects.latest("pk")


@pytest.mark.django_db
def test_doubt_at_a_gateway_that_may_not_be_asked_twice_is_left_alone(theirs: Gateway, how: dict[str, Any]) -> None:
    theirs.status = 500
    message = written()
    delivery.send_due_sms(seconds=0)
    assert state_of(message) == ("unclear", "")
    Sms.objects.update(due_at=now())
    delivery.send_due_sms(seconds=0)
    assert len(theirs.asked) == 1
    Sms.objects.update(ask_at=now())
    delivery.ask_due_sms()
    assert state_of(message) == ("failed", "unclear")


@pytest.mark.django_db
def test_a_gateway_tells_what_became_of_a_message(theirs: Gateway, how: dict[str, Any], settings: Any) -> None:
    settings.SMS_REPORT_TOKEN = "the-token"
    how |= {"report_id": "msgid", "report_status": "dlr", "delivered": ["1"], "undelivered": ["2"]}
    first, second = written(), written()
    for answer, _message in ((b'{"id": "g-1"}', first), (b'{"id": "g-2"}', second)):
        theirs.answer = answer
        Sms.objects.filter(state="queued").exclude(pk=_message.pk).update(due_at=now().replace(year=2100))
        Sms.objects.filter(pk=_message.pk).update(due_at=now())
        delivery.send_due_sms(seconds=0)
    caller = Caller()
    assert caller.get("/sms/report/wrong", {"msgid": "g-1", "dlr": "1"}).status_code == 404
    assert caller.get("/sms/report/the-token", {"msgid": "g-1", "dlr": "8"}).status_code == 200
    assert state_of(first)[0] == "sent"
    assert caller.get("/sms/report/the-token", {"msgid": "g-1", "dlr": "1"}).status_code == 200
    assert caller.post("/sms/report/the-token", {"msgid": "g-2", "dlr": "2"}).status_code == 200
    assert (state_of(first)[0], state_of(second)) == ("delivered", ("undelivered", "unreachable"))
    assert caller.get("/sms/report/the-token", {"msgid": "g-1", "dlr": "2"}).status_code == 200
    assert state_of(first)[0] == "delivered"
    for body in ("[]", "{", '{"msgid": "\\u0000"}', "[" * 5000):
        assert caller.post("/sms/report/the-token", body, content_type="application/json").status_code == 400
    assert caller.post("/sms/report/the-token", '{"msgid": {}}', content_type="application/json").status_code == 200
    settings.SMS_REPORT_TOKEN = ""
    assert caller.get("/sms/report/", {"msgid": "g-1"}).status_code == 404


@pytest.mark.django_db
def test_a_gateway_that_can_be_asked_is_not_taken_at_its_word(sms_sim: Simulator, settings: Any) -> None:
    settings.SMS_REPORT_TOKEN = "the-token"
    message = written()
    delivery.send_due_sms(seconds=0)
    told = {"reference": message.reference, "status": "rejected"}
    assert Caller().post("/sms/report/the-token", told, content_type="application/json").status_code == 200
    sms_sim.control("settings", delivery_seconds=60)
    assert state_of(message)[0] == "sent"
    if phones(sms_sim)[0]["status"] == "accepted":
        sms_sim.control("end", reference=message.reference)
    delivery.ask_due_sms()
    assert state_of(message)[0] == "delivered"
