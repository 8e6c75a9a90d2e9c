"""Sections BulkDisbursement and Reports of the contract, as programs and people see them, on the simulated rail."""

import csv
import io
import json
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client as Caller
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from payouts.models import Batch, BlockedReceiver
from payouts.services import batches
from tests.accounts.calling import call, key_of, problem_of
from tests.accounts.cast import api_user, browser_of, person
from tests.accounts.cast import call as as_person
from tests.api import text_of
from tests.payouts.desk import GOOD, Desk, desk, finished
from tests.payouts.house import balance, fund
from tests.simulators import Simulator

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_ledger_problems")]

ROOT = "/api/bulk-disbursement"
REPORTS = "/api/reports/disbursements"
NO_ACCOUNT, SECOND_TIME, NO_BANK = "003001014892010000", "003001014892015555", "999001014892010184"


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("celery.app.task.Task.apply_async", lambda *args, **kwargs: None)


@pytest.fixture
def nassit(rail_sim: Simulator) -> Desk:
    rail_sim.control("settings", accepted_seconds=0.2, returned_seconds=0.2)
    return desk()


@pytest.fixture
def maker(nassit: Desk) -> str:
    return key_of(api_user(nassit.client, "Maker")).raw


@pytest.fixture
def checker(nassit: Desk) -> str:
    return key_of(api_user(nassit.client, "Checker")).raw


def items(*pairs: tuple[str, float]) -> list[dict[str, Any]]:
    return [{"destination": to, "amount": amount} for to, amount in pairs]


def submit(key: str, *pairs: tuple[str, float], name: str = "Wages", **more: Any) -> Any:
    body = {"batchName": name, "items": items(*pairs), **more}
    return call(key, ROOT, "POST", body)


def submitted(key: str, *pairs: tuple[str, float], name: str = "Wages") -> dict[str, Any]:
    answer = submit(key, *pairs, name=name)
    assert answer.status_code == 201, answer.content
    return dict(answer.json())


def process(key: str, batch_id: str) -> Any:
    return call(key, f"{ROOT}/{batch_id}/process", "POST")


def status(key: str, batch_id: str) -> Any:
    answer = call(key, f"{ROOT}/{batch_id}/status")
    assert answer.status_code == 200, answer.content
    return answer.json()


def retry(key: str, batch_id: str, *item_ids: str, **more: Any) -> Any:
    return call(key, f"{ROOT}/{batch_id}/retry", "POST", {"batchId": batch_id, "itemIds": list(item_ids), **more})


def ended(batch_id: str) -> Batch:
    return finished(Batch.objects.get(public_id=batch_id))


# --- submit -----------------------------------------------------------------------------------------


def test_a_batch_and_its_items_are_stored_in_their_order(maker: str) -> None:
    told = submitted(maker, (GOOD[0], 100), (GOOD[1], 50.25), (GOOD[2], 0.01))
    assert (told["status"], told["itemCount"], told["totalAmount"]) == ("Pending", 3, 150.26)
    seen = status(maker, told["batchId"])
    assert [item["itemId"] for item in seen["items"]] == told["itemIds"]
    assert [item["destination"] for item in seen["items"]] == list(GOOD)
    assert {(item["status"], item["transactionId"]) for item in seen["items"]} == {("Pending", None)}


def test_the_total_counts_every_item_as_the_number_of_items_does(maker: str) -> None:
    told = submitted(maker, (GOOD[0], 100), (NO_BANK, 50.25))
    (listed,) = call(maker, REPORTS).json()
    one = call(maker, f"{REPORTS}/{told['batchId']}").json()
    assert [(each["itemCount"], each["totalAmount"]) for each in (told, listed, one)] == [(2, 150.25)] * 3


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"batchName": ""}, "batchName"),
        ({"batchName": "x" * 201}, "batchName"),
        ({"items": []}, "items"),
        ({"items": [{"destination": "", "amount": 1}]}, "items[0].destination"),
        ({"items": [{"destination": "1" * 35, "amount": 1}]}, "items[0].destination"),
        ({"items": [{"destination": GOOD[0], "amount": 1}, {"destination": GOOD[0], "amount": 0}]}, "items[1].amount"),
        ({"items": [{"destination": GOOD[0], "amount": 0.001}]}, "items[0].amount"),
        ({"items": [{"destination": GOOD[0], "amount": "1"}]}, "items[0].amount"),
        ({"items": [{"destination": GOOD[0]}]}, "items[0].amount"),
        ({"items": None}, "items"),
    ],
    ids=["no-name", "long-name", "none", "nowhere", "long", "zero", "fine", "text", "no-amount", "null"],
)
def test_what_is_wrong_in_form_is_refused_as_a_whole(maker: str, body: dict[str, Any], field: str) -> None:
    answer = call(maker, ROOT, "POST", {"batchName": "Wages", "items": items((GOOD[0], 1)), **body})
    assert answer.status_code == 400
    assert list(problem_of(answer)["errors"]) == [field]
    assert not Batch.objects.exists()


