"""The simulated OVO Tokenize keeps the rules of the contract; driven over HTTP as a process.

Signatures are made here by md5sum and sha1sum, so that neither side's own code is trusted.
"""

import itertools
import json
import re
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.simulators import Simulator, start_faspay

WIB = timezone(timedelta(hours=7))
PHONE = "081382826301"
NUMBERS = {"activate": 37, "pay": 38, "balance": 39, "unlink": 40, "history": 41, "topup": 42}
bills = itertools.count(1)


def digest(text: str) -> str:
    inner = subprocess.run(["md5sum"], input=text.encode(), capture_output=True, check=True).stdout[:32]
    return subprocess.run(["sha1sum"], input=inner, capture_output=True, check=True).stdout[:40].decode()


SIGNATURE = digest(f"bot37020sandbox-ovo{PHONE}")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with start_faspay(tmp_path_factory.mktemp("ovo")) as simulator:
        yield simulator


@pytest.fixture
def sim(running: Simulator) -> Simulator:
    running.control("reset")
    running.control("ovo/settings", notify_url="", callback_url="", return_url="")
    return running


def fields(**changed: str) -> dict[str, str]:
    now = datetime.now(WIB).date().isoformat()
    return {
        "merchant_id": "37020",
        "payment_channel": "720",
        "phone_no": PHONE,
        "signature": SIGNATURE,
        "cust_name": "Ayu Lestari",
        "bill_no": f"{next(bills):010d}",
        "bill_desc": "Top up",
        "bill_total": "5000000",
        "bill_currency": "IDR",
        "email": "ayu@example.id",
        "pay_type": "0",
        "merchant": "GERBANG",
        "start_date": now,
        "end_date": now,
        "page": "1",
        "limit": "10",
        **changed,
    }


def ask(sim: Simulator, operation: str, timeout: float = 10, **changed: str) -> dict[str, Any]:
    url = f"{sim.url}/cvr/1000{NUMBERS[operation]}/10"
    reply = requests.post(url, json=fields(**changed), timeout=timeout)
    assert reply.status_code == 200
    return dict(reply.json())


def ask_xml(sim: Simulator, operation: str, family: str = "183", **changed: str) -> requests.Response:
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in fields(**changed).items())
    url = f"{sim.url}/pws/1000{NUMBERS[operation]}/{family}0700010100000/"
    return requests.post(url, data=f'<?xml version="1.0"?><faspay>{inner}</faspay>', timeout=10)


def link(sim: Simulator, **changed: Any) -> None:
    sim.control("ovo/purse", phone=PHONE, link="linked", **changed)


def payment(sim: Simulator) -> dict[str, Any]:
    return dict(sim.look("ovo/payments")["payments"][0])


# -- requests


def test_the_digest_here_is_that_of_the_sample() -> None:
    assert digest("bot99999p@ssw0rd081382826301") == "1d4c5f7246a762c4ab61cd3d399efa4c28978bf3"


@pytest.mark.parametrize("operation", NUMBERS)
def test_a_signature_over_another_number_is_refused(sim: Simulator, operation: str) -> None:
    link(sim)
    assert ask(sim, operation)["response_code"] == "00"
    wrong = ask(sim, operation, signature=digest("bot37020sandbox-ovo6281382826301"))
    assert (wrong["response_code"], wrong["response_desc"]) == ("01", "Invalid signature")


@pytest.mark.parametrize(
    ("operation", "changed", "name"),
    [
        ("activate", {"cust_name": ""}, "cust_name"),
        ("activate", {"phone_no": "+6281382826301"}, "phone_no"),
        ("activate", {"payment_channel": "812"}, "payment_channel"),
        ("balance", {"merchant_id": "37021"}, "merchant"),
        ("pay", {"bill_no": "A1"}, "bill_no"),
        ("pay", {"bill_total": "100.00"}, "bill_total"),
        ("pay", {"bill_total": "150"}, "bill_total"),
        ("pay", {"bill_currency": "USD"}, "bill_currency"),
        ("pay", {"pay_type": "3"}, "pay_type"),
        ("pay", {"email": "x"}, "email"),
        ("history", {"start_date": "2026-99-99", "end_date": "2026-99-99"}, "date"),
        ("history", {"page": "0"}, "page"),
        ("unlink", {"merchant": ""}, "merchant"),
    ],
)
def test_fields_are_checked_by_name(sim: Simulator, operation: str, changed: dict[str, Any], name: str) -> None:
    link(sim)
    answer = ask(sim, operation, **changed)
    assert answer["response_code"] == "01"
    assert name in answer["response_desc"]


