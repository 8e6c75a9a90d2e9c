"""The simulated rail keeps the promise that our client rests on, and misbehaves as told."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.simulators import Simulator, start_rail


@pytest.fixture(scope="module")
def rail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with start_rail(tmp_path_factory.mktemp("rail")) as simulator:
        yield simulator


@pytest.fixture(autouse=True)
def _empty(rail: Simulator) -> None:
    rail.control("reset")


def ask(rail: Simulator, path: str, body: Any, *, key: str = "test-rail-key", timeout: float = 5) -> requests.Response:
    return requests.post(
        f"{rail.url}/rail/v1/{path}", json=body, headers={"Authorization": f"Bearer {key}"}, timeout=timeout
    )


def pay(rail: Simulator, reference: str, account: str = "003001014892010184", **more: Any) -> requests.Response:
    body = {
        "reference": reference,
        "network": "bank",
        "institution": account[:3],
        "account": account,
        "holder": "Aminata Kamara",
        "amount": "12.50",
        "currency": "SLE",
        "narration": "Salary",
        **more,
    }
    return ask(rail, "payouts", body)


def test_a_reference_is_paid_once_however_often_and_at_once_it_is_sent(rail: Simulator) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: pay(rail, "TP20260101AAAA"), range(24)))
    assert sorted({answer.status_code for answer in answers}) == [200, 201]
    assert {answer.json()["status"] for answer in answers} == {"paid"}
    assert rail.look("totals") == {
        "references": 1,
        "paid_more_than_once": [],
        "by_status": {"paid": {"count": 1, "cents": 1250}},
    }


def test_other_content_under_a_known_reference_is_a_conflict(rail: Simulator) -> None:
    pay(rail, "TP20260101BBBB")
    assert pay(rail, "TP20260101BBBB", amount="99.00").status_code == 409
    assert rail.look("totals")["by_status"] == {"paid": {"count": 1, "cents": 1250}}


def test_what_was_rejected_may_be_sent_again(rail: Simulator) -> None:
    first = pay(rail, "TP20260101CCCC", "003001014892015555").json()
    second = pay(rail, "TP20260101CCCC", "003001014892015555").json()
    assert (first["status"], first["code"], second["status"]) == ("rejected", "refused", "paid")
    assert len(rail.look("payouts?reference=TP20260101CCCC")["attempts"]) == 2


def test_the_silent_account_is_paid_without_an_answer(rail: Simulator) -> None:
    body = {"account": "003001014892013333", "institution": "003"}
    with pytest.raises(requests.ReadTimeout):
        ask(
            rail,
            "payouts",
            {
                "reference": "TP20260101DDDD",
                "network": "bank",
                "holder": "",
                "amount": "1.00",
                "currency": "SLE",
                "narration": "",
                **body,
            },
            timeout=0.4,
        )
    found = ask(rail, "payouts/lookup", {"references": ["TP20260101DDDD", "TP20260101EEEE"]}).json()
    assert [row["status"] for row in found["payouts"]] == ["paid"]
    assert found["unknown"] == ["TP20260101EEEE"]


def test_what_is_accepted_ends_and_what_comes_back_is_told(rail: Simulator) -> None:
    rail.control("settings", accepted_seconds=0.0, returned_seconds=0.0)
    for ending in ("2222", "4444", "6666", "7777"):
        pay(rail, f"TP20260101{ending}", f"00300101489201{ending}")
    answer = requests.get(
        f"{rail.url}/rail/v1/events", headers={"Authorization": "Bearer test-rail-key"}, timeout=5
    ).json()
    told = [(row["reference"][-4:], row["status"]) for row in answer["events"]]
    assert sorted(told) == [
        ("2222", "paid"),
        ("4444", "returned"),
        ("6666", "paid"),
        ("6666", "paid"),
        ("7777", "rejected"),
    ]
    assert answer["last"] == 5
    assert rail.look("totals")["paid_more_than_once"] == []


@pytest.mark.parametrize(
    "body",
    [
        {"amount": "12.5"},
        {"amount": "0.00"},
        {"amount": 12.5},
        {"currency": "XXX"},
        {"account": "12"},
        {"reference": ""},
        {"more": "x"},
    ],
    ids=["one-decimal", "nothing", "number", "currency", "short", "no-reference", "unknown-field"],
)
def test_what_is_malformed_is_not_taken(rail: Simulator, body: dict[str, Any]) -> None:
    assert pay(rail, **{"reference": "TP20260101FFFF", **body}).status_code == 422
    assert rail.look("totals")["references"] == 0


def test_nobody_without_the_key_pays(rail: Simulator) -> None:
    assert ask(rail, "payouts", {}, key="other").status_code == 401


def test_it_keeps_its_books_over_a_restart(tmp_path: Path) -> None:
    with start_rail(tmp_path) as first:
        pay(first, "TP20260101GGGG")
    with start_rail(tmp_path) as second:
        assert pay(second, "TP20260101GGGG").status_code == 200
        assert second.look("totals")["references"] == 1


def test_it_says_how_hard_it_was_pressed(rail: Simulator) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: pay(rail, f"TP20260102{n:04}"), range(20)))
    pressure = rail.look("pressure")
    assert 1 <= pressure["at_once"] <= 4
    assert 1 <= pressure["per_second"] <= 20
