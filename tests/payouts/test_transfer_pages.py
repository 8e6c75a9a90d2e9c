"""The pages about transfers: whose account it is, what it costs, the code, what became of it, the proof."""

import io
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pypdfium2
import pytest
from django.core.cache import cache
from django.test import Client as Browser
from django.test import override_settings

from accounts.models import AuditEntry, Client, PortalUser, Role
from config.lib.clock import now
from notifications.models import Sms
from payouts.forms.transfers import CodeForm
from payouts.models import BlockedReceiver, Payout, TransferCode
from payouts.models.states import Reason, Source, State
from payouts.services.receivers import names_fit
from tests.accounts import cast
from tests.payouts.house import ACCOUNT, NUMBER, balance, code_in_mail, fund, payment
from tests.simulators import Simulator

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _nobody_sends(rail_sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    monkeypatch.setattr("celery.app.task.Task.apply_async", lambda *args, **kwargs: None)


@pytest.fixture
def client() -> Client:
    company = cast.company()
    fund(company, "1000")
    return company


@pytest.fixture
def boss(client: Client) -> PortalUser:
    return cast.person("fatu", Role.PORTAL_ADMIN, client=client)


@pytest.fixture
def desk(boss: PortalUser) -> Browser:
    return cast.browser_of(boss)


def filled(desk: Browser, **given: str) -> dict[str, str]:
    """The form as it stands on the page, with something in it."""
    found = re.search(r'name="key" value="([^"]+)"', desk.get("/company/transfers/new/").content.decode())
    assert found
    return {"destination": ACCOUNT, "amount": "250", "key": found[1], **given}


def asked(desk: Browser, **given: str) -> Payout:
    answer = desk.post("/company/transfers/new/", filled(desk, **given))
    assert answer.status_code == 302, answer.content.decode()
    payout = Payout.objects.get(public_id=answer["Location"].split("/")[-2])
    return payout


def page(desk: Browser, payout: Payout) -> str:
    answer = desk.get(f"/company/transfers/{payout.public_id}/")
    assert answer.status_code == 200
    return answer.content.decode()


def enter(desk: Browser, payout: Payout, code: str) -> Any:
    return desk.post(f"/company/transfers/{payout.public_id}/authorise/", {"code": code})


def test_an_account_is_named_and_priced_while_it_is_typed(desk: Browser) -> None:
    text = desk.post("/company/transfers/new/look/", {"destination": ACCOUNT, "amount": "100"}).content.decode()
    assert "Sierra Leone Commercial Bank" in text
    assert "belongs to" in text
    assert "SLE 2.50" in text
    assert "SLE 102.50" in text
    assert "SLE 897.50" in text
    # Of the day's limit.
    assert "SLE 249,900.00" in text
    assert not Payout.objects.exists()


@pytest.mark.parametrize(
    ("destination", "words"),
    [
        pytest.param(NUMBER, "Orange", id="phone"),
        pytest.param("+232 76 123 456", "076123456", id="phone-abroad"),
        pytest.param("999001000000000001", "No bank has these first three digits.", id="no-bank"),
        pytest.param("1.23E+11", "A spreadsheet has changed this number", id="mangled"),
        pytest.param("003001000000010000", "knows no such account", id="no-account"),
        pytest.param("", "Enter an account or a number", id="nothing"),
        pytest.param("\0<b>\u202e", "neither an account number nor a phone number", id="nonsense"),
    ],
)
def test_a_destination_is_told_in_words(desk: Browser, destination: str, words: str) -> None:
    answer = desk.post("/company/transfers/new/look/", {"destination": destination, "amount": "x"})
    assert answer.status_code == 200
    assert words in answer.content.decode()


def test_a_transfer_goes_from_form_to_code_to_its_way(desk: Browser, client: Client, boss: PortalUser) -> None:
    payout = asked(desk, narration="June wages")
    assert (payout.state, payout.created_by, payout.narration) == (State.PENDING, boss.user, "June wages")
    assert balance(client) == Decimal(1000)
    text = page(desk, payout)
    assert 'autocomplete="one-time-code"' in text
    assert 'inputmode="numeric"' in text
    assert "Pay SLE 252.50" in text
    assert "SLE 747.50" in text
    answer = enter(desk, payout, f" {code_in_mail(payout)[:3]} {code_in_mail(payout)[3:]} ")
    assert answer.status_code == 302
    payout.refresh_from_db()
    assert payout.state == State.AUTHORIZED
    assert balance(client) == Decimal("747.50")
    assert "On its way" in page(desk, payout)
    assert "every 2s" in page(desk, payout)


def test_the_same_form_sent_twice_is_one_transfer(desk: Browser) -> None:
    form = filled(desk)
    first, second = (desk.post("/company/transfers/new/", form) for _ in range(2))
    assert first["Location"] == second["Location"]
    assert Payout.objects.count() == 1
    changed = desk.post("/company/transfers/new/", {**form, "amount": "251"})
    assert changed.status_code == 422
    assert Payout.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param({"amount": "ten"}, "Enter an amount", id="amount"),
        pytest.param({"amount": "10.001"}, "Enter an amount", id="too-fine"),
        pytest.param({"amount": "-5"}, "Enter an amount", id="negative"),
        pytest.param({"destination": "999001000000000001"}, "No bank has these", id="no-bank"),
        pytest.param({"destination": "003001000000010000"}, "knows no such account or number", id="no-account"),
        pytest.param({"narration": "x" * 201}, "at most 200", id="long"),
        pytest.param({"destination": ""}, "This field is required", id="empty"),
    ],
)
def test_a_wrong_form_says_what_to_change(desk: Browser, given: dict[str, str], words: str) -> None:
    answer = desk.post("/company/transfers/new/", filled(desk, **given))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Payout.objects.exists()