def test_what_is_no_json_or_xml_is_refused(sim: Simulator) -> None:
    for path in ("/cvr/100039/10", "/pws/100039/1830700010100000/"):
        for body in (b"", b"[]", b"<faspay>", b"{", b'<!DOCTYPE a [<!ENTITY b "c">]><faspay>&b;</faspay>'):
            reply = requests.post(sim.url + path, data=body, timeout=5)
            assert reply.status_code == 200
            assert "01" in reply.text


def test_addresses_are_as_in_the_contract(sim: Simulator) -> None:
    assert requests.post(f"{sim.url}/cvr/100099/10", timeout=5).status_code == 404
    link(sim)
    assert ask_xml(sim, "pay", family="189").status_code == 200
    assert ask_xml(sim, "pay", family="183").status_code == 404
    assert ask_xml(sim, "balance", family="189").status_code == 404


def test_xml_is_answered_in_xml(sim: Simulator) -> None:
    link(sim, cash=1234, points=56)
    reply = ask_xml(sim, "balance")
    assert reply.headers["Content-Type"].startswith("text/xml")
    assert "<cash>\n<balance>1234</balance>\n</cash>" in reply.text
    assert "<response_code>00</response_code>" in reply.text


# -- links and payments


def test_the_page_links_an_account(sim: Simulator) -> None:
    assert ask(sim, "balance")["response_code"] == "01"
    url = ask(sim, "activate")["redirectURL"]
    assert requests.get(url, timeout=5).status_code == 200
    wrong = requests.post(url, data={"otp": "123456", "pin": "000000"}, timeout=5)
    assert "not right" in wrong.text
    done = requests.post(url, data={"otp": "123456", "pin": "111111"}, timeout=5)
    assert "Done" in done.text
    assert ask(sim, "balance")["response_code"] == "00"
    assert requests.get(url, timeout=5).status_code == 410


@pytest.mark.parametrize("typed", [{"do": "cancel"}, {"otp": "12", "pin": "111111"}])
def test_cancelling_or_three_wrong_codes_end_it(sim: Simulator, typed: dict[str, str]) -> None:
    url = ask(sim, "activate")["redirectURL"]
    for _attempt in range(3):
        requests.post(url, data=typed, timeout=5)
    assert requests.get(url, timeout=5).status_code == 410
    assert ask(sim, "balance")["response_code"] == "01"


def test_a_second_activation_that_is_given_up_leaves_the_link(sim: Simulator) -> None:
    link(sim)
    requests.post(ask(sim, "activate")["redirectURL"], data={"do": "cancel"}, timeout=5)
    assert ask(sim, "balance")["response_code"] == "00"


def test_a_page_of_nobody_is_404(sim: Simulator) -> None:
    assert requests.get(f"{sim.url}/cellblockui/v2/paymentPin?token=<script>", timeout=5).status_code == 404


def test_a_payment_takes_the_money_once(sim: Simulator) -> None:
    link(sim, cash=60_000, points=0)
    answer = ask(sim, "pay", bill_no="77")
    assert (answer["amount"], answer["status"], answer["bill_no"]) == ("50000", "PENDING", "77")
    with ThreadPoolExecutor(4) as pool:
        pages = list(
            pool.map(lambda _: requests.post(answer["redirectURL"], data={"pin": "111111"}, timeout=5), range(8))
        )
    assert sorted(page.status_code for page in pages) == [200] + [410] * 7
    assert ask(sim, "balance")["detail"]["cash"]["balance"] == "10000"
    assert ask(sim, "pay", bill_no="77")["response_code"] == "01"


def test_too_little_money_fails(sim: Simulator) -> None:
    link(sim, cash=100, points=100)
    trx_id = ask(sim, "pay", pay_type="2")["trx_id"]
    assert sim.control("ovo/finish", trx_id=trx_id)["payment"]["status"] == "3"


def test_a_payment_is_over_after_its_window(sim: Simulator) -> None:
    link(sim)
    sim.control("ovo/settings", window_seconds=0)
    answer = ask(sim, "pay")
    assert requests.get(answer["redirectURL"], timeout=5).status_code == 410
    assert sim.control("ovo/finish", trx_id=answer["trx_id"])["payment"]["status"] == "7"


def test_a_token_expires_and_is_renewed(sim: Simulator) -> None:
    link(sim)
    sim.control("ovo/purse", phone=PHONE, link="expired")
    answer = ask(sim, "pay")
    assert (answer["response_code"], "redirectURL" in answer) == ("02", False)
    requests.post(answer["url"], data={"pin": "111111"}, timeout=5)
    assert ask(sim, "pay")["response_code"] == "00"


