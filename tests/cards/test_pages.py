"""The pages about card payments: what is found, what may be done, what is read once more, what staff close."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client as Browser

from accounts.models import AuditEntry, Client, Role
from cards.models import Act, ActState, CardAct, CardPayment, Closing, State
from cards.services import acts, payments, tokens
from config.lib.clock import now
from tests.accounts import cast
from tests.conftest import prove_identity
from tests.payouts.house import balance
from tests.simulators import Simulator
from wallets import proof

pytestmark = pytest.mark.django_db

VISA, ASKS, NO_MONEY, NO_REFUND = "4242424242424242", "4000000000003220", "4000000000009995", "4000000000007726"
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def processor(cards_sim: Simulator) -> Simulator:
    cache.clear()
    return cards_sim


@pytest.fixture
def client() -> Client:
    return cast.company()


@pytest.fixture
def desk(client: Client) -> Browser:
    return cast.browser_of(cast.person("fatu", Role.PORTAL_ADMIN, client=client))


@pytest.fixture
def house() -> Browser:
    """Somebody who runs the gateway."""
    return cast.browser_of(cast.person("dewi", Role.COMPANY_ADMIN))


def charged(client: Client, number: str = VISA, amount: str = "200.00", **more: Any) -> CardPayment:
    is_sandbox = more.pop("is_sandbox", False)
    card = tokens.tokenize(
        client=client, is_sandbox=is_sandbox, number=number, expiry_month=12, expiry_year=2099, code="123"
    )
    return payments.authorize(
        client=client, is_sandbox=is_sandbox, card=card, amount=Decimal(amount), currency="SLE", **more
    )


def captured(client: Client, number: str = VISA, amount: str = "200.00") -> CardPayment:
    payment = charged(client, number, amount)
    acts.capture(payment=payment, amount=payment.amount)
    payment.refresh_from_db()
    return payment


def place(payment: CardPayment, what: str = "", *, staff: bool = False) -> str:
    return f"/{'staff' if staff else 'company'}/cards/{payment.public_id}/{what}"


def page(browser: Browser, path: str, status: int = 200, **more: Any) -> str:
    answer = browser.get(path, **more)
    assert answer.status_code == status, (path, answer.status_code)
    return " ".join(answer.content.decode().split())


def sent(browser: Browser, path: str, **form: str) -> tuple[int, str]:
    """A form, and the page that comes of it."""
    answer = browser.post(path, form, follow=True)
    return answer.status_code, " ".join(answer.content.decode().split())


def fields_of(text: str) -> dict[str, str]:
    """The hidden fields of the form on a page."""
    found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text))
    found.pop("csrfmiddlewaretoken", None)
    return found


def key_of(browser: Browser, path: str) -> str:
    found = re.search(r'name="key" value="([^"]+)"', page(browser, path))
    assert found
    return found[1]


def confirmed(browser: Browser, payment: CardPayment, what: str, **form: str) -> dict[str, str]:
    """What the last button sends, once the amount was read again."""
    path = place(payment, f"{what}/")
    status, text = sent(browser, path, key=key_of(browser, path), **form)
    assert status == 200, text
    return fields_of(text)


def ids_on(browser: Browser, query: str, *, staff: bool = False) -> set[str]:
    where = "staff" if staff else "company"
    return set(re.findall(rf"/{where}/cards/([0-9a-f-]{{36}})/", page(browser, f"/{where}/cards/?{query}")))


# --- lists --------------------------------------------------------------------------------------------------------


def test_payments_are_found_by_what_people_know(desk: Browser, client: Client) -> None:
    assert "Nobody has paid by card yet" in page(desk, "/company/cards/")
    paid = captured(client, amount="320.50")
    waits = charged(client, "5555555555554444", "75.00", order_id="INV-2031")
    declined = charged(client, NO_MONEY)
    charged(cast.company("Rokel"))
    charged(client, is_sandbox=True)
    one, two, three = str(paid.public_id), str(waits.public_id), str(declined.public_id)
    assert ids_on(desk, "") == {one, two, three}
    assert ids_on(desk, "group=authorized") == {two}
    assert ids_on(desk, "group=captured") == {one}
    assert ids_on(desk, "group=declined") == {three}
    assert ids_on(desk, "group=refunded") == ids_on(desk, "currency=IDR") == set()
    assert ids_on(desk, "group=x&currency=y&first=z&cursor=p%00&q=%00") == {one, two, three}
    for text in (waits.reference, "inv-20", "4444", "75", waits.processor_id, two):
        assert ids_on(desk, f"q={text}") == {two}
    assert ids_on(desk, "q=320.50") == {one}
    today = now().date()
    assert ids_on(desk, f"last={today - timedelta(days=3)}") == set()
    assert "Nothing found" in page(desk, "/company/cards/?q=nothing")


def test_the_whole_number_of_a_card_is_not_kept_by_a_search(desk: Browser, house: Browser, client: Client) -> None:
    payment = charged(client)
    for browser, where in ((desk, "company"), (house, "staff")):
        answer = browser.get(f"/{where}/cards/", {"q": "4242 4242 4242 4242", "group": "authorized"})
        assert answer["Location"] == f"/{where}/cards/?q=4242&group=authorized"
        assert str(payment.public_id) in page(browser, answer["Location"])


def test_the_export_is_what_the_screen_shows(desk: Browser, house: Browser, client: Client) -> None:
    paid, _other = captured(client), charged(client, NO_MONEY)
    answer = desk.get("/company/cards/export/?group=captured")
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert len(lines) == 2
    assert f"{paid.reference}," in lines[1]
    assert "Visa 424242••••4242,200.00,200.00,6.00,0.00,SLE,Captured" in lines[1]
    everything = b"".join(house.get("/staff/cards/export/").streaming_content).decode()  # type: ignore[attr-defined]
    assert everything.count("Nassit") == 2
    noted = AuditEntry.objects.filter(action="card_payment.exported").values_list("after", flat=True)
    assert [entry["rows"] for entry in noted.order_by("id")] == [1, 2]


def test_an_export_keeps_no_number_of_a_card_on_the_record(desk: Browser, house: Browser, client: Client) -> None:
    payment = charged(client)
    for browser, where in ((desk, "company"), (house, "staff")):
        answer = browser.get(f"/{where}/cards/export/", {"q": "4242 4242 4242 4242"})
        assert payment.reference in b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    noted = AuditEntry.objects.filter(action="card_payment.exported").values_list("after", flat=True)
    assert [entry["filters"] for entry in noted] == [{"text": "4242"}, {"text": "4242"}]


def test_a_list_costs_the_same_however_long_it_is(desk: Browser, client: Client) -> None:
    charged(client)
    few = cast.cost(desk, "/company/cards/")
    for _n in range(4):
        charged(client, NO_MONEY)
    assert cast.cost(desk, "/company/cards/") == few


# --- one payment --------------------------------------------------------------------------------------------------


def test_an_authorised_payment_is_captured_in_part(desk: Browser, client: Client) -> None:
    payment = charged(client, order_id="INV-7")
    text = page(desk, place(payment))
    assert "Authorised, not captured yet" in text
    assert "424242••••4242" in text
    assert VISA not in text
    assert place(payment, "capture/") in text
    last = confirmed(desk, payment, "capture", amount="120")
    assert last["sure"] == "120"
    assert CardAct.objects.count() == 0
    status, text = sent(desk, place(payment, "capture/"), **last)
    assert status == 200
    assert "SLE 120.00 captured" in text
    payment.refresh_from_db()
    assert (payment.state, payment.captured, payment.fee) == (State.CAPTURED, Decimal(120), Decimal(4))
    assert balance(client) == Decimal(116)
    # The same button once more.
    sent(desk, place(payment, "capture/"), **last)
    assert CardAct.objects.count() == 1
    assert proof.run().problems == []


def test_before_money_moves_the_amount_is_read_once_more(desk: Browser, client: Client) -> None:
    payment = charged(client)
    path = place(payment, "capture/")
    _status, text = sent(desk, path, amount="150.00", key=key_of(desk, path))
    assert "Capture SLE 150.00?" in text
    assert "SLE 145.25" in text
    assert "SLE 50.00" in text
    # Another amount than the one that was confirmed is asked about again.
    last = {**fields_of(text), "amount": "160.00"}
    assert "Capture SLE 160.00?" in sent(desk, path, **last)[1]
    assert CardAct.objects.count() == 0


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        pytest.param("", "This field is required", id="empty"),
        pytest.param("ten", "Enter an amount", id="words"),
        pytest.param("0", "Enter an amount", id="nothing"),
        pytest.param("-5", "Enter an amount", id="negative"),
        pytest.param("10.0011", "Enter an amount", id="too-fine"),
        pytest.param("0.125", "Enter an amount", id="too-fine-for-sure"),
        pytest.param("10.001", "can be read in one way only: 10001, or 10.00.", id="two-ways"),
        pytest.param("200.01", "At most SLE 200.00.", id="too-much"),
    ],
)
def test_a_wrong_amount_says_what_to_change(desk: Browser, client: Client, amount: str, words: str) -> None:
    payment = charged(client)
    path = place(payment, "capture/")
    status, text = sent(desk, path, amount=amount, key="k")
    assert status == 422
    assert words in text


def test_a_payment_is_released(desk: Browser, client: Client) -> None:
    payment = charged(client)
    assert "Release SLE 200.00?" in page(desk, place(payment, "release/"))
    status, text = sent(desk, place(payment, "release/"))
    assert status == 200
    assert "SLE 200.00 released to the holder" in text
    payment.refresh_from_db()
    assert payment.state == State.VOIDED
    # Too late for anything else.
    for what in ("capture", "release", "refund"):
        assert desk.get(place(payment, f"{what}/"))["Location"] == place(payment)
        assert "not possible any more" in sent(desk, place(payment, f"{what}/"))[1]
    assert [act.kind for act in CardAct.objects.all()] == [Act.VOID]


def test_money_is_given_back_once_however_often_the_button_is_pressed(desk: Browser, client: Client) -> None:
    payment = captured(client)
    last = confirmed(desk, payment, "refund", amount="80", note="one was broken")
    assert (last["sure"], last["note"]) == ("80", "one was broken")
    for _press in range(2):
        assert "SLE 80.00 given back" in sent(desk, place(payment, "refund/"), **last)[1]
    payment.refresh_from_db()
    assert payment.refunded == Decimal(80)
    assert balance(client) == Decimal(114)
    text = page(desk, place(payment))
    assert "Partly refunded" in text
    assert "one was broken" in text
    assert "At most SLE 120.00." in sent(desk, place(payment, "refund/"), amount="121", key="k")[1]
    sent(desk, place(payment, "refund/"), **{**last, "amount": "114", "sure": "114", "key": "other"})
    payment.refresh_from_db()
    assert payment.refundable == Decimal(6)
    assert proof.run().problems == []


def test_a_refund_beyond_the_balance_is_not_offered(desk: Browser, client: Client) -> None:
    payment = captured(client)
    path = place(payment, "refund/")
    _status, text = sent(desk, path, amount="200", key=key_of(desk, path))
    assert "The balance is not enough for this refund." in text
    assert "Give SLE 200.00 back</button>" not in text
    forced = {**fields_of(text), "amount": "200", "sure": "200"}
    assert "balance is not enough" in sent(desk, path, **forced)[1]
    assert balance(client) == Decimal(194)


def test_a_refund_that_the_processor_refuses_is_told(desk: Browser, client: Client) -> None:
    payment = captured(client, NO_REFUND)
    last = confirmed(desk, payment, "refund", amount="50")
    assert "The processor refused it" in sent(desk, place(payment, "refund/"), **last)[1]
    assert balance(client) == Decimal(194)


def test_the_reason_holds_no_card(desk: Browser, client: Client) -> None:
    payment = captured(client)
    status, text = sent(desk, place(payment, "refund/"), amount="5", key="k", note="for 4242-4242-4242-4242")
    assert status == 422
    assert "Leave the number of the card out." in text


def test_without_an_answer_nothing_is_done_twice(desk: Browser, client: Client, processor: Simulator) -> None:
    payment = captured(client)
    processor.control("misbehave", operation="refunds", mode="502_after_accept")
    last = confirmed(desk, payment, "refund", amount="50")
    assert "has not answered yet" in sent(desk, place(payment, "refund/"), **last)[1]
    act = CardAct.objects.get(kind=Act.REFUND)
    assert act.state == ActState.IN_DOUBT
    text = page(desk, place(payment))
    assert "Being given back" in text
    assert "every 3s" in text
    sent(desk, place(payment, "refund/"), **last)
    assert CardAct.objects.filter(kind=Act.REFUND).count() == 1


def test_the_page_looks_again_by_itself(desk: Browser, client: Client) -> None:
    payment = charged(client, ASKS)
    text = page(desk, place(payment))
    assert "asks the holder" in text
    found = re.search(r'hx-get="([^"]+)"', text)
    assert found
    again = found[1].replace("&amp;", "&")
    assert page(desk, again, 204, headers=HTMX) == ""
    payments_of = CardPayment.objects.filter(pk=payment.pk)
    payments_of.update(challenge_until=now() - timedelta(seconds=1))
    text = page(desk, again, headers=HTMX)
    assert "Nothing was charged." in text
    assert "<html" not in text


def test_a_payment_leads_to_the_checkout_it_was_paid_on(desk: Browser, house: Browser, client: Client) -> None:
    session = "5f0c9d41-e2b7-4a6c-8d3f-7a1b2c4e6f80"
    payment = charged(client, origin=f"checkout:{session}")
    assert f'href="/company/checkout/{session}/"' in page(desk, place(payment))
    text = page(house, place(payment, staff=True))
    assert session in text
    assert "/company/" not in text


def test_a_decline_says_why_and_on_whose_side(desk: Browser, client: Client) -> None:
    text = page(desk, place(charged(client, NO_MONEY)))
    assert "There is not enough money on the card." in text
    assert "The holder&#x27;s" in text


def test_strangers_and_colleagues_without_the_right(desk: Browser, house: Browser, client: Client) -> None:
    payment, other = charged(client), charged(cast.company("Rokel"))
    play = charged(client, is_sandbox=True)
    maker = cast.browser_of(cast.person("isata", Role.PAYOUT_MAKER, client=client))
    for what in ("", "capture/", "release/", "refund/"):
        page(desk, place(other, what), 404)
        page(desk, place(play, what), 404)
        page(maker, place(payment, what), 404)
        page(house, place(payment, what), 404)
    page(desk, place(payment, staff=True), 404)
    page(desk, "/staff/cards/", 404)
    page(desk, "/staff/cards/export/", 404)
    page(house, "/company/cards/", 404)


# --- staff --------------------------------------------------------------------------------------------------------


def doubtful(client: Client, hours: float) -> CardPayment:
    """Sent, and never answered for."""
    payment = charged(client, ASKS)
    moment = now() - timedelta(hours=hours)
    rows = CardPayment.objects.filter(pk=payment.pk)
    rows.update(state=State.IN_DOUBT, in_doubt_since=moment, due_at=now() + timedelta(minutes=5))
    payment.refresh_from_db()
    return payment


def propose(browser: Browser, payment: CardPayment, **given: str) -> tuple[int, str]:
    said = {
        "about": payment.reference,
        "outcome": "not_done",
        "evidence": "Line 7 of their statement",
        "reason": "Asked by mail, no such payment",
        **given,
    }
    said.setdefault("reference", said["about"].lower())
    return sent(browser, place(payment, "propose/", staff=True), **said)


def decide(browser: Browser, payment: CardPayment, how: str = "settle/", **given: str) -> tuple[int, str]:
    closing = Closing.objects.filter(payment=payment).latest("pk")
    return sent(browser, place(payment, how, staff=True), proposal=str(closing.public_id), **given)


@pytest.fixture
def second() -> Browser:
    """Somebody else who runs the gateway."""
    return cast.browser_of(cast.person("eko", Role.COMPANY_ADMIN))


def test_staff_find_everybodys_payments(house: Browser, client: Client) -> None:
    mine, other = charged(client, order_id="INV-9"), doubtful(cast.company("Rokel"), 13)
    charged(client, is_sandbox=True)
    one, two = {str(mine.public_id)}, {str(other.public_id)}
    assert ids_on(house, "", staff=True) == one | two
    for text in ("nassit", "inv-9", "4242", mine.reference):
        assert ids_on(house, f"q={text}", staff=True) == one
    assert ids_on(house, "needs=doubt", staff=True) == two
    assert ids_on(house, "needs=stuck", staff=True) == two
    CardPayment.objects.filter(pk=other.pk).update(in_doubt_since=now() - timedelta(hours=11))
    assert ids_on(house, "needs=stuck", staff=True) == set()


def test_one_in_doubt_is_left_alone_for_twelve_hours(house: Browser, client: Client) -> None:
    payment = doubtful(client, 11.9)
    text = page(house, place(payment, staff=True))
    assert "two people can close it by hand from" in text
    assert "Close the payment by hand" not in text
    assert "nothing to close" in propose(house, payment)[1]
    assert not Closing.objects.exists()


@pytest.mark.parametrize(
    ("outcome", "state", "follows"),
    [
        pytest.param("done", State.AUTHORIZED, "Nassit can capture up to SLE 200.00", id="authorised"),
        pytest.param("not_done", State.DECLINED, "nothing of SLE 200.00 can be captured", id="declined"),
    ],
)
def test_afterwards_one_proposes_and_another_one_closes_it(
    house: Browser, second: Browser, client: Client, outcome: str, state: str, follows: str
) -> None:
    payment = doubtful(client, 12.1)
    assert "Close the payment by hand" in page(house, place(payment, staff=True))
    assert "A second person confirms it" in propose(house, payment, outcome=outcome)[1]
    own = page(house, place(payment, staff=True))
    assert "You proposed this" in own
    assert "Confirm and close" not in own
    assert ids_on(second, "needs=proposed", staff=True) == {str(payment.public_id)}
    seen = page(second, place(payment, staff=True))
    assert all(words in seen for words in (follows, "dewi@example.id", "Line 7 of their statement", "no such payment"))
    assert "A second person must confirm this" in decide(house, payment)[1]
    payment.refresh_from_db()
    assert payment.state == State.IN_DOUBT
    assert "Confirmed and closed" in decide(second, payment)[1]
    payment.refresh_from_db()
    assert payment.state == state
    entry = AuditEntry.objects.get(action="card_payment.settled")
    assert (entry.actor_label, entry.after["proposed_by"]) == ("eko@example.id", "dewi@example.id")
    assert "Closed by a second person" in page(house, place(payment, staff=True))


def test_an_old_sign_in_confirms_nothing(house: Browser, client: Client) -> None:
    payment = doubtful(client, 13)
    propose(house, payment)
    portal = cast.person("eko", Role.COMPANY_ADMIN)
    late = cast.browser_of(portal)
    prove_identity(late, portal.user, seconds_ago=3_600)
    closing = Closing.objects.get()
    answer = late.post(place(payment, "settle/", staff=True), {"proposal": str(closing.public_id)})
    assert "reauthenticate" in answer["Location"]
    payment.refresh_from_db()
    assert payment.state == State.IN_DOUBT


def test_what_was_not_on_the_page_is_not_confirmed(house: Browser, second: Browser, client: Client) -> None:
    payment, other = doubtful(client, 13), doubtful(client, 13)
    propose(house, payment, outcome="done")
    seen = str(Closing.objects.get().public_id)
    decide(house, payment, "withdraw/")
    propose(house, payment, outcome="not_done")
    assert "Somebody has changed this" in sent(second, place(payment, "settle/", staff=True), proposal=seen)[1]
    for named in (seen, "odd", ""):
        assert sent(second, place(other, "settle/", staff=True), proposal=named)[0] == 404
    payment.refresh_from_db()
    assert payment.state == State.IN_DOUBT


def test_a_refund_in_doubt_is_closed_with_its_money(
    house: Browser, second: Browser, desk: Browser, client: Client, processor: Simulator
) -> None:
    payment = captured(client)
    processor.control("misbehave", operation="refunds", mode="502_after_accept")
    sent(desk, place(payment, "refund/"), **confirmed(desk, payment, "refund", amount="50"))
    act = CardAct.objects.get(kind=Act.REFUND)
    CardAct.objects.filter(pk=act.pk).update(in_doubt_since=now() - timedelta(hours=13))
    assert "Close the refund of SLE 50.00 by hand" in page(house, place(payment, staff=True))
    assert "nothing to close" in propose(house, payment)[1], "not the payment is in doubt"
    assert propose(house, payment, about=act.reference, reference=payment.reference)[0] == 422
    assert propose(house, payment, about=act.reference)[0] == 200
    assert "SLE 50.00 goes back to the balance of Nassit at once." in page(second, place(payment, staff=True))
    decide(second, payment)
    act.refresh_from_db()
    assert act.state == ActState.FAILED
    assert balance(client) == Decimal(194)
    assert proof.run().problems == []


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"outcome": "maybe"}, id="outcome"),
        pytest.param({"evidence": ""}, id="evidence"),
        pytest.param({"reason": "because"}, id="reason"),
        pytest.param({"evidence": "Line 7: 4242 4242 4242 4242"}, id="a number as evidence"),
        pytest.param({"reason": "Asked about 4242424242424242"}, id="a number as reason"),
        pytest.param({"reference": "CP20260101ABCDEFGHIJ"}, id="reference"),
    ],
)
def test_a_proposal_wants_everything(house: Browser, client: Client, given: dict[str, str]) -> None:
    payment = doubtful(client, 13)
    assert propose(house, payment, **given)[0] == 422
    assert not Closing.objects.exists()


def test_a_note_holds_no_number_of_a_card(house: Browser, client: Client) -> None:
    payment = doubtful(client, 13)
    propose(house, payment)
    assert "Leave the number" in decide(house, payment, "withdraw/", note="It was 4242 4242 4242 4242")[1]
    assert Closing.objects.get().state == "proposed"


def test_who_only_reads_decides_nothing_and_who_helps_only_proposes(house: Browser, client: Client) -> None:
    payment = doubtful(client, 13)
    reader = cast.browser_of(cast.person("gilang", Role.AUDITOR))
    helper = cast.browser_of(cast.person("hani", Role.SUPPORT))
    assert "Waits for a proposal" in page(reader, place(payment, staff=True))
    assert propose(reader, payment)[0] == 404
    assert propose(helper, payment)[0] == 200
    assert [decide(one, payment)[0] for one in (reader, helper)] == [404, 404]
    assert decide(reader, payment, "withdraw/")[0] == 404
    payment.refresh_from_db()
    assert payment.state == State.IN_DOUBT


@pytest.mark.parametrize(
    ("typed", "language", "amount"),
    [("2,50", "en", "2.50"), ("2,50", "id", "2.50"), ("2.50", "id", "2.50"), ("SLE 1.000,00", "id", "1000.00")],
)
def test_an_amount_is_read_as_it_was_meant(
    desk: Browser, client: Client, settings: Any, typed: str, language: str, amount: str
) -> None:
    settings.CARD_3DS_FROM = {}
    payment = charged(client, amount="2000.00")
    path = place(payment, "capture/")
    key = key_of(desk, path)
    desk.cookies["django_language"] = language
    text = desk.post(path, {"amount": typed, "key": key}, headers={"Accept-Language": language}).content.decode()
    assert f'name="sure" value="{amount}"' in text