def test_another_name_than_the_banks_is_looked_at_twice(desk: Browser) -> None:
    answer = desk.post("/company/transfers/new/", filled(desk, receiver_name="Xeno Quux"))
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "The bank has another name" in text
    assert f'name="sure" value="{ACCOUNT}"' in text
    # What was ticked for one account says nothing of another.
    stale = filled(desk, receiver_name="Xeno Quux", destination="003001014892010199", sure=ACCOUNT)
    assert desk.post("/company/transfers/new/", stale).status_code == 422
    payout = asked(desk, receiver_name="Xeno Quux", sure=ACCOUNT)
    assert payout.holder_name
    assert "You entered another name: Xeno Quux" in page(desk, payout)


@pytest.mark.parametrize(
    ("typed", "given", "fits"),
    [
        ("Aminata Sesay", "A****** S****", True),
        ("sesay aminata", "A****** S****", True),
        ("Aminata B Sesay", "A****** S****", True),
        ("Aminata Kamara", "A****** S****", False),
        ("Amie Sesay", "A****** S****", False),
        ("Aminata Sesay", "AMINATA SESAY", True),
        ("", "A****** S****", None),
        ("Aminata", "", None),
    ],
)
def test_names_are_compared_as_far_as_they_are_shown(typed: str, given: str, fits: bool | None) -> None:
    assert names_fit(typed, given) is fits


def test_without_the_rail_nothing_is_asked_for(desk: Browser) -> None:
    with override_settings(PAYOUT_RAIL_URL=""):
        assert (
            "does not tell just now whose it is"
            in desk.post("/company/transfers/new/look/", {"destination": "003001014892010199"}).content.decode()
        )
        answer = desk.post("/company/transfers/new/", filled(desk, destination="003001014892010199"))
    assert answer.status_code == 422
    assert "No way to pay this receiver is open" in answer.content.decode()


def test_a_wrong_code_counts_and_the_last_one_ends_it(desk: Browser, client: Client) -> None:
    payout = asked(desk)
    wrong = f"{(int(code_in_mail(payout)) + 1) % 10**6:06d}"
    answer = enter(desk, payout, wrong)
    assert answer.status_code == 422
    assert "This is not the code we sent." in answer.content.decode()
    assert "4 tries left" in answer.content.decode()
    for _ in range(4):
        answer = enter(desk, payout, wrong)
    assert answer.status_code == 302
    payout.refresh_from_db()
    assert (payout.state, payout.reason) == (State.FAILED, Reason.WRONG_CODE)
    text = page(desk, payout)
    assert "A wrong code was entered too often." in text
    assert "Nothing was taken from your balance." in text
    assert balance(client) == Decimal(1000)


@pytest.mark.parametrize("given", ["12345", "1234567", "abcdef", "", "1234567890123", "٠١٢٣٤٥"])
def test_what_is_no_code_costs_no_try(desk: Browser, given: str) -> None:
    payout = asked(desk)
    assert enter(desk, payout, given).status_code == 422
    assert TransferCode.objects.get(payout=payout).wrong_tries == 0


@pytest.mark.parametrize("given", ["123456", " 123 456 ", "123-456", "123456 is your code", "Your code: 123456."])
def test_a_code_is_taken_as_it_was_pasted(given: str) -> None:
    form = CodeForm({"code": given})
    assert form.is_valid()
    assert form.cleaned_data["code"] == "123456"


