"""The simulated processor of cards keeps the promises that our client rests on, and misbehaves as told."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.simulators import Simulator, start_cards

GOOD, ASKS, SILENT, SILENT_CAPTURE, NO_REFUND = (
    "4242424242424242",
    "4000000000003220",
    "4000000000000341",
    "4000000000005126",
    "4000000000007726",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cards")


@pytest.fixture(scope="module")
def cards(folder: Path) -> Iterator[Simulator]:
    with start_cards(folder) as simulator:
        yield simulator


@pytest.fixture(autouse=True)
def _empty(cards: Simulator) -> None:
    cards.control("reset")


def post(
    cards: Simulator, path: str, body: Any, *, key: str = "test-cards-key", timeout: float = 5
) -> requests.Response:
    headers = {"Authorization": f"Bearer {key}"}
    return requests.post(f"{cards.url}/cards/v1/authorizations{path}", json=body, headers=headers, timeout=timeout)


def ask(cards: Simulator, reference: str) -> requests.Response:
    headers = {"Authorization": "Bearer test-cards-key"}
    return requests.get(f"{cards.url}/cards/v1/authorizations/{reference}", headers=headers, timeout=5)


def wish(reference: str = "CP20260101AAAA", number: str = GOOD, **more: Any) -> dict[str, Any]:
    card = {"number": number, "expiryMonth": 12, "expiryYear": 2099, "code": "123", **more.pop("card", {})}
    body = {"reference": reference, "amount": "50.00", "currency": "SLE", "orderId": "A-1", "returnUrl": ""}
    return {**body, "askHolder": False, "card": card, **more}


def authorize(cards: Simulator, *given: str, timeout: float = 5, **more: Any) -> requests.Response:
    return post(cards, "", wish(*given, **more), timeout=timeout)


def act(cards: Simulator, kind: str, reference: str, amount: str, of: str = "CP20260101AAAA") -> requests.Response:
    amounts = {} if kind == "voids" else {"amount": amount, "currency": "SLE"}
    return post(cards, f"/{of}/{kind}", {"reference": reference, **amounts})


def answer_of(cards: Simulator, reference: str = "CP20260101AAAA", status: str = "Y") -> str:
    return str(cards.control("challenge", reference=reference, status=status)["paRes"])


def test_a_reference_is_authorised_once_however_often_and_at_once_it_is_sent(cards: Simulator) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: authorize(cards), range(16)))
    assert sorted({answer.status_code for answer in answers}) == [200, 201]
    assert {answer.json()["status"] for answer in answers} == {"approved"}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(cards.look("payments")["log"]) == 1
    assert authorize(cards, amount="51.00").status_code == 409


@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param("4000000000000002", "declined", id="declined"),
        pytest.param("4000000000009995", "insufficient_funds", id="funds"),
        pytest.param("4000000000000069", "expired_card", id="expired"),
        pytest.param("4000000000000127", "wrong_code", id="code"),
        pytest.param("4000000000009987", "lost_or_stolen", id="stolen"),
        pytest.param("4000000000000119", "processing", id="processing"),
    ],
)
def test_some_cards_are_declined(cards: Simulator, number: str, code: str) -> None:
    answer = authorize(cards, "CP20260101AAAA", number).json()
    assert (answer["status"], answer["code"]) == ("declined", code)
    assert act(cards, "captures", "CA20260101AAAA", "50.00").json()["status"] == "refused"


def test_an_expired_card_and_one_over_its_limit_are_declined(cards: Simulator) -> None:
    cards.control("settings", limit_from=60.0)
    past = authorize(cards, card={"expiryYear": 2021}).json()
    over = authorize(cards, "CP20260101BBBB", amount="60.00").json()
    assert (past["code"], over["code"]) == ("expired_card", "limit")
    assert authorize(cards, "CP20260101CCCC").json()["status"] == "approved"


def test_money_is_captured_once_and_given_back_up_to_what_was_captured(cards: Simulator) -> None:
    authorize(cards)
    assert act(cards, "captures", "CA20260101AAAA", "50.01").json()["code"] == "amount"
    first = act(cards, "captures", "CA20260101BBBB", "40.00")
    again = act(cards, "captures", "CA20260101BBBB", "40.00")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert act(cards, "captures", "CA20260101BBBB", "30.00").status_code == 409
    assert act(cards, "captures", "CA20260101CCCC", "10.00").json()["code"] == "state"
    assert act(cards, "voids", "CV20260101AAAA", "").json()["code"] == "state"
    assert act(cards, "refunds", "CR20260101AAAA", "15.00").json()["status"] == "done"
    assert act(cards, "refunds", "CR20260101BBBB", "25.01").json()["code"] == "amount"
    assert act(cards, "refunds", "CR20260101CCCC", "25.00").json()["status"] == "done"
    assert cards.look("totals")["by_currency"] == {"SLE": {"captured": 4000, "refunded": 4000}}


def test_two_captures_at_once_are_one(cards: Simulator) -> None:
    authorize(cards)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: act(cards, "captures", f"CA2026010{n}AAAA", "50.00").json(), range(8)))
    assert [answer["status"] for answer in answers].count("done") == 1
    assert cards.look("totals")["by_currency"]["SLE"]["captured"] == 5000


def test_what_was_released_is_not_captured(cards: Simulator) -> None:
    authorize(cards)
    assert act(cards, "voids", "CV20260101AAAA", "").json()["status"] == "done"
    assert act(cards, "captures", "CA20260101AAAA", "1.00").json()["code"] == "state"
    assert act(cards, "refunds", "CR20260101AAAA", "1.00").json()["code"] == "state"


def test_a_refund_is_refused_for_one_card(cards: Simulator) -> None:
    authorize(cards, "CP20260101AAAA", NO_REFUND)
    act(cards, "captures", "CA20260101AAAA", "50.00")
    assert act(cards, "refunds", "CR20260101AAAA", "1.00").json()["code"] == "refused"


def test_some_cards_are_charged_without_an_answer(cards: Simulator) -> None:
    with pytest.raises(requests.ReadTimeout):
        authorize(cards, "CP20260101AAAA", SILENT, timeout=0.4)
    assert ask(cards, "CP20260101AAAA").json()["status"] == "approved"
    assert authorize(cards, "CP20260101AAAA", SILENT).status_code == 200
    authorize(cards, "CP20260101BBBB", SILENT_CAPTURE)
    capture = {"reference": "CA20260101AAAA", "amount": "50.00", "currency": "SLE"}
    with pytest.raises(requests.ReadTimeout):
        post(cards, "/CP20260101BBBB/captures", capture, timeout=0.4)
    assert ask(cards, "CP20260101BBBB/acts/CA20260101AAAA").json()["status"] == "done"
    assert ask(cards, "CP20260101BBBB/acts/CA20260101ZZZZ").json()["code"] == "unknown"
    assert ask(cards, "CP20260101ZZZZ").status_code == 404


# --- the holder is asked ------------------------------------------------------------------------------------------


def test_the_holder_is_asked_and_answers_once(cards: Simulator) -> None:
    asked = authorize(cards, "CP20260101AAAA", ASKS).json()
    assert (asked["status"], bool(asked["paReq"])) == ("challenge", True)
    assert asked["acsUrl"].startswith(f"{cards.url}/acs/")
    yes, no = answer_of(cards), answer_of(cards, status="N")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: post(cards, "/CP20260101AAAA/verify", {"paRes": (yes, no)[n % 2]}), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    (taken,) = (answer.json()["status"] for answer in answers if answer.status_code == 200)
    assert ask(cards, "CP20260101AAAA").json()["status"] == taken
    assert [row["what"] for row in cards.look("payments")["log"]] == ["verify", "authorize"]


@pytest.mark.parametrize(
    "answer", ["Y", "", "WQ==.Y", "\ud800.x", "é.x", "{}.", "x" * 5000], ids=lambda text: repr(text[:6])
)
def test_an_answer_that_is_not_signed_counts_for_nothing(cards: Simulator, answer: str) -> None:
    authorize(cards, "CP20260101AAAA", ASKS)
    assert post(cards, "/CP20260101AAAA/verify", {"paRes": answer}).status_code in (400, 422)
    assert ask(cards, "CP20260101AAAA").json()["status"] == "challenge"


def test_an_answer_counts_for_its_own_payment_only(cards: Simulator) -> None:
    authorize(cards, "CP20260101AAAA", ASKS)
    authorize(cards, "CP20260101BBBB", ASKS)
    other = answer_of(cards, "CP20260101BBBB")
    assert post(cards, "/CP20260101AAAA/verify", {"paRes": other}).json()["code"] == "bad_pares"
    tampered = other[:10] + ("A" if other[10] != "A" else "B") + other[11:]
    assert post(cards, "/CP20260101BBBB/verify", {"paRes": tampered}).json()["code"] == "bad_pares"
    assert post(cards, "/CP20260101BBBB/verify", {"paRes": other}).json()["status"] == "approved"


def test_a_late_answer_is_a_decline(cards: Simulator) -> None:
    for reference in ("CP20260101AAAA", "CP20260101BBBB"):
        authorize(cards, reference, ASKS)
    late = {reference: answer_of(cards, reference) for reference in ("CP20260101AAAA",)}
    cards.control("settings", challenge_seconds=0.0)
    authorize(cards, "CP20260101CCCC", ASKS)
    assert ask(cards, "CP20260101CCCC").json()["code"] == "challenge_too_late"
    # Those that were asked before keep their time.
    assert ask(cards, "CP20260101BBBB").json()["status"] == "challenge"
    assert post(cards, "/CP20260101AAAA/verify", {"paRes": late["CP20260101AAAA"]}).json()["status"] == "approved"


def test_the_page_of_the_bank_takes_the_answer_to_the_shop(cards: Simulator) -> None:
    shop = "http://127.0.0.1:9/pay/x?a=1&b=2"
    place = authorize(cards, "CP20260101AAAA", ASKS, returnUrl=shop).json()["acsUrl"]
    page = requests.get(place, timeout=5).text
    assert "SLE 50.00" in page
    assert "•••• 3220" in page
    told = requests.post(place, data={"status": "Y"}, timeout=5).text
    assert 'action="http://127.0.0.1:9/pay/x?a=1&amp;b=2"' in told
    found = re.search(r'name="PaRes" value="([^"]+)"', told)
    assert found
    assert 'name="MD" value="CP20260101AAAA"' in told
    assert post(cards, "/CP20260101AAAA/verify", {"paRes": found[1]}).json()["status"] == "approved"
    assert requests.get(place, timeout=5).status_code == 410
    assert requests.get(f"{cards.url}/acs/é", timeout=5).status_code == 404


def test_without_a_shop_the_answer_is_shown(cards: Simulator) -> None:
    place = authorize(cards, "CP20260101AAAA", ASKS).json()["acsUrl"]
    told = requests.post(place, data={"status": "N"}, timeout=5).text
    found = re.search(r"<textarea[^>]*>([^<]+)<", told)
    assert found
    answer = post(cards, "/CP20260101AAAA/verify", {"paRes": found[1]}).json()
    assert (answer["status"], answer["code"]) == ("declined", "not_confirmed")


# --- what is not taken, what is kept --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        {"amount": "12.5"},
        {"amount": "0.00"},
        {"amount": 12.5},
        {"currency": "XXX"},
        {"reference": ""},
        {"returnUrl": "ftp://x"},
        {"more": "x"},
        {"card": {"number": "4242424242424241"}},
        {"card": {"number": "4242"}},
        {"card": {"expiryMonth": 13}},
        {"card": {"expiryMonth": True}},
        {"card": {"code": "12"}},
        {"card": {"holder": "x"}},
    ],
    ids=lambda body: json.dumps(body)[1:24],
)
def test_what_is_malformed_is_not_taken(cards: Simulator, body: dict[str, Any]) -> None:
    assert authorize(cards, **body).status_code == 422
    assert cards.look("payments") == {"payments": [], "log": []}


def test_nobody_without_the_key_charges(cards: Simulator) -> None:
    assert post(cards, "", wish(), key="other").status_code == 401


def test_numbers_and_codes_are_kept_nowhere(cards: Simulator, folder: Path) -> None:
    authorize(cards, "CP20260101AAAA", GOOD, card={"code": "987"})
    authorize(cards, "CP20260101BBBB", ASKS, card={"code": "987"})
    authorize(cards, "CP20260101CCCC", card={"number": "4242424242424241"})
    told = "".join(json.dumps(cards.look(path)) for path in ("payments", "requests", "totals"))
    for text in (told, (folder / "state.json").read_text()):
        assert not [secret for secret in (GOOD, ASKS, "4242424242424241", '"987"') if secret in text]
    assert "424242" in told


def test_it_keeps_its_books_over_a_restart(tmp_path: Path) -> None:
    with start_cards(tmp_path) as first:
        authorize(first)
        act(first, "captures", "CA20260101AAAA", "40.00")
    with start_cards(tmp_path) as second:
        assert authorize(second).status_code == 200
        assert act(second, "captures", "CA20260101AAAA", "40.00").status_code == 200
        assert second.look("totals")["by_currency"] == {"SLE": {"captured": 4000, "refunded": 0}}


@pytest.mark.parametrize(
    ("mode", "status"),
    [
        pytest.param("503", 503, id="down"),
        pytest.param("429", 429, id="busy"),
        pytest.param("502_after_accept", 502, id="gateway"),
        pytest.param("wrong_amount", 201, id="amount"),
        pytest.param("html", 200, id="html"),
    ],
)
def test_it_misbehaves_as_told(cards: Simulator, mode: str, status: int) -> None:
    cards.control("misbehave", operation="authorizations", mode=mode)
    answer = authorize(cards)
    assert answer.status_code == status
    assert (ask(cards, "CP20260101AAAA").status_code == 200) == (mode not in ("503", "429"))
    if mode == "wrong_amount":
        assert answer.json()["amount"] == "51.00"