def test_history_has_pages_and_the_samples_oddities(sim: Simulator) -> None:
    link(sim, cash=500_000)
    for _number in range(3):
        sim.control("ovo/finish", trx_id=ask(sim, "pay")["trx_id"], notify=False)
    page = ask(sim, "history", limit="2")
    assert list(page["list_transaction"]) == ["transaction_1", "transaction_2"]
    assert page["list_refund"] == ""
    assert list(ask(sim, "history", limit="2", page="2")["list_transaction"]) == ["transaction_1"]
    assert ask(sim, "history", limit="2", page="3")["list_transaction"] == ""


# -- misbehaviour


def test_malformations_are_what_they_are_called(sim: Simulator) -> None:
    link(sim)

    def text(mode: str, operation: str = "pay") -> str:
        sim.control("ovo/misbehave", operation=operation, mode=mode)
        return ask_xml(sim, operation, family="189" if operation == "pay" else "183").text

    assert "&ampaction" in text("half_entities")
    assert re.search(r"<redirectURL>[^<]*[^;]&a", text("bare_ampersand"))
    assert text("bad_declaration").startswith('<?xml version="1.0" encodin0g')
    assert text("no_declaration").startswith("<faspay>")
    assert re.search(r"<redirectURL>https?://[^<\s]*\n", text("broken_lines"))
    assert "<response_code>0<" in text("short_code")
    assert "<response_code>" not in text("no_code")
    assert text("truncated").count("</faspay>") == 0
    sim.control("ovo/misbehave", operation="balance", mode="missing_brace")
    reply = requests.post(f"{sim.url}/cvr/100039/10", json=fields(), timeout=5)
    assert json.loads(reply.text + "}")["response_code"] == "00"


def test_a_timeout_after_accepting_has_accepted(sim: Simulator) -> None:
    link(sim)
    sim.control("ovo/misbehave", operation="pay", mode="timeout_after_accept")
    with pytest.raises(requests.ReadTimeout):
        ask(sim, "pay", timeout=0.5, bill_no="4711")
    assert payment(sim)["bill_no"] == "4711"
    sim.control("ovo/misbehave", operation="pay", mode="timeout_before_accept")
    with pytest.raises(requests.ReadTimeout):
        ask(sim, "pay", timeout=0.5)
    assert len(sim.look("ovo/payments")["payments"]) == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("misbehave", {"operation": "pay", "mode": "nonsense"}),
        ("misbehave", {"operation": "create-va", "mode": "502"}),
        ("misbehave", {"operation": "notification", "mode": "502"}),
        ("settings", {"notify_form": "query"}),
        ("settings", {"nonsense": 1}),
        ("purse", {"phone": "x"}),
        ("purse", {"phone": PHONE, "link": "perhaps"}),
        ("purse", {"phone": PHONE, "cash": -1}),
        ("finish", {"trx_id": "none"}),
        ("notify", {"trx_id": "none", "status": "22"}),
    ],
)
def test_control_that_makes_no_sense_is_422(sim: Simulator, path: str, body: dict[str, Any]) -> None:
    assert requests.post(f"{sim.url}/_control/ovo/{path}", json=body, timeout=5).status_code == 422


# -- what it sends