def test_a_new_code_waits_and_replaces_the_old_one(desk: Browser) -> None:
    payout = asked(desk)
    first = code_in_mail(payout)
    text = page(desk, payout)
    assert "data-enable-at" in text
    assert "3 more times." in text
    place = f"/company/transfers/{payout.public_id}/resend/"
    assert "A code was sent a moment ago" in desk.post(place, follow=True).content.decode()
    TransferCode.objects.update(sent_at=now() - timedelta(seconds=61))
    assert "A new code is on its way" in desk.post(place, follow=True).content.decode()
    if code_in_mail(payout) != first:
        assert enter(desk, payout, first).status_code == 422
    assert enter(desk, payout, code_in_mail(payout)).status_code == 302


def test_the_page_tells_whether_the_sms_has_arrived(desk: Browser, boss: PortalUser) -> None:
    PortalUser.objects.filter(pk=boss.pk).update(phone_number="+23276123456")
    payout = asked(desk)
    text = page(desk, payout)
    assert "every 4s" in text
    assert "+232" in text
    found = re.search(r'\?v=([^"]+)"', text)
    assert found
    place = f"/company/transfers/{payout.public_id}/?v={found[1]}"
    assert desk.get(place, headers=HTMX).status_code == 204
    Sms.objects.filter(subject=payout.subject).update(state=Sms.State.UNDELIVERED, text=b"")
    text = desk.get(place, headers=HTMX).content.decode()
    assert "The e-mail has the same code." in text
    assert "every 4s" not in text


def test_it_is_called_off(desk: Browser, client: Client) -> None:
    payout = asked(desk)
    assert (
        "No money has moved"
        in desk.post(f"/company/transfers/{payout.public_id}/cancel/", follow=True).content.decode()
    )
    payout.refresh_from_db()
    assert payout.state == State.CANCELLED
    assert balance(client) == Decimal(1000)
    again = desk.post(f"/company/transfers/{payout.public_id}/cancel/", follow=True).content.decode()
    assert "does not wait for a code any more" in again


def test_too_little_money_keeps_the_code(desk: Browser, client: Client) -> None:
    payout = asked(desk, amount="1000")
    assert "The balance is not enough yet." in page(desk, payout)
    code = code_in_mail(payout)
    answer = enter(desk, payout, code)
    assert answer.status_code == 422
    assert "The balance is not enough" in answer.content.decode()
    fund(client, "100")
    assert enter(desk, payout, code).status_code == 302
    payout.refresh_from_db()
    assert payout.state == State.AUTHORIZED


def test_what_a_rule_stops_is_kept_and_explained(desk: Browser) -> None:
    BlockedReceiver.objects.create(receiver=ACCOUNT, why="reported stolen")
    payout = asked(desk)
    assert payout.state == State.REJECTED
    text = page(desk, payout)
    assert "Blocked receiver" in text
    assert "Why it was stopped" in text
    assert "reported stolen" not in text


def test_a_poll_answers_nothing_until_something_changes(desk: Browser, client: Client) -> None:
    payout = payment(client, state=State.AUTHORIZED, is_reserved=True)
    found = re.search(r"\?v=([^\"]+)\"", page(desk, payout))
    assert found
    place = f"/company/transfers/{payout.public_id}/?v={found[1]}"
    assert desk.get(place, headers=HTMX).status_code == 204
    moment = now()
    Payout.objects.filter(pk=payout.pk).update(
        state=State.SENDING, sent_at=moment, due_at=moment, version=payout.version + 1
    )
    Payout.objects.filter(pk=payout.pk).update(state=State.IN_DOUBT, in_doubt_since=moment, version=payout.version + 2)
    text = desk.get(place, headers=HTMX).content.decode()
    assert "We do not know yet whether it was paid" in text
    assert "every 5s" in text
    assert "<html" not in text


ENDS: list[tuple[str, str, str]] = [
    (State.FAILED, Reason.NO_ACCOUNT, "The account or number does not exist."),
    (State.RETURNED, Reason.RETURNED, "The money came back"),
    (State.EXPIRED, Reason.CODE_TOO_LATE, "Its time is over"),
    (State.CANCELLED, Reason.CANCELLED, "It was called off before it was sent."),
]


@pytest.mark.parametrize(("state", "reason", "words"), ENDS, ids=[str(one[0]) for one in ENDS])
def test_every_end_says_where_the_money_is(desk: Browser, client: Client, state: str, reason: str, words: str) -> None:
    text = page(desk, payment(client, state=state, reason=reason))
    assert words in text
    assert "Your money" in text
    assert "Make it anew" in text
    assert "every" not in re.findall(r'hx-trigger="([^"]*)"', text)[-1]