def test_a_thousand_items_fit_and_one_more_does_not(maker: str) -> None:
    told = submitted(maker, *[(GOOD[0], 1 + number) for number in range(1000)])
    assert len(told["itemIds"]) == 1000
    assert len(status(maker, told["batchId"])["items"]) == 1000
    assert submit(maker, *[(GOOD[0], 1)] * 1001).status_code == 413


def test_the_same_call_with_the_same_key_makes_one_batch(maker: str) -> None:
    body = json.dumps({"batchName": "Wages", "items": items((GOOD[0], 1))})
    headers = {"Authorization": f"Bearer {maker}", "Idempotency-Key": "once"}
    first, again = (Caller().post(ROOT, body, content_type="application/json", headers=headers) for _ in range(2))
    assert (first.status_code, again.status_code, again["Idempotent-Replayed"]) == (201, 201, "true")
    assert first.json() == again.json()
    assert Batch.objects.count() == 1


# --- process ----------------------------------------------------------------------------------------


def test_the_second_one_processes_and_hears_of_every_item(nassit: Desk, maker: str, checker: str) -> None:
    before = balance(nassit.client)
    told = submitted(maker, (GOOD[0], 100), (NO_BANK, 5), (GOOD[1], 50))
    answer = process(checker, told["batchId"])
    assert answer.status_code == 200, answer.content
    done = answer.json()
    assert (done["status"], done["state"]) == ("Processing", "processing")
    assert [item["itemId"] for item in done["processed"]] == [told["itemIds"][0], told["itemIds"][2]]
    assert [item["amount"] for item in done["processed"]] == [100, 50]
    assert [(item["itemId"], item["status"]) for item in done["skipped"]] == [(told["itemIds"][1], "Failed")]
    assert done["skipped"][0]["reason"] == "No bank has these first three digits."
    assert balance(nassit.client) < before - 150
    again = process(checker, told["batchId"]).json()
    assert again["processed"] == []
    assert [item["status"] for item in again["skipped"]] == ["Pending", "Failed", "Pending"]
    ended(told["batchId"])
    seen = status(maker, told["batchId"])
    assert (seen["status"], [item["status"] for item in seen["items"]]) == (
        "PartiallyCompleted",
        ["Processed", "Failed", "Processed"],
    )
    for taken in done["processed"]:
        paid = call(maker, f"/api/payment/{taken['transactionId']}").json()
        assert (paid["status"], paid["referenceNumber"]) == ("Completed", taken["referenceNumber"])


def test_whoever_submitted_does_not_process(nassit: Desk, maker: str) -> None:
    told = submitted(maker, (GOOD[0], 100))
    answer = process(maker, told["batchId"])
    assert (answer.status_code, problem_of(answer)["code"]) == (403, "maker_is_checker")


def test_small_batches_may_be_one_programs(nassit: Desk, maker: str, settings: Any) -> None:
    settings.PAYOUT_ONE_PERSON_UP_TO = 100
    assert len(process(maker, submitted(maker, (GOOD[0], 100))["batchId"]).json()["processed"]) == 1
    assert process(maker, submitted(maker, (GOOD[0], 101))["batchId"]).status_code == 403


def test_without_money_nothing_is_taken_until_the_top_up(nassit: Desk, rail_sim: Simulator) -> None:
    poor = desk("Poor", money="0")
    maker, checker = (key_of(api_user(poor.client, name)).raw for name in ("Maker", "Checker"))
    told = submitted(maker, (GOOD[0], 100))
    done = process(checker, told["batchId"]).json()
    assert (done["status"], done["state"], done["processed"]) == ("Pending", "awaiting_funds", [])
    assert "top-up" in done["skipped"][0]["reason"]
    fund(poor.client)
    assert len(process(checker, told["batchId"]).json()["processed"]) == 1
    ended(told["batchId"])
    assert status(maker, told["batchId"])["status"] == "Completed"


def test_a_batch_of_which_nothing_is_good_stays_as_it_is(maker: str, checker: str) -> None:
    told = submitted(maker, (NO_BANK, 5))
    done = process(checker, told["batchId"]).json()
    assert (done["processed"], done["skipped"][0]["status"]) == ([], "Failed")


def test_a_receiver_that_was_blocked_meanwhile_is_skipped(maker: str, checker: str) -> None:
    told = submitted(maker, (GOOD[0], 5), (GOOD[1], 6))
    BlockedReceiver.objects.create(receiver=GOOD[0], why="court order")
    done = process(checker, told["batchId"]).json()
    assert [item["itemId"] for item in done["processed"]] == told["itemIds"][1:]
    assert done["skipped"] == [
        {"itemId": told["itemIds"][0], "status": "Failed", "reason": "Nothing may be paid to this receiver."}
    ]