class Merchant(ThreadingHTTPServer):
    """Takes letters and answers with what a test puts into `answers`, else with code 00."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.letters: list[tuple[str, str, str, str]] = []
        self.answers: list[tuple[int, str]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Merchant

    def log_message(self, *args: Any) -> None:
        """Quiet."""

    def take(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self.server.letters.append((self.command, self.path, self.headers.get("Content-Type", ""), body))
        status, text = self.server.answers.pop(0) if self.server.answers else (200, '{"response_code":"00"}')
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = take


@pytest.fixture
def merchant(sim: Simulator) -> Iterator[Merchant]:
    server = Merchant()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    where = {"notify_url": f"{server.url}/notify", "callback_url": f"{server.url}/link?key=1"}
    sim.control("ovo/settings", retry_seconds=0.01, **where)
    yield server
    server.shutdown()
    server.server_close()


def test_the_callback_is_a_get_with_a_query(sim: Simulator, merchant: Merchant) -> None:
    sim.control("ovo/link", phone=PHONE, wait=True)
    method, path, _, body = merchant.letters[0]
    assert (method, body) == ("GET", "")
    query = parse_qs(urlsplit(path).query)
    assert (query["phone_number"], query["response_code"], query["key"]) == ([PHONE], ["00"], ["1"])


@pytest.mark.parametrize(("form", "start"), [("json", "{"), ("xml", "<?xml")])
def test_the_callback_may_have_a_body(sim: Simulator, merchant: Merchant, form: str, start: str) -> None:
    sim.control("ovo/settings", callback_form=form)
    sim.control("ovo/link", phone=PHONE, success=False, wait=True)
    method, path, kind, body = merchant.letters[0]
    assert (method, path) == ("GET", "/link?key=1")
    assert form in kind
    assert body.startswith(start)
    assert PHONE in body
    assert "01" in body


def test_a_notification_is_signed_over_bill_and_status(sim: Simulator, merchant: Merchant) -> None:
    link(sim)
    trx_id = ask(sim, "pay", bill_no="88")["trx_id"]
    letters = sim.control("ovo/finish", trx_id=trx_id, wait=True)["letters"]
    method, path, kind, body = merchant.letters[0]
    sent = json.loads(body)
    assert (method, path, kind) == ("POST", "/notify", "application/json")
    assert (sent["bill_no"], sent["payment_status_code"], sent["payment_total"]) == ("88", "2", "50000")
    assert sent["signature"] == digest("bot37020sandbox-ovo882")
    assert letters[0]["accepted"]


def test_xml_notifications_leave_ampersands_alone(sim: Simulator, merchant: Merchant) -> None:
    link(sim)
    sim.control("ovo/settings", notify_form="xml")
    sim.control("ovo/misbehave", operation="notification", mode="ampersand")
    merchant.answers.append((200, "<faspay><response_code>00</response_code></faspay>"))
    told = sim.control("ovo/finish", trx_id=ask(sim, "pay")["trx_id"], wait=True)["letters"]
    assert "<merchant>Toko & Anak &copy</merchant>" in merchant.letters[0][3]
    assert told[0]["accepted"]


def test_a_notification_comes_three_times_at_most(sim: Simulator, merchant: Merchant) -> None:
    link(sim)
    merchant.answers += [(500, ""), (200, '{"response_code":"01"}'), (200, "OK"), (200, "")]
    told = sim.control("ovo/finish", trx_id=ask(sim, "pay")["trx_id"], wait=True)["letters"]
    assert (len(merchant.letters), told[0]["accepted"]) == (3, False)


def test_lost_and_doubled_letters(sim: Simulator, merchant: Merchant) -> None:
    link(sim)
    sim.control("ovo/misbehave", operation="notification", mode="lost")
    trx_id = ask(sim, "pay")["trx_id"]
    sim.control("ovo/finish", trx_id=trx_id, wait=True)
    assert merchant.letters == []
    sim.control("ovo/misbehave", operation="notification", mode="duplicate")
    sim.control("ovo/notify", trx_id=trx_id, wait=True)
    assert len(merchant.letters) == 2
    assert len(sim.look(f"ovo/letters?about={trx_id}")["letters"]) == 3


def test_the_browser_comes_back_with_what_became_of_it(sim: Simulator) -> None:
    link(sim)
    sim.control("ovo/settings", return_url="http://127.0.0.1:9/back")
    url = ask(sim, "pay", bill_no="99")["redirectURL"]
    reply = requests.post(url, data={"pin": "111111"}, timeout=5, allow_redirects=False)
    query = parse_qs(urlsplit(reply.headers["Location"]).query)
    assert reply.status_code == 303
    assert (query["bill_no"], query["status"]) == (["99"], ["2"])
    assert query["signature"] == [digest("bot37020sandbox-ovo992")]


def test_reset_forgets_everything_and_tells_where_it_did_at_the_start(sim: Simulator, merchant: Merchant) -> None:
    link(sim)
    ask(sim, "pay")
    sim.control("ovo/misbehave", operation="pay", mode="502")
    sim.control("reset")
    assert sim.look("ovo/payments")["payments"] == sim.look("ovo/purses")["purses"] == []
    assert sim.look("ovo/misbehave")["pending"] == []
    assert sim.look("ovo/settings")["notify_url"] == ""


def test_what_it_knows_survives_a_restart(tmp_path: Path) -> None:
    with start_faspay(tmp_path) as first:
        link(first, cash=70_000)
        sent = ask(first, "pay", bill_no="5")
    with start_faspay(tmp_path) as second:
        assert payment(second)["trx_id"] == sent["trx_id"]
        second.control("ovo/finish", bill_no="5", notify=False)
        assert ask(second, "balance")["detail"]["cash"]["balance"] == "20000"
