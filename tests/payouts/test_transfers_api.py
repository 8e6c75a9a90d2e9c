"""Sections Banks and Payment of the contract as a program sees them, on the simulated rail."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client as Caller

from accounts.models import ApiUser, Client
from config.lib.clock import now
from payouts.models import BlockedReceiver, Payout
from payouts.models.states import State
from tests.accounts import cast
from tests.accounts.calling import call, key_of, problem_of
from tests.payouts.house import ACCOUNT, balance, code_in_mail, fund, payment
from wallets import proof

pytestmark = pytest.mark.django_db

BULK = ("Payment.BulkMobile", "Payment.BulkClientTransfer", "Payment.BulkClientMobileTransfer")


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("celery.app.task.Task.apply_async", lambda *args, **kwargs: None)


@pytest.fixture
def client() -> Client:
    company = cast.company()
    fund(company)
    fund(company, is_sandbox=True)
    return company


@pytest.fixture
def bot(client: Client) -> ApiUser:
    made = cast.api_user(client)
    for name in BULK:
        made.overrides.create(permission=cast.permission(name), is_allowed=True)
    return made


@pytest.fixture
def key(bot: ApiUser) -> str:
    return key_of(bot).raw


@pytest.fixture
def play_key(bot: ApiUser) -> str:
    return key_of(bot, is_sandbox=True).raw


def initiate(key: str, **body: Any) -> Any:
    return call(key, "/api/payment/initiate", "POST", {"accountNumber": ACCOUNT, "amount": 250, **body})


def authorize(key: str, identity: str, code: str) -> Any:
    return call(key, "/api/payment/authorize", "POST", {"transactionId": identity, "otpCode": code})


def row(answer: Any) -> Payout:
    return Payout.objects.get(public_id=answer.json()["transactionId"])


# --- banks --------------------------------------------------------------------------------------------------------


def test_banks_are_listed_and_read(key: str) -> None:
    banks = call(key, "/api/banks").json()
    assert [bank["code"] for bank in banks] == [f"{number:03d}" for number in range(1, 16)]
    assert call(key, "/api/banks/003").json() == {
        "code": "003",
        "name": "Sierra Leone Commercial Bank",
        "shortName": "SLCB",
        "swiftCode": None,
        "isActive": True,
        "isVerified": True,
    }


@pytest.mark.parametrize(
    ("code", "status"), [("999", 404), ("03", 400), ("0033", 400), ("abc", 400), ("٠٠٣", 400)], ids=str
)
def test_a_bank_that_is_none(key: str, code: str, status: int) -> None:
    assert problem_of(call(key, f"/api/banks/{code}"))["status"] == status


# --- one transfer -------------------------------------------------------------------------------------------------


def test_a_transfer_from_beginning_to_end(client: Client, key: str, rail_sim: Any) -> None:
    begun = initiate(key, narration="Rent")
    assert begun.status_code == 201
    told, payout = begun.json(), row(begun)
    assert told["referenceNumber"] == payout.reference
    assert (told["status"], told["otpRequired"], told["flags"], told["sandboxOtp"]) == ("Pending", True, [], None)
    assert (told["receiverBankCode"], told["receiverBankName"]) == ("003", "Sierra Leone Commercial Bank")
    ended = authorize(key, told["transactionId"], code_in_mail(payout))
    assert ended.status_code == 200, ended.content
    assert ended.json()["status"] == "Completed"
    assert ended.json()["completedAt"]
    read = call(key, f"/api/payment/{told['transactionId']}").json()
    assert (read["status"], read["state"], read["type"]) == ("Completed", "completed", "BankTransfer")
    assert (read["receiverAccount"], read["amount"], read["fee"], read["currency"]) == (ACCOUNT, 250, 2.5, "SLE")
    assert (read["clientId"], read["reason"]) == (str(client.public_id), None)
    assert balance(client) == Decimal("99747.50")
    assert [one["reference"] for one in rail_sim.look("payouts")["payouts"]] == [payout.reference]
    assert problem_of(authorize(key, told["transactionId"], "123456"))["code"] == "not_pending"
    assert proof.run().problems == []


def test_a_bank_that_refuses_is_told_and_the_money_is_back(client: Client, key: str, rail_sim: Any) -> None:
    begun = initiate(key, accountNumber="003001014892010000")
    ended = authorize(key, begun.json()["transactionId"], code_in_mail(row(begun))).json()
    assert (ended["status"], ended["state"], ended["completedAt"]) == ("Failed", "failed", None)
    assert ended["reason"] == "The account or number does not exist."
    assert balance(client) == Decimal(100_000)


def test_an_unknown_outcome_is_pending_and_holds_the_money(client: Client, key: str, rail_sim: Any) -> None:
    rail_sim.control("misbehave", operation="payouts", mode="502_after_accept", times=1)
    begun = initiate(key)
    ended = authorize(key, begun.json()["transactionId"], code_in_mail(row(begun))).json()
    assert ended["status"] == "Pending"
    assert ended["state"] in {"in_doubt", "sending"}
    assert balance(client) == Decimal("99747.50")


def test_play_money_carries_its_code(client: Client, key: str, play_key: str, rail_sim: Any) -> None:
    told = initiate(play_key).json()
    assert told["sandboxOtp"] == "123456"
    assert authorize(play_key, told["transactionId"], "123456").json()["status"] == "Completed"
    assert balance(client) == Decimal(100_000) > balance(client, is_sandbox=True)
    assert call(key, f"/api/payment/{told['transactionId']}").status_code == 404
    assert call(key, "/api/payment/completed").json() == []


def test_a_blocked_transfer_answers_with_its_flags(key: str, rail_sim: Any) -> None:
    BlockedReceiver.objects.create(receiver=ACCOUNT, why="stolen")
    told = problem_of(initiate(key))
    assert (told["status"], told["code"]) == (422, "blocked")
    assert [flag["rule"] for flag in told["flags"]] == ["Blocklist"]
    kept = call(key, f"/api/payment/{told['transactionId']}").json()
    assert (kept["status"], kept["isFlagged"]) == ("Rejected", True)
    assert kept["reason"]


def test_a_repeated_call_begins_one_transfer(key: str, rail_sim: Any) -> None:
    def once(name: str, **body: Any) -> Any:
        return _with_key(key, "/api/payment/initiate", name, {"accountNumber": ACCOUNT, "amount": 250, **body})

    first, again = once("one"), once("one")
    assert first.json()["transactionId"] == again.json()["transactionId"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert once("one", amount=251).status_code == 409
    BlockedReceiver.objects.create(receiver=ACCOUNT, why="stolen")
    blocked, same = problem_of(once("two")), problem_of(once("two"))
    assert blocked["transactionId"] == same["transactionId"]
    assert Payout.objects.count() == 2


def test_wrong_codes_are_counted_out(key: str, rail_sim: Any) -> None:
    begun = initiate(key)
    identity, payout = begun.json()["transactionId"], row(begun)
    bad = f"{(int(code_in_mail(payout)) + 1) % 10**6:06d}"
    told = [problem_of(authorize(key, identity, bad)) for _ in range(6)]
    assert [one["status"] for one in told] == [400, 400, 400, 400, 429, 409]
    assert [one.get("attemptsLeft") for one in told[:4]] == [4, 3, 2, 1]
    assert list(told[0]["errors"]) == ["otpCode"]
    assert call(key, f"/api/payment/{identity}").json()["status"] == "Failed"


def test_another_code_is_sent_after_a_minute(key: str, rail_sim: Any) -> None:
    begun = initiate(key)
    identity, payout = begun.json()["transactionId"], row(begun)
    soon = call(key, "/api/payment/resend-otp", "POST", {"transactionId": identity})
    assert problem_of(soon)["code"] == "too_soon"
    assert 0 < int(soon.headers["Retry-After"]) <= 60
    code = payout.code
    code.sent_at -= timedelta(seconds=61)
    code.save()
    told = call(key, "/api/payment/resend-otp", "POST", {"transactionId": identity}).json()
    assert told["resendsLeft"] == 2
    assert authorize(key, identity, code_in_mail(payout)).json()["status"] == "Completed"


def test_without_money_the_transfer_waits(rail_sim: Any) -> None:
    key = key_of(cast.api_user(cast.company("Poor"), "Poorbot")).raw
    begun = initiate(key)
    told = problem_of(authorize(key, begun.json()["transactionId"], code_in_mail(row(begun))))
    assert (told["status"], told["code"]) == (422, "insufficient_funds")
    assert call(key, f"/api/payment/{begun.json()['transactionId']}").json()["state"] == "pending"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"accountNumber": "999001"}, "accountNumber"),
        ({"accountNumber": ""}, "accountNumber"),
        ({"accountNumber": "0" * 35}, "accountNumber"),
        ({"accountNumber": None}, "accountNumber"),
        ({"amount": 0}, "amount"),
        ({"amount": "250"}, "amount"),
        ({"amount": 0.001}, "amount"),
        ({"amount": 10.005}, "amount"),
        ({"amount": None}, "amount"),
        ({"narration": "x" * 201}, "narration"),
        ({"receiverName": "a://b"}, "receiverName"),
    ],
    ids=str,
)
def test_what_is_wrong_is_named(key: str, body: dict[str, Any], field: str, settings: Any) -> None:
    settings.PAYOUT_RAIL_URL = "http://127.0.0.1:9/rail/v1"
    told = problem_of(initiate(key, **body))
    assert (told["status"], list(told["errors"])) == (400, [field])
    assert not Payout.objects.exists()


def test_strangers_and_the_unknown_are_the_same(key: str, rail_sim: Any) -> None:
    identity = initiate(key).json()["transactionId"]
    stranger = key_of(cast.api_user(cast.company("Other"), "Stranger")).raw
    for caller, name in ((stranger, identity), (key, str(uuid4()))):
        answers = [
            call(caller, f"/api/payment/{name}"),
            authorize(caller, name, "123456"),
            call(caller, "/api/payment/resend-otp", "POST", {"transactionId": name}),
        ]
        assert {problem_of(answer)["status"] for answer in answers} == {404}
    assert call(key, "/api/payment/nothing").status_code == 404


# --- lists --------------------------------------------------------------------------------------------------------


def test_lists_show_their_own_newest_first(client: Client, key: str) -> None:
    paid = [payment(client, ago=timedelta(days=day)) for day in (40, 2, 1)]
    waits = payment(client, state=State.PENDING, expires_at=now() + timedelta(minutes=5))
    payment(client, state=State.PENDING, expires_at=now() - timedelta(minutes=5))
    payment(client, state=State.FAILED)
    payment(cast.company("Other"))

    def names(path: str) -> list[str]:
        return [one["referenceNumber"] for one in call(key, path).json()]

    assert names("/api/payment/pending") == [waits.reference]
    assert names("/api/payment/completed") == [one.reference for one in reversed(paid)]
    assert len(names("/api/payment/range")) == 5
    first, last = (f"{now() - timedelta(days=day):%Y-%m-%d}" for day in (2, 1))
    assert names(f"/api/payment/range?from={first}&to={last}") == [paid[2].reference, paid[1].reference]
    assert names(f"/api/payment/range?from={first}T00:00:00Z&to={first}T23:59:59%2B00:00") == [paid[1].reference]
    page = call(key, "/api/payment/completed?page=2&pageSize=2")
    assert [one["referenceNumber"] for one in page.json()] == [paid[0].reference]
    assert page.headers["X-Total-Count"] == "3"


@pytest.mark.parametrize(
    "query",
    [
        "from=yesterday",
        "to=2026-13-01",
        "from=2026-11-21&to=2026-11-20",
        "from=0001-01-01",
        "to=9999-12-31T23:59:59-23:00",
    ],
    ids=str,
)
def test_a_range_that_is_none(key: str, query: str) -> None:
    assert problem_of(call(key, f"/api/payment/range?{query}"))["status"] == 400


def test_a_list_costs_the_same_however_long(client: Client, key: str, django_assert_max_num_queries: Any) -> None:
    for _ in range(20):
        payment(client)
    call(key, "/api/payment/completed")
    with django_assert_max_num_queries(14):
        assert len(call(key, "/api/payment/completed").json()) == 20


# --- many at once -------------------------------------------------------------------------------------------------


def test_many_numbers_in_one_call(client: Client, key: str, rail_sim: Any) -> None:
    BlockedReceiver.objects.create(receiver="077000001", why="stolen")
    payments = [
        {"phoneNumber": "+23276123456", "amount": 100},
        {"phoneNumber": "23277000001", "amount": 50.5, "narration": "bonus"},
        {"phoneNumber": "031000000", "amount": 10},
    ]
    answer = call(key, "/api/payment/bulk-mobile", "POST", {"payments": payments})
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert (told["total"], told["succeeded"], told["rejected"], told["totalAmount"]) == (3, 2, 1, 160.5)
    results = told["results"]
    assert [one["index"] for one in results] == [0, 1, 2]
    assert [one["status"] for one in results] == ["Completed", "Rejected", "Failed"]
    assert [(one["telcoCode"], one["telco"]) for one in results] == [
        ("76", "Orange"),
        ("77", "Africell"),
        ("31", "QCell"),
    ]
    assert results[0]["phoneNumber"] == "+23276123456"
    assert [bool(one["error"]) for one in results] == [False, True, True]
    assert balance(client) == Decimal(100_000) - 101
    assert proof.run().problems == []


def test_a_repeated_call_pays_once(client: Client, key: str, rail_sim: Any) -> None:
    other = cast.company("Other")
    body = {
        "destinationClientId": str(other.public_id),
        "accountNumber": ACCOUNT,
        "entries": [{"amount": 5, "narration": "June"}, {"amount": 5}],
    }
    path = "/api/payment/bulk-client-transfer"
    first, again = _with_key(key, path, "wages", body), _with_key(key, path, "wages", body)
    assert first.json() == again.json()
    assert [one["narration"] for one in first.json()["results"]] == ["June", f"Transfer to {ACCOUNT}"]
    assert {one["status"] for one in first.json()["results"]} == {"Completed"}
    assert (first.json()["destinationClientId"], first.json()["receiverBankCode"]) == (str(other.public_id), "003")
    assert Payout.objects.count() == 2
    assert len(rail_sim.look("payouts")["payouts"]) == 2


def test_one_number_of_another_client(key: str, rail_sim: Any) -> None:
    body = {"phoneNumber": "+23276123456", "entries": [{"amount": 5}]}
    path = "/api/payment/bulk-client-mobile-transfer"
    other = cast.company("Other")
    told = call(key, path, "POST", {**body, "destinationClientId": str(other.public_id)}).json()
    assert (told["phoneNumber"], told["telcoCode"], told["succeeded"]) == ("+23276123456", "76", 1)
    assert call(key, path, "POST", {**body, "destinationClientId": str(uuid4())}).status_code == 404
    Client.objects.filter(pk=other.pk).update(status=Client.Status.DEACTIVATED)
    assert call(key, path, "POST", {**body, "destinationClientId": str(other.public_id)}).status_code == 409


def test_what_is_wrong_about_entries_is_named(key: str, settings: Any) -> None:
    settings.PAYOUT_RAIL_URL = "http://127.0.0.1:9/rail/v1"
    payments = [{"phoneNumber": "12", "amount": 1}, {"phoneNumber": "076123456", "amount": 1.001}]
    told = problem_of(call(key, "/api/payment/bulk-mobile", "POST", {"payments": payments}))
    assert list(told["errors"]) == ["payments[0].phoneNumber", "payments[1].amount"]
    for empty in ([], None, "x", [{}]):
        assert call(key, "/api/payment/bulk-mobile", "POST", {"payments": empty}).status_code == 400


def test_nobody_pays_many_who_was_not_given_it(client: Client, rail_sim: Any) -> None:
    plain = key_of(cast.api_user(client, "Plain")).raw
    answer = call(plain, "/api/payment/bulk-mobile", "POST", {"payments": [{"phoneNumber": "076123456", "amount": 1}]})
    assert problem_of(answer)["status"] == 403


def _with_key(key: str, path: str, name: str, body: dict[str, Any]) -> Any:
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": name}
    return Caller(raise_request_exception=False).post(path, json.dumps(body), "application/json", headers=headers)
