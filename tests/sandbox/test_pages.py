"""The sandbox as pages: a person plays bank and phone network, and reads the mails."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Customer
from sandbox.simulators.faspay_bank import snap_time
from tests.sandbox.merchant import Inbox, Merchant
from tests.sandbox.shop import Shop
from tests.simulators import Simulator

SignIn = Callable[[Customer], Client]


@pytest.fixture
def browser(client_for: SignIn, customer: Customer, otpzap_sim: Simulator, faspay_sim: Simulator) -> Client:
    return client_for(customer)


def messages_of(browser: Client, path: str, **form: Any) -> str:
    reply = browser.post(path, form, follow=True)
    assert reply.redirect_chain in ([(reverse("sandbox:index"), 302)], [(reverse("sandbox:supplier"), 302)])
    return " ".join(str(message) for message in reply.context["messages"])


def paid(simulator: Simulator, trx_id: str) -> str:
    accounts = {row["trxId"]: row for row in simulator.look("accounts")["accounts"]}
    return str(accounts[trx_id]["paidAmount"])


# -- who may see it


@pytest.mark.parametrize("name", ["index", "supplier", "mailbox"])
def test_without_the_sandbox_there_is_no_such_page(browser: Client, settings: Any, name: str) -> None:
    page, action = reverse(f"sandbox:{name}"), reverse("sandbox:pay")
    settings.SANDBOX_ENABLED = False
    assert browser.get(page).status_code == 404
    assert browser.post(action, {"trx_id": "X"}).status_code == 404


def test_strangers_read_mail_but_do_not_play_bank(client: Client, db: None) -> None:
    assert client.get(reverse("sandbox:mailbox")).status_code == 200
    for path in (reverse("sandbox:index"), reverse("sandbox:pay"), reverse("sandbox:deliver")):
        reply = client.get(path) if path == reverse("sandbox:index") else client.post(path)
        assert reply.status_code == 302
        assert reply.headers["Location"].startswith(reverse("account_login"))


def test_forms_need_their_token(customer: Customer) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(customer.user)
    assert strict.post(reverse("sandbox:pay"), {"trx_id": "X"}).status_code == 403


# -- bank


def test_a_waiting_account_is_shown_and_paid(browser: Client, faspay_sim: Simulator) -> None:
    account = Merchant(faspay_sim).account(virtualAccountName="Ayu Lestari")
    page = browser.get(reverse("sandbox:index")).content.decode()
    assert account["virtualAccountNo"].strip() in page
    assert "Rp50.000" in page
    said = messages_of(browser, reverse("sandbox:pay"), trx_id=account["trxId"], way="pay")
    assert "Rp50.000 paid at BCA for Ayu Lestari" in said
    assert paid(faspay_sim, account["trxId"]) == "50000.00"


def test_other_ways_to_pay(browser: Client, faspay_sim: Simulator) -> None:
    trx_id = Merchant(faspay_sim).account()["trxId"]
    pay = reverse("sandbox:pay")
    messages_of(browser, pay, trx_id=trx_id, way="amount", amount="12500")
    assert paid(faspay_sim, trx_id) == "12500.00"
    messages_of(browser, pay, trx_id=trx_id, way="notify")
    assert len(faspay_sim.look(f"notifications?trxId={trx_id}")["notifications"]) == 2
    messages_of(browser, pay, trx_id=trx_id, way="pay")
    assert paid(faspay_sim, trx_id) == "62500.00"


def test_paying_late_is_dated_after_the_end(browser: Client, faspay_sim: Simulator) -> None:
    ends = snap_time((timezone.now() + timedelta(hours=3)).timestamp())
    trx_id = Merchant(faspay_sim).account(expiredDate=ends)["trxId"]
    messages_of(browser, reverse("sandbox:pay"), trx_id=trx_id, way="expire")
    assert "Pay late" in browser.get(reverse("sandbox:index")).content.decode()
    messages_of(browser, reverse("sandbox:pay"), trx_id=trx_id, way="late")
    assert paid(faspay_sim, trx_id) == "50000.00"


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"trx_id": "NOSUCH"},
        {"trx_id": "../x"},
        {"trx_id": "A\x00"},
        {"trx_id": "A", "way": "steal"},
        {"trx_id": "A", "way": "amount"},
        {"trx_id": "A", "way": "amount", "amount": "-5"},
        {"trx_id": "A", "way": "amount", "amount": "NaN"},
    ],
)
def test_bad_payments_are_refused_in_words(browser: Client, faspay_sim: Simulator, form: dict[str, str]) -> None:
    assert messages_of(browser, reverse("sandbox:pay"), **form)
    assert faspay_sim.look("notifications")["notifications"] == []


# -- phone network


def test_a_code_goes_to_a_live_number(browser: Client, otpzap_sim: Simulator) -> None:
    shop = Shop(otpzap_sim)
    order_id = shop.buy()["order_id"]
    assert "+62 8" in browser.get(reverse("sandbox:index")).content.decode()
    said = messages_of(browser, reverse("sandbox:deliver"), order_id=order_id, code="004711")
    assert "004711" in said
    messages_of(browser, reverse("sandbox:deliver"), order_id=order_id)
    messages_of(browser, reverse("sandbox:deliver"), order_id=order_id, message="Tap https://example.id/in")
    codes = [otp["otp"] for otp in shop.check(order_id)["otps"]]
    assert codes[0] == "004711"
    assert re.fullmatch(r"[0-9]{6}", codes[1])
    assert codes[2] is None
    messages_of(browser, reverse("sandbox:end"), order_id=order_id)
    assert shop.check(order_id)["status"] == "success"
    assert "nobody waits" in messages_of(browser, reverse("sandbox:deliver"), order_id=order_id)


@pytest.mark.parametrize("form", [{}, {"order_id": "x"}, {"order_id": "1"}, {"order_id": "1", "code": "<b>"}])
def test_bad_deliveries_are_refused_in_words(browser: Client, form: dict[str, str]) -> None:
    assert messages_of(browser, reverse("sandbox:deliver"), **form)


def test_the_page_says_so_when_a_simulator_is_away(browser: Client, settings: Any) -> None:
    settings.SANDBOX_OTPZAP_URL = settings.SANDBOX_FASPAY_URL = "http://127.0.0.1:9"
    page = browser.get(reverse("sandbox:index"))
    assert page.status_code == 200
    assert page.content.decode().count("The simulator does not answer.") == 3
    assert "does not answer" in messages_of(browser, reverse("sandbox:pay"), trx_id="A")


def test_the_live_part_is_a_fragment_of_the_same_page(browser: Client) -> None:
    part = browser.get(reverse("sandbox:index"), headers={"HX-Request": "true"}).content.decode()
    assert part.lstrip().startswith('<div id="world"')
    assert "<html" not in part


# -- post office


def test_a_mail_goes_to_a_rented_inbox(browser: Client, otpzap_sim: Simulator) -> None:
    shop = Shop(otpzap_sim)
    rented = shop.inbox(subject="code")
    ref = rented["ref"]
    assert rented["email"] in browser.get(reverse("sandbox:index")).content.decode()
    send = reverse("sandbox:send_mail")
    messages_of(browser, send, ref=ref, code="004711")
    messages_of(browser, send, ref=ref)
    messages_of(browser, send, ref=ref, sender="X <x@x.example>", subject="A code", text="<b>9988</b>", is_markup="on")
    codes = [mail["otp"] for mail in shop.mail(ref)["messages"]]
    assert (codes[0], codes[2]) == ("004711", "9988")
    assert re.fullmatch(r"[0-9]{6}", codes[1])
    assert "not let in" in messages_of(browser, send, ref=ref, subject="News", text="hello")
    assert "is over" in messages_of(browser, reverse("sandbox:end_inbox"), ref=ref)
    assert shop.mail(ref)["status"] == "success"


@pytest.mark.parametrize("form", [{}, {"ref": "x"}, {"ref": "../x"}, {"ref": "x", "code": "<b>"}])
def test_bad_mails_are_refused_in_words(browser: Client, form: dict[str, str]) -> None:
    assert messages_of(browser, reverse("sandbox:send_mail"), **form)


# -- behind OTPZap


def test_our_balance_is_made_low_and_filled_again(browser: Client, otpzap_sim: Simulator) -> None:
    shop, page = Shop(otpzap_sim), reverse("sandbox:supplier")
    assert "Rp25.000.000" in browser.get(page).content.decode()
    for level, left in (("low", 15_000), ("empty", 0), ("full", 25_000_000)):
        messages_of(browser, reverse("sandbox:balance"), account="3", level=level)
        assert shop.balance() == left
    invoice = shop.data(shop.post("topup/create", amount=50_000))
    assert invoice["order_id"] in browser.get(page).content.decode()
    assert "Rp50.000" in messages_of(browser, reverse("sandbox:invoice"), order_id=invoice["order_id"])
    assert shop.balance() == 25_050_000


def test_notes_are_sent_again_forged_and_untrue(browser: Client, otpzap_sim: Simulator, inbox: Inbox) -> None:
    shop = Shop(otpzap_sim)
    assert "No note yet" in browser.get(reverse("sandbox:supplier")).content.decode()
    shop.control("webhook", url=f"{inbox.url}/hook", secret="0123456789abcdef")
    order_id = shop.buy()["order_id"]
    made = shop.control("deliver", order_id=order_id, code="1", wait=True)["deliveries"][0]
    form = {"number": made["id"], "about": made["about"], "event": made["event"]}
    for way in ("again", "bad_signature", "lying"):
        assert messages_of(browser, reverse("sandbox:note"), way=way, **form)
    modes = [row["mode"] for row in otpzap_sim.look("deliveries")["deliveries"]]
    assert modes == ["lying", "bad_signature", ""]
    assert "forged" in browser.get(reverse("sandbox:supplier")).content.decode()


def test_mistakes_are_ordered_and_taken_back(browser: Client, otpzap_sim: Simulator) -> None:
    shop, mood = Shop(otpzap_sim), reverse("sandbox:mood")
    messages_of(browser, mood, mood="down")
    assert shop.get("balance").status_code == 503
    assert "out of order until" in browser.get(reverse("sandbox:supplier")).content.decode()
    messages_of(browser, mood, mood="well")
    messages_of(browser, mood, mood="sold_out")
    assert shop.post("order/create", server=1, product_id=1071).status_code == 409
    assert shop.buy()["status"] == "pending"


@pytest.mark.parametrize(
    ("action", "form"),
    [
        ("balance", {"account": "3", "level": "more"}),
        ("balance", {"account": "99", "level": "low"}),
        ("invoice", {"order_id": "x"}),
        ("note", {"number": "1", "about": "1", "event": "order.finished", "way": "again"}),
        ("note", {"number": "1", "about": "no-such", "event": "order.finished", "way": "lying"}),
        ("mood", {"mood": "bad"}),
        ("end_inbox", {"ref": "x"}),
    ],
)
def test_nonsense_behind_otpzap_is_refused_in_words(browser: Client, action: str, form: dict[str, str]) -> None:
    assert messages_of(browser, reverse(f"sandbox:{action}"), **form)


def test_behind_otpzap_says_so_when_it_is_away(browser: Client, settings: Any) -> None:
    settings.SANDBOX_OTPZAP_URL = "http://127.0.0.1:9"
    page = browser.get(reverse("sandbox:supplier"), headers={"HX-Request": "true"}).content.decode()
    assert page.lstrip().startswith('<div id="supplier"')
    assert "is not there" in page


# -- mailbox


@pytest.fixture
def mail_folder(settings: Any, tmp_path: Path, db: None) -> Path:
    settings.MAIL_TRANSPORT = "file"
    settings.EMAIL_FILE_PATH = tmp_path
    return tmp_path


def write_mail(folder: Path, name: str, subject: str, to: str, text: str) -> None:
    mail = EmailMultiAlternatives(subject, text, "no-reply@example.id", [to])
    mail.attach_alternative("<p>not this one</p>", "text/html")
    (folder / f"{name}.eml").write_bytes(mail.message().as_bytes())


def test_mails_newest_first_with_links_to_click(client: Client, mail_folder: Path) -> None:
    link = "http://127.0.0.1:8000/account/confirm-email/MQ:abc/"
    write_mail(mail_folder, "20260101-090000-1", "Konfirmasi é", "ayu@example.id", f"Buka {link} <script>")
    write_mail(mail_folder, "20260102-090000-2", "Second", "budi@example.id", "Hello")
    listed = client.get(reverse("sandbox:mailbox")).content.decode()
    assert listed.index("Second") < listed.index("Konfirmasi é")
    shown = client.get(reverse("sandbox:letter", args=["20260101-090000-1"])).content.decode()
    assert f'<a href="{link}"' in shown
    assert "&lt;script&gt;" in shown
    assert "not this one" not in shown


def test_the_mailbox_is_searched_by_addressee(client: Client, mail_folder: Path) -> None:
    write_mail(mail_folder, "1", "First", "ayu@example.id", "x")
    write_mail(mail_folder, "2", "Second", "budi@example.id", "x")
    found = client.get(reverse("sandbox:mailbox"), {"q": "AYU@"}).content.decode()
    assert "First" in found
    assert "Second" not in found


def test_broken_and_missing_mails_break_nothing(client: Client, mail_folder: Path) -> None:
    (mail_folder / "3.eml").write_bytes(b"\xff\x00 no mail at all")
    assert client.get(reverse("sandbox:mailbox")).status_code == 200
    assert client.get(reverse("sandbox:letter", args=["3"])).status_code == 200
    assert client.get(reverse("sandbox:letter", args=["4"])).status_code == 404
    assert client.get("/sandbox/mail/..%2F..%2Fetc%2Fpasswd").status_code == 404


def test_empty_places_say_what_to_do_first(browser: Client, mail_folder: Path) -> None:
    assert "Nobody waits for a payment" in browser.get(reverse("sandbox:index")).content.decode()
    assert "No mail yet" in browser.get(reverse("sandbox:mailbox")).content.decode()