def test_what_nothing_is_left_of_is_skipped_whole(maker: str, checker: str) -> None:
    told = submitted(maker, (GOOD[0], 5))
    BlockedReceiver.objects.create(receiver=GOOD[0], why="court order")
    done = process(checker, told["batchId"]).json()
    assert (done["status"], done["processed"], done["skipped"][0]["status"]) == ("Pending", [], "Failed")


def test_items_that_repeat_others_are_marked_and_paid_when_the_second_one_says_so(maker: str, checker: str) -> None:
    first, second = (submitted(maker, (GOOD[0], 5), name=name) for name in ("First", "Again"))
    assert "same_lately" in status(checker, second["batchId"])["items"][0]["problems"]
    for told in (first, second):
        assert len(process(checker, told["batchId"]).json()["processed"]) == 1


def test_a_person_of_the_client_approves_it_on_the_pages_or_here(nassit: Desk, maker: str) -> None:
    told = submitted(maker, (GOOD[0], 100))
    boss = person("boss", Role.PAYOUT_APPROVER, client=nassit.client)
    code, done = as_person(boss, "POST", f"/bulk-disbursement/{told['batchId']}/process")
    assert (code, len(done["processed"])) == (200, 1)


# --- retry ------------------------------------------------------------------------------------------


def test_failed_items_are_tried_again_at_once(nassit: Desk, maker: str, checker: str, rail_sim: Simulator) -> None:
    told = submitted(maker, (GOOD[0], 100), (SECOND_TIME, 50), (NO_ACCOUNT, 25))
    batch_id, (paid, second, never) = told["batchId"], told["itemIds"]
    process(checker, batch_id)
    assert retry(maker, batch_id, second).status_code == 409
    ended(batch_id)
    answer = retry(maker, batch_id, second, paid, never)
    assert answer.status_code == 200, answer.content
    done = answer.json()
    assert [item["itemId"] for item in done["retried"]] == [second, never]
    assert [(item["attempt"], item["status"]) for item in done["retried"]] == [(2, "Processed"), (2, "Failed")]
    assert done["retried"][1]["reason"] == "The account or number does not exist."
    assert [item["itemId"] for item in done["skipped"]] == [paid]
    ended(batch_id)
    assert [item["retryCount"] for item in status(maker, batch_id)["items"]] == [0, 1, 1]


def test_a_retry_names_items_of_its_own_batch(maker: str, checker: str) -> None:
    first, other = (submitted(maker, (GOOD[0], 5), name=name)["batchId"] for name in ("First", "Other"))
    item = status(maker, other)["items"][0]["itemId"]
    own = status(maker, first)["items"][0]["itemId"]
    for answer, field in (
        (retry(maker, first, item), "itemIds"),
        (retry(maker, first), "itemIds"),
        (retry(maker, first, own, own), "itemIds"),
        (retry(maker, first, own, batchId=other), "batchId"),
        (retry(maker, first, *[str(uuid4()) for _ in range(1001)]), "itemIds"),
    ):
        assert (answer.status_code, list(problem_of(answer)["errors"])) == (400, [field])
    waiting = retry(maker, first, own).json()
    assert (waiting["retried"], waiting["skipped"][0]["reason"]) == ([], "It has not been sent yet.")


# --- whose it is ------------------------------------------------------------------------------------


def test_strangers_and_the_other_world_find_nothing(nassit: Desk, maker: str) -> None:
    told = submitted(maker, (GOOD[0], 5))
    stranger = key_of(api_user(desk("Other").client)).raw
    play = key_of(api_user(nassit.client, "Play"), is_sandbox=True).raw
    item = told["itemIds"][0]
    for key in (stranger, play):
        assert process(key, told["batchId"]).status_code == 404
        assert retry(key, told["batchId"], item).status_code == 404
        for path in (f"{ROOT}/{told['batchId']}/status", f"{REPORTS}/{told['batchId']}"):
            assert call(key, path).status_code == 404
        assert call(key, f"{REPORTS}/{told['batchId']}/reconciliation").status_code == 404
        for path in (REPORTS, f"{REPORTS}/retries", f"{REPORTS}/failed"):
            assert call(key, path).json() == []
    for unknown in (str(uuid4()), "not-an-id"):
        assert process(maker, unknown).status_code == 404


def test_staff_see_the_reports_of_all_clients_and_send_nothing(nassit: Desk, maker: str, staff_user: Any) -> None:
    told = submitted(maker, (GOOD[0], 5))
    browser = browser_of(staff_user)
    assert [one["batchId"] for one in browser.get(REPORTS).json()] == [told["batchId"]]
    assert browser.get(f"{ROOT}/{told['batchId']}/status").status_code == 200
    body = {"batchName": "Ours", "items": items((GOOD[0], 1))}
    assert browser.post(ROOT, json.dumps(body), content_type="application/json").status_code in {400, 403}


