"""The simulated SMS gateway: every phone, numbers with a story, faults on request, and its page."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import requests
from django.test import Client
from django.urls import reverse

from accounts.models import Customer
from sandbox.simulators.sms_books import Books, Conflict, Message
from sandbox.simulators.state import StateFile
from tests.simulators import Simulator


def send(sms: Simulator, reference: str = "SM-REFERENCE-1", to: str = "+23276123456", **changes: Any) -> Any:
    body = {"reference": reference, "to": to, "from": "Gerbang", "text": "Code 482913", "encoding": "GSM-7", **changes}
    headers = {"Authorization": f"Bearer {sms.secrets['api_key']}"}
    return requests.post(f"{sms.url}/sms/v1/messages", json=body, headers=headers, timeout=3)


def ask(sms: Simulator, *references: str) -> Any:
    headers = {"Authorization": f"Bearer {sms.secrets['api_key']}"}
    found = requests.post(
        f"{sms.url}/sms/v1/messages/lookup", json={"references": references}, headers=headers, timeout=3
    )
    return found.json()


def test_a_reference_is_one_message(sms_sim: Simulator) -> None:
    first, again = send(sms_sim), send(sms_sim)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert "text" not in first.json()
    assert send(sms_sim, text="other").status_code == 409
    (kept,) = sms_sim.look("messages?to=3456")["messages"]
    assert (kept["text"], kept["times"]) == ("Code 482913", 2)
    assert sms_sim.look("messages?to=9999")["messages"] == []


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"to": "076123456"}, 422, "bad_number"),
        ({"to": "+23276120000"}, 422, "bad_number"),
        ({"from": "much too long a name"}, 422, "bad_sender"),
        ({"text": ""}, 422, "bad_text"),
        ({"reference": "x"}, 422, "invalid"),
    ],
    ids=["no-plus", "nobody", "sender", "empty", "reference"],
)
def test_what_makes_no_sense_is_refused(sms_sim: Simulator, changes: dict[str, str], status: int, code: str) -> None:
    answer = send(sms_sim, **changes)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_key_is_needed(sms_sim: Simulator) -> None:
    url = f"{sms_sim.url}/sms/v1/messages"
    assert requests.post(url, json={}, timeout=3).status_code == 401
    shown = sms_sim.look("requests")["requests"][0]
    assert (shown["path"], shown["status"]) == ("/sms/v1/messages", 401)


def test_numbers_have_stories() -> None:
    moment = [1000.0]
    books, ends = Books(StateFile(None), lambda: moment[0]), list[tuple[str, str, str]]()
    books.tell = lambda message: ends.append((message.to[-4:], message.status, message.code))
    for ending in ("3456", "1111", "2222", "4444"):
        books.take(Message(f"SM-{ending}-XX", f"+2327612{ending}", "Gerbang", "Hello", "GSM-7"))
    books.age()
    assert ends == []
    moment[0] += 1
    books.age()
    assert ends == [
        ("3456", "delivered", ""),
        ("1111", "undelivered", "unreachable"),
        ("2222", "rejected", "bad_sender"),
    ]
    with pytest.raises(Conflict):
        books.take(Message("SM-3456-XX", "+23276123456", "Gerbang", "Other", "GSM-7"))


def test_messages_survive_the_process(tmp_path: Any) -> None:
    file = tmp_path / "state.json"
    Books(StateFile(file)).take(Message("SM-REFERENCE-1", "+23276123456", "Gerbang", "Hello", "GSM-7"))
    assert [one.text for one in Books(StateFile(file)).newest_first()] == ["Hello"]


def test_lookup_knows_what_it_took(sms_sim: Simulator) -> None:
    send(sms_sim, to="+23276124444")
    found = ask(sms_sim, "SM-REFERENCE-1", "SM-NEVER")
    assert (found["messages"][0]["status"], found["unknown"]) == ("accepted", ["SM-NEVER"])
    sms_sim.control("end", reference="SM-REFERENCE-1", status="undelivered", code="unreachable")
    assert ask(sms_sim, "SM-REFERENCE-1")["messages"][0]["status"] == "undelivered"
    assert (
        requests.post(f"{sms_sim.url}/_control/end", json={"reference": "SM-REFERENCE-1"}, timeout=3).status_code == 422
    )


def test_ends_are_reported_where_it_is_told_to(sms_sim: Simulator) -> None:
    heard: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.timeout = 5
    sms_sim.control("settings", report_url=f"http://127.0.0.1:{server.server_address[1]}/report")
    send(sms_sim, to="+23276124444")
    sms_sim.control("end", reference="SM-REFERENCE-1")
    server.handle_request()
    server.server_close()
    sms_sim.control("settings", report_url="")
    assert b'"reference": "SM-REFERENCE-1", "status": "delivered"' in heard[0]
    assert b"482913" not in heard[0]


# --- its page ------------------------------------------------------------------------------------------------------


@pytest.fixture
def browser(client_for: Callable[[Customer], Client], customer: Customer, sms_sim: Simulator) -> Client:
    return client_for(customer)


def post(browser: Client, name: str, **form: Any) -> str:
    reply = browser.post(reverse(f"sandbox:{name}"), form, follow=True)
    assert reply.redirect_chain == [(reverse("sandbox:sms"), 302)]
    return " ".join(str(message) for message in reply.context["messages"])


def test_codes_are_read_and_messages_ended_by_hand(browser: Client, sms_sim: Simulator) -> None:
    page = reverse("sandbox:sms")
    assert "No message yet" in browser.get(page).content.decode()
    send(sms_sim, to="+23276124444")
    assert "Code 482913" in browser.get(page).content.decode()
    assert "No message to such a number" in browser.get(page, {"q": "999"}).content.decode()
    assert "has decided" in post(browser, "sms_end", reference="SM-REFERENCE-1", way="delivered")
    assert "refused" in post(browser, "sms_end", reference="SM-REFERENCE-1", way="delivered")
    assert "<html" not in browser.get(page, headers={"HX-Request": "true"}).content.decode()


def test_mistakes_are_ordered_and_taken_back(browser: Client, sms_sim: Simulator) -> None:
    post(browser, "sms_mood", mood="down")
    assert send(sms_sim).status_code == 503
    assert "out of order until" in browser.get(reverse("sandbox:sms")).content.decode()
    post(browser, "sms_mood", mood="well")
    assert send(sms_sim).status_code == 201
    assert post(browser, "sms_mood", mood="dance")


def test_without_the_simulator_the_page_says_so(browser: Client, settings: Any) -> None:
    settings.SANDBOX_SMS_URL = "http://127.0.0.1:9"
    page = browser.get(reverse("sandbox:sms"))
    assert page.status_code == 200
    assert "is not there" in page.content.decode()
