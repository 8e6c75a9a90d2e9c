"""Section Reports of the contract (what a client's programs did, cards, checkouts) and Metrics, as callers see them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import ApiKey, ApiUser, Client, Role
from cards.models import State as CardState
from checkout.models import State as CheckoutState
from config.lib.clock import now
from payouts.models.states import Kind, State
from tests.accounts.calling import call, key_of, problem_of
from tests.accounts.cast import api_user, company, person
from tests.accounts.cast import call as as_person
from tests.payouts.house import payment
from tests.reports.things import charged, checkout, noted

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass
class House:
    """A client with a program and its keys for both worlds."""

    client: Client
    bot: ApiUser
    live: str
    test: str
    key: ApiKey

    def get(self, path: str, *, test: bool = False) -> Any:
        answer = call(self.test if test else self.live, f"/api/{path}")
        assert answer.status_code == 200, answer.content
        return answer.json()

    def path(self, name: str) -> str:
        return f"reports/clients/{self.client.public_id}/{name}"


def house(name: str) -> House:
    client = company(name)
    bot = api_user(client, f"{name}bot")
    live, test = key_of(bot), key_of(bot, is_sandbox=True)
    return House(client, bot, live.raw, test.raw, live.key)


@pytest.fixture
def ours() -> House:
    return house("Nassit")


@pytest.fixture
def others() -> House:
    return house("Rokel")


BY_CLIENT = ("transactions", "volume", "api-calls", "audit-log", "transaction-details")


# --- whose ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BY_CLIENT)
def test_another_client_is_not_there(ours: House, others: House, name: str) -> None:
    for client in (others.client.public_id, uuid4(), "no-uuid"):
        answer = call(ours.live, f"/api/reports/clients/{client}/{name}")
        assert (answer.status_code, problem_of(answer)["code"]) == (404, "not_found")


@pytest.mark.parametrize("name", BY_CLIENT)
def test_staff_look_at_every_client(ours: House, name: str) -> None:
    assert as_person(person("citra", Role.SUPPORT), "GET", f"/{ours.path(name)}")[0] == 200


def test_lists_hold_what_is_ones_own_in_ones_own_world(ours: House, others: House) -> None:
    for client, is_sandbox in ((ours.client, False), (ours.client, True), (others.client, False)):
        charged(client, is_sandbox=is_sandbox)
        checkout(client, is_sandbox=is_sandbox)
        payment(client, is_sandbox=is_sandbox)
    for test in (False, True):
        assert len(ours.get("reports/cards", test=test)) == 1
        assert len(ours.get("reports/cards/range", test=test)) == 1
        assert ours.get("reports/cards/summary", test=test)["totalCount"] == 1
        assert ours.get("reports/checkout/sessions", test=test)["total"] == 1
        assert ours.get("reports/checkout/summary", test=test)["totalSessions"] == 1
        assert len(ours.get(ours.path("transaction-details"), test=test)) == 1
        assert ours.get(ours.path("volume"), test=test)["count"] == 1
        assert ours.get("metrics", test=test)["transactions"]["total"] == 1
    citra = person("citra", Role.SUPPORT)
    assert len(as_person(citra, "GET", "/reports/cards")[1]) == 2
    assert as_person(citra, "GET", "/reports/checkout/sessions")[1]["total"] == 2


# --- transactions of a client -----------------------------------------------------------------------


def test_transactions_are_those_its_programs_started(ours: House) -> None:
    by_hand = payment(ours.client)
    by_bot = payment(ours.client, api_user=ours.bot)
    (told,) = ours.get(ours.path("transactions"))
    assert told["transactionId"] == str(by_bot.public_id)
    assert (told["developerName"], told["apiUserId"]) == ("Nassitbot", str(ours.bot.public_id))
    assert (told["receiverAccount"], told["receiverBankCode"]) == ("••••0184", "003")
    details = ours.get(ours.path("transaction-details"))
    assert [one["transactionId"] for one in details] == [str(by_bot.public_id), str(by_hand.public_id)]
    assert {"amount", "type", "date", "status", "referenceNumber"} <= set(details[0])


def test_volume_counts_every_status_and_knows_banks_from_operators(ours: House) -> None:
    payment(ours.client, amount=Decimal("10.50"))
    payment(ours.client, amount=Decimal(20), state=State.FAILED)
    payment(ours.client, amount=Decimal(30), kind=Kind.MOBILE, receiver="076123456", receiver_code="076")
    payment(ours.client, amount=Decimal(40), receiver="999001014892010184", receiver_code="999")
    found = {kind: ours.get(f"{ours.path('volume')}?type={kind}") for kind in ("bank", "MOBILE", "other", "")}
    figures = {kind: (one["type"], one["count"], one["totalAmount"]) for kind, one in found.items()}
    assert figures == {
        "bank": ("bank", 2, 30.5),
        "MOBILE": ("mobile", 1, 30),
        "other": ("all", 4, 100.5),
        "": ("all", 4, 100.5),
    }
    assert (found["bank"]["completedCount"], found["bank"]["completedAmount"]) == (1, 10.5)
    assert found[""]["currency"] == "SLE"


def test_lists_go_on_by_page_and_by_cursor(ours: House) -> None:
    sent = [payment(ours.client, api_user=ours.bot).reference for _ in range(5)][::-1]
    for name in ("transactions", "transaction-details"):
        path, seen = f"/api/{ours.path(name)}?pageSize=2", list[str]()
        cursor: str | None = ""
        while cursor is not None:
            answer = call(ours.live, f"{path}&cursor={cursor}")
            assert answer["X-Total-Count"] == "5"
            seen += [one["referenceNumber"] for one in answer.json()]
            cursor = answer.get("X-Next-Cursor")
        assert seen == sent
        assert [one["referenceNumber"] for one in call(ours.live, f"{path}&page=3").json()] == sent[4:]


# --- calls ------------------------------------------------------------------------------------------


def test_calls_are_counted_by_api_user_those_without_any_too(ours: House) -> None:
    quiet = api_user(ours.client, "Quiet")
    noted(ours.key, ago=HOUR)
    noted(ours.key, status=404)
    before, silent = ours.get(ours.path("api-calls"))
    assert (before["apiUserId"], before["callCount"]) == (str(ours.bot.public_id), 2)
    assert before["lastCallAt"] is not None
    assert (silent["apiUserId"], silent["callCount"], silent["lastCallAt"]) == (str(quiet.public_id), 0, None)
    # The call before this one was noted as well.
    assert ours.get(ours.path("api-calls"))[0]["callCount"] == 3
    assert ours.get(ours.path("api-calls"), test=True)[0]["callCount"] == 0


def test_the_log_names_what_was_called_and_what_was_answered(ours: House, others: House) -> None:
    noted(ours.key, status=404, milliseconds=31)
    noted(others.key)
    (log,) = ours.get(ours.path("audit-log"))
    assert (log["apiUserId"], log["developerName"]) == (str(ours.bot.public_id), "Nassitbot")
    (entry,) = log["entries"]
    assert {"timestamp", "method", "endpoint", "statusCode", "durationMs", "ipAddress"} <= set(entry)
    told = (entry["method"], entry["endpoint"], entry["statusCode"], entry["durationMs"], entry["ipAddress"])
    assert told == ("GET", "/api/banks", 404, 31, "198.51.100.7")


def test_a_long_log_goes_on_where_it_stopped(ours: House) -> None:
    second = api_user(ours.client, "Second")
    keys = [ours.key, key_of(second).key]
    for number in range(7):
        noted(keys[number % 2], milliseconds=number)
    citra = person("citra", Role.SUPPORT)
    seen: list[list[int]] = []
    cursor = ""
    for _ in range(4):
        path = f"/{ours.path('audit-log')}?pageSize=3&cursor={cursor}"
        status, logs = as_person(citra, "GET", path)
        assert status == 200
        seen.append(sorted((one["durationMs"] for log in logs for one in log["entries"]), reverse=True))
        assert len(logs) == 2
        answer = call(key_of(citra.user).raw, f"/api{path}")
        assert answer["X-Total-Count"] == "7"
        cursor = answer.get("X-Next-Cursor", "")
        if not cursor:
            break
    assert seen == [[6, 5, 4], [3, 2, 1], [0]]


# --- cards ------------------------------------------------------------------------------------------


def test_a_card_payment_is_told_by_its_last_four_digits(ours: House) -> None:
    paid = charged(ours.client, order_id="order-1", amount="12.50")
    (told,) = ours.get("reports/cards")
    assert told["authorizationId"] == str(paid.public_id)
    assert (told["orderId"], told["brand"], told["last4"]) == ("order-1", "visa", "4242")
    assert (told["amount"], told["capturedAmount"], told["currency"]) == (12.5, 12.5, "SLE")
    assert (told["status"], told["clientId"]) == ("Captured", str(ours.client.public_id))
    assert told["createdAt"]
    assert told["capturedAt"]
    assert "424242" not in str(told)


def test_cards_by_status_read_as_one_alone_does(ours: House) -> None:
    charged(ours.client, CardState.CAPTURED)
    charged(ours.client, CardState.IN_DOUBT)
    charged(ours.client, CardState.SENDING)
    charged(ours.client, CardState.DECLINED)
    charged(ours.client, CardState.AUTHORIZED, expires_at=now() + DAY)
    charged(ours.client, CardState.AUTHORIZED, expires_at=now() - HOUR)
    charged(ours.client, CardState.REQUIRES_3DS, challenge_until=now() + HOUR)
    charged(ours.client, CardState.REQUIRES_3DS, challenge_until=now() - HOUR)
    charged(ours.client, CardState.EXPIRED)
    wanted = {"Captured": 1, "Pending": 2, "Declined": 2, "Authorized": 1, "Requires3DS": 1, "Expired": 2, "Voided": 0}
    for status, count in wanted.items():
        for word in (status, status.upper()):
            found = ours.get(f"reports/cards?status={word}")
            assert [one["status"] for one in found] == [status] * count
    summed = ours.get("reports/cards/summary")["byStatus"]
    assert {one["status"]: one["count"] for one in summed} == {name: count for name, count in wanted.items() if count}
    assert len(summed) == len({(one["status"], one["currency"]) for one in summed})


def test_an_unknown_status_is_refused(ours: House) -> None:
    answer = call(ours.live, "/api/reports/cards?status=paid")
    assert (answer.status_code, list(problem_of(answer)["errors"])) == (400, ["status"])


def test_card_totals_never_add_up_currencies(ours: House) -> None:
    charged(ours.client, amount=100)
    charged(ours.client, CardState.AUTHORIZED, amount=50, expires_at=now() + DAY)
    charged(ours.client, CardState.DECLINED, amount=7)
    charged(ours.client, amount=200_000, currency="IDR")
    found = ours.get("reports/cards/summary")
    assert (found["currency"], found["totalCount"]) == ("SLE", 4)
    assert (found["totalAuthorized"], found["totalCaptured"]) == (150, 100)
    assert {one["currency"]: one["amount"] for one in found["byCurrency"]} == {"SLE": 157, "IDR": 200_000}
    rupiah = ours.get("reports/cards/summary?currency=IDR")
    assert (rupiah["currency"], rupiah["totalAuthorized"], rupiah["totalCaptured"]) == ("IDR", 200_000, 200_000)


# --- ranges -----------------------------------------------------------------------------------------

IN_RANGE: tuple[Callable[..., Any], ...] = (
    lambda ours, query: len(ours.get(f"reports/cards/range?{query}")),
    lambda ours, query: ours.get(f"reports/checkout/summary?{query}")["totalSessions"],
)


@pytest.mark.parametrize("count", IN_RANGE, ids=["cards", "checkouts"])
def test_both_ends_of_a_range_belong_to_it_and_a_missing_one_is_open(ours: House, count: Callable[..., Any]) -> None:
    for ago in (timedelta(0), DAY, 2 * DAY):
        charged(ours.client, ago=ago)
        checkout(ours.client, CheckoutState.CANCELLED, ago=ago)
    days = [(now() - ago).date().isoformat() for ago in (2 * DAY, DAY, timedelta(0))]
    assert count(ours, "") == 3
    assert count(ours, f"from={days[1]}") == 2
    assert count(ours, f"to={days[1]}") == 2
    assert count(ours, f"from={days[1]}&to={days[1]}") == 1
    assert count(ours, f"from={days[0]}T00:00:00Z&to={days[2]}T23:59:59%2B00:00") == 3


@pytest.mark.parametrize("path", ["reports/cards/range", "reports/checkout/summary"])
@pytest.mark.parametrize("query", ["from=yesterday", "to=2026-13-01", "from=2026-11-02&to=2026-11-01"])
def test_what_is_no_range_is_refused(ours: House, path: str, query: str) -> None:
    answer = call(ours.live, f"/api/{path}?{query}")
    assert answer.status_code == 400
    assert set(problem_of(answer)["errors"]) <= {"from", "to"}


# --- checkouts --------------------------------------------------------------------------------------


def test_sessions_come_in_pages(ours: House) -> None:
    made = [str(checkout(ours.client, ago=timedelta(minutes=number)).public_id) for number in range(5)][::-1]
    page = ours.get("reports/checkout/sessions?page=2&pageSize=2")
    assert [one["sessionId"] for one in page["items"]] == made[2:4]
    assert (page["page"], page["pageSize"], page["total"], page["totalPages"]) == (2, 2, 5, 3)
    assert ours.get("reports/checkout/sessions?page=9")["items"] == []
    first = ours.get("reports/checkout/sessions")
    assert (first["page"], first["pageSize"], first["totalPages"]) == (1, 50, 1)
    assert first["items"][0]["sessionUrl"].endswith(f"/pay/{made[0]}")


@pytest.mark.parametrize("query", ["page=0", "pageSize=0", "pageSize=201", "page=x"])
def test_pages_out_of_range_are_refused(ours: House, query: str) -> None:
    answer = call(ours.live, f"/api/reports/checkout/sessions?{query}")
    assert (answer.status_code, list(problem_of(answer)["errors"])) == (400, [query.partition("=")[0]])


def test_what_is_out_of_time_reads_expired_before_it_is_swept(ours: House) -> None:
    checkout(ours.client, ago=HOUR)
    checkout(ours.client, CheckoutState.COMPLETED, amount=Decimal(70))
    checkout(ours.client, CheckoutState.COMPLETED, amount=Decimal(90_000), currency="IDR")
    assert [one["status"] for one in ours.get("reports/checkout/sessions")["items"]][2] == "Expired"
    found = ours.get("reports/checkout/summary")
    assert (found["totalSessions"], found["totalAmount"], found["completedAmount"]) == (3, 120, 70)
    assert (found["from"], found["to"]) == (None, None)
    by_status = {(one["status"], one["currency"]): (one["count"], one["amount"]) for one in found["byStatus"]}
    assert by_status == {("Expired", "SLE"): (1, 50), ("Completed", "SLE"): (1, 70), ("Completed", "IDR"): (1, 90_000)}


# --- metrics ----------------------------------------------------------------------------------------


def test_metrics_count_ones_own_calls_of_the_last_day(ours: House, others: House) -> None:
    for status, ago in ((200, HOUR), (201, HOUR), (404, HOUR), (500, HOUR), (200, 2 * DAY)):
        noted(ours.key, status, milliseconds=100, ago=ago)
    noted(others.key)
    payment(ours.client, amount=Decimal(10))
    payment(ours.client, amount=Decimal(5), state=State.FAILED)
    found = ours.get("metrics")
    assert (found["totalRequests"], found["requestsLast24h"]) == (5, 4)
    assert found["requestsByStatus"] == {"2xx": 2, "4xx": 1, "5xx": 1}
    assert (found["errorRate"], found["serverErrorRate"]) == (0.5, 0.25)
    assert (found["averageResponseMs"], found["p95ResponseMs"]) == (100, 100)
    assert found["topEndpoints"] == [{"endpoint": "GET /api/banks", "count": 4}]
    assert (found["clients"], found["apiUsers"]) == ({"total": 1, "active": 1, "pending": 0}, 1)
    assert (found["transactions"]["total"], found["transactions"]["totalAmount"]) == (2, 15)
    by_status = {one["status"]: one["amount"] for one in found["transactions"]["byStatus"]}
    assert by_status == {"Completed": 10, "Failed": 5}


def test_staff_have_the_metrics_of_everybody(ours: House, others: House) -> None:
    noted(ours.key)
    noted(others.key)
    company("Waiting", Client.Status.PENDING)
    status, found = as_person(person("citra", Role.SUPPORT), "GET", "/metrics")
    assert status == 200
    assert found["totalRequests"] == 2
    assert (found["clients"], found["apiUsers"]) == ({"total": 3, "active": 2, "pending": 1}, 2)


def test_metrics_of_nothing_are_zeros_and_are_remembered_for_a_minute(ours: House) -> None:
    found = ours.get("metrics")
    assert (found["errorRate"], found["averageResponseMs"], found["topEndpoints"]) == (0, 0, [])
    payment(ours.client)
    again = ours.get("metrics")
    assert again == found


# --- how much it costs ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        *(f"client:{name}" for name in BY_CLIENT),
        *("reports/cards", "reports/cards?status=Declined", "reports/cards/range", "reports/cards/summary"),
        *("reports/checkout/sessions", "reports/checkout/summary", "metrics"),
    ],
)
def test_the_number_of_queries_does_not_grow_with_the_rows(ours: House, path: str) -> None:
    path = ours.path(path.removeprefix("client:")) if path.startswith("client:") else path
    _one_of_each(ours, 0)
    ours.get(path)

    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            ours.get(path)
        return len(queries)

    few = asked()
    for number in range(1, 6):
        _one_of_each(ours, number)
    # Once a minute a call also notes that its key is in use.
    assert min(asked(), asked()) <= few


def _one_of_each(ours: House, number: int) -> None:
    payment(ours.client, api_user=ours.bot)
    noted(key_of(api_user(ours.client, f"Bot{number}")).key)
    charged(ours.client, CardState.REQUIRES_3DS, challenge_until=now() - HOUR)
    checkout(ours.client, ago=HOUR)