# --- reports ----------------------------------------------------------------------------------------


@pytest.fixture
def mixed(nassit: Desk, maker: str, checker: str) -> dict[str, Any]:
    """Two paid, one failed three times over, one that could not be sent."""
    told = submitted(maker, (GOOD[0], 100), (NO_ACCOUNT, 25.5), (NO_BANK, 7), (GOOD[1], 50))
    process(checker, told["batchId"])
    ended(told["batchId"])
    for _ in range(2):
        retry(maker, told["batchId"], told["itemIds"][1])
        ended(told["batchId"])
    return told


def test_the_reports_tell_the_same_of_a_batch(mixed: dict[str, Any], maker: str) -> None:
    [listed] = call(maker, REPORTS).json()
    assert (listed["batchId"], listed["status"]) == (mixed["batchId"], "PartiallyCompleted")
    counts = [listed[f"{name}Count"] for name in ("item", "processed", "failed", "pending")]
    assert counts == [4, 2, 2, 0]
    one = call(maker, f"{REPORTS}/{mixed['batchId']}").json()
    assert {name: value for name, value in one.items() if name != "items"} == listed
    assert [item["status"] for item in one["items"]] == ["Processed", "Failed", "Failed", "Processed"]

    attempts = call(maker, f"{REPORTS}/retries").json()
    assert [(item["attempt"], item["result"]) for item in attempts] == [(3, "failed"), (2, "failed")]
    assert {item["attemptedBy"] for item in attempts} == {"maker@example.sl"}
    assert {item["itemId"] for item in attempts} == {mixed["itemIds"][1]}

    [failed] = call(maker, f"{REPORTS}/failed").json()
    assert (failed["itemId"], failed["retryCount"], failed["amount"]) == (mixed["itemIds"][1], 2, 25.5)
    assert failed["failureReason"] == "The account or number does not exist."


def test_the_reconciliation_as_json_and_csv(mixed: dict[str, Any], maker: str) -> None:
    path = f"{REPORTS}/{mixed['batchId']}/reconciliation"
    told = json.loads(text_of(call(maker, path)))
    assert [told[name]["count"] for name in ("submitted", "processed", "failed", "pending")] == [4, 2, 2, 0]
    assert (told["submitted"]["amount"], told["difference"], told["mismatches"]) == (182.5, 0, [])
    assert [item["itemId"] for item in told["items"]] == mixed["itemIds"]
    answer = call(maker, f"{path}?format=csv")
    assert "attachment" in answer["Content-Disposition"]
    lines = list(csv.DictReader(io.StringIO(text_of(answer))))
    assert [line["Status"] for line in lines] == ["Processed", "Failed", "Failed", "Processed"]
    assert [line["ItemId"] for line in lines] == mixed["itemIds"]
    assert call(maker, f"{path}?format=xml").status_code == 400


def test_long_reports_come_in_parts(nassit: Desk, maker: str) -> None:
    made = [submitted(maker, (GOOD[0], 5), name=f"Batch {number}")["batchId"] for number in range(3)]
    first = call(maker, f"{REPORTS}?pageSize=2")
    assert (first["X-Total-Count"], [one["batchId"] for one in first.json()]) == ("3", [made[2], made[1]])
    rest = call(maker, f"{REPORTS}?pageSize=2&cursor={first['X-Next-Cursor']}")
    assert [one["batchId"] for one in rest.json()] == [made[0]]
    assert "X-Next-Cursor" not in rest
    assert [one["batchId"] for one in call(maker, f"{REPORTS}?pageSize=2&page=2").json()] == [made[0]]
    for wrong in ("pageSize=0", "pageSize=501", "page=0", "cursor=" + "9" * 30):
        assert call(maker, f"{REPORTS}?{wrong}").status_code == 400


def test_reports_cost_the_same_however_many_rows(nassit: Desk, maker: str, checker: str) -> None:
    few = submitted(maker, (GOOD[0], 1))["batchId"]
    many = submitted(maker, *[(GOOD[0], number + 1) for number in range(60)])["batchId"]

    def cost(path: str) -> int:
        call(maker, path)
        with CaptureQueriesContext(connection) as spent:
            text_of(call(maker, path))
        return len(spent)

    for path in (f"{ROOT}/%s/status", f"{REPORTS}/%s", f"{REPORTS}/%s/reconciliation"):
        assert cost(path % few) == cost(path % many)
    for batch_id in (few, many):
        batch = Batch.objects.get(public_id=batch_id)
        batches.cancel(actor=nassit.checker, batch=batch)