def test_the_proof_says_who_paid_whom(desk: Browser, client: Client) -> None:
    payout = payment(
        client, receiver_name="Hawa Kɔrɔma Şener 🙂", rail_id="RAIL-77", fee=Decimal("2.50"), narration="“Rent”"
    )
    answer = desk.get(f"/company/transfers/{payout.public_id}/proof.pdf")
    assert answer["Content-Type"] == "application/pdf"
    assert payout.reference in answer["Content-Disposition"]
    document = pypdfium2.PdfDocument(io.BytesIO(answer.content))
    words = document[0].get_textpage().get_text_range()
    assert len(document) == 1
    for part in ("Nassit", "SLE 100.00", "SLE 2.50", "Hawa Korom", "RAIL-77", payout.reference, "Sierra Leone Comm"):
        assert part in words
    unpaid = payment(client, state=State.FAILED, reason=Reason.REFUSED)
    assert desk.get(f"/company/transfers/{unpaid.public_id}/proof.pdf").status_code == 404


def test_a_proof_of_the_longest_texts_fits_one_page(desk: Browser, client: Client) -> None:
    Client.objects.filter(pk=client.pk).update(name="Freetown Trading " * 11)
    name, narration = "Aminata Sesay Kamara " * 5, "Wages of June and July, " * 8
    payout = payment(client, receiver_name=name, holder_name=name, narration=narration, rail_id="9" * 64)
    answer = desk.get(f"/company/transfers/{payout.public_id}/proof.pdf")
    assert len(pypdfium2.PdfDocument(io.BytesIO(answer.content))) == 1


def test_the_list_finds_by_what_a_reader_knows(desk: Browser, client: Client) -> None:
    mobile: dict[str, Any] = {"kind": "MobileMoney", "receiver": NUMBER, "receiver_code": "076"}
    one = payment(client, receiver_name="Aminata Sesay", amount=Decimal("512.25"))
    payment(client, receiver_name="Ibrahim Kamara", **mobile)
    payment(client, receiver_name="From a batch", source=Source.BATCH, state=State.FAILED, reason=Reason.REFUSED)
    payment(cast.company("Rokel"), receiver_name="Somebody else's")

    def names(query: str) -> set[str]:
        text = desk.get(f"/company/transfers/?{query}").content.decode()
        found = re.findall(r'<a class="fw-bold" href="/company/transfers/[^"]+">([^<]+)</a>', text)
        return {name.replace("&#x27;", "'") for name in found}

    assert names("") == {"Aminata Sesay", "Ibrahim Kamara", "From a batch"}
    assert names("q=aminata") == names(f"q={one.reference.lower()}") == names("q=512.25") == {"Aminata Sesay"}
    assert names(f"q={one.public_id}") == names(f"q={ACCOUNT[-6:]}&group=paid") == {"Aminata Sesay"}
    assert names("q=%2B232+76+123456") == names("kind=MobileMoney") == {"Ibrahim Kamara"}
    assert names("group=unpaid") == {"From a batch"}
    assert names("rows=rows") == set()
    assert names(f"first={now():%Y-%m-%d}&q=%00") >= {"Aminata Sesay"}
    assert names("first=9999-99-99&group=nonsense&cursor=x") == names("")
    assert names("last=2001-01-01") == set()


def test_the_export_is_what_is_shown_and_on_record(desk: Browser, client: Client) -> None:
    payment(client, receiver_name="=cmd()", amount=Decimal(10))
    payment(client, receiver_name="Ibrahim")
    answer = desk.get("/company/transfers/export/?q=cmd")
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert len(lines) == 2
    assert "'=cmd()" in lines[1]
    entry = AuditEntry.objects.get(action="payout.exported")
    assert entry.after == {"filters": {"text": "cmd"}, "rows": 1}


def test_others_find_nothing(client: Client) -> None:
    payout = payment(client)
    stranger = cast.browser_of(cast.person("other", Role.PORTAL_ADMIN, client=cast.company("Rokel")))
    staff = cast.browser_of(cast.person("citra", Role.COMPANY_ADMIN))
    for browser in (stranger, staff):
        for rest in ("", "proof.pdf"):
            assert browser.get(f"/company/transfers/{payout.public_id}/{rest}").status_code == 404
        for act in ("authorise", "resend", "cancel"):
            assert browser.post(f"/company/transfers/{payout.public_id}/{act}/").status_code == 404


def test_a_list_takes_as_many_queries_for_many_rows(
    desk: Browser, client: Client, django_assert_max_num_queries: Any
) -> None:
    for _ in range(12):
        payment(client)
    with django_assert_max_num_queries(14):
        assert desk.get("/company/transfers/").status_code == 200
