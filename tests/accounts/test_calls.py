"""The log of calls: what is noted of each, who may read it, and when it goes."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.db import DatabaseError, connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext

from accounts import retention
from accounts.access import policy
from accounts.models import ApiCall, ApiKey, Customer, User
from accounts.selectors import keys as selectors
from accounts.services import keys
from accounts.tasks import forget_calls
from config.lib.clock import now
from config.schedule import SCHEDULE
from tests.accounts import cast
from tests.accounts.calling import as_session, call, key_of, own_page
from tests.accounts.company import acting

pytestmark = pytest.mark.django_db


def _noted(key: ApiKey) -> ApiCall:
    found = ApiCall.objects.filter(key=key).order_by("-id").first()
    assert found
    return found


def _lines(key: ApiKey, count: int, **values: object) -> None:
    made = {
        "method": "GET",
        "route": "/api/x",
        "path": "/api/x",
        "status": 200,
        "milliseconds": 1,
        "request_id": "r" * 20,
    }
    ApiCall.objects.bulk_create(
        ApiCall(key=key, api_user=key.api_user, is_sandbox=key.is_sandbox, **{**made, **values}) for _ in range(count)
    )


def test_a_call_is_noted_with_its_route_and_without_its_query(customer: Customer) -> None:
    issued = key_of(customer)
    answer = call(issued.raw, f"{own_page(customer)}?secret=1", address="203.0.113.7")
    line = _noted(issued.key)
    assert (line.method, line.status, line.address, line.refusal) == ("GET", 200, "203.0.113.7", "")
    assert line.route == "/api/customers/{id}"
    assert line.path == own_page(customer)
    assert line.request_id == answer["X-Request-Id"]
    assert "secret" not in str(ApiCall.objects.values())
    assert issued.raw not in str(ApiCall.objects.values())


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/api/nothing", 404), ("DELETE", "/api/customers/login", 405), ("GET", "/api/roles", 401)],
)
def test_refused_calls_are_noted_too(method: str, path: str, status: int, customer: Customer) -> None:
    issued = key_of(customer)
    call(issued.raw, path, method)
    assert _noted(issued.key).status == status


def test_a_call_with_a_nought_in_its_path_is_noted_as_well(customer: Customer) -> None:
    issued = key_of(customer)
    assert call(issued.raw, "/api/banks/%000").status_code == 404
    assert _noted(issued.key).path == "/api/banks/0"


def test_a_key_that_is_over_tells_its_owner_who_still_calls(customer: Customer) -> None:
    issued = key_of(customer)
    keys.revoke(actor=as_session(customer.user), key=issued.key)
    call(issued.raw, own_page(customer), address="198.51.100.9")
    line = _noted(issued.key)
    assert (line.status, line.refusal, line.address) == (401, "revoked", "198.51.100.9")


def test_a_wrong_secret_tells_nobody(customer: Customer) -> None:
    issued = key_of(customer)
    call(f"{issued.api_key}_{'0' * 40}", own_page(customer))
    assert not ApiCall.objects.exists()


def test_sessions_and_tokens_are_not_in_the_log_of_keys(staff_user: User) -> None:
    cast.call(staff_user, "GET", "/roles")
    assert not ApiCall.objects.exists()


def test_what_was_done_stands_although_it_could_not_be_noted(
    customer: Customer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    raw = key_of(customer).raw

    def full(**_: object) -> None:
        raise DatabaseError("no room")

    monkeypatch.setattr(ApiCall.objects, "create", full)
    assert call(raw, own_page(customer)).status_code == 200
    assert "could not be noted" in caplog.text


# --- who reads it -----------------------------------------------------------------------------------


def test_everybody_reads_their_own_part(customer: Customer, other_customer: Customer, staff_user: User) -> None:
    nassit, other = cast.company(), cast.company("Kopi")
    bot, stranger = cast.api_user(nassit), cast.api_user(other, "Other")
    dewi, eko = cast.person("dewi", "PortalAdmin", client=nassit), cast.person("eko", "PortalAdmin", client=other)
    for owner in (customer, other_customer, bot, stranger, dewi.user):
        _lines(key_of(owner).key, 1)

    def read(user: User) -> set[str]:
        return {str(line.key.api_user or line.key.user) for line in policy.calls_seen_by(acting(user))}

    assert read(dewi.user) == {"Bot", "Dewi"}
    assert read(eko.user) == {"Other"}
    assert read(staff_user) == {"Bot", "Other", "Dewi"}


def test_a_client_that_sleeps_reads_nothing_of_its_api_users() -> None:
    nassit = cast.company(status="Deactivated")
    dewi = cast.person("dewi", "PortalAdmin", client=nassit)
    _lines(key_of(cast.api_user(nassit)).key, 1)
    assert not policy.calls_seen_by(acting(dewi.user)).exists()
    assert not policy.keys_seen_by(acting(dewi.user)).exists()


def test_the_page_finds_by_id_route_and_status(customer: Customer, client_for: Callable[..., Browser]) -> None:
    key, other = key_of(customer, name="till").key, key_of(customer, name="shop").key
    _lines(key, 1, path="/api/one", route="/api/one", request_id="A" * 26)
    _lines(key, 1, path="/api/two", route="/api/two", status=404, request_id="B" * 26)
    _lines(other, 1, path="/api/three", route="/api/three", status=503, request_id="C" * 26)
    browser = client_for(customer)

    def shown(**query: str) -> set[str]:
        text = browser.get("/developers/requests/", query).content.decode()
        return {word for word in ("one", "two", "three") if f"/api/{word}<" in text}

    assert shown() == {"one", "two", "three"}
    assert shown(q="B" * 26) == {"two"}
    assert shown(q="/ONE") == {"one"}
    assert shown(status="4") == {"two"}
    assert shown(status="5") == {"three"}
    assert shown(key=str(other.public_id)) == {"three"}
    assert shown(key=str(key.public_id), status="2") == {"one"}
    assert shown(q="nothing of the kind") == set()


@pytest.mark.parametrize(
    "query",
    [{"q": "\x00"}, {"status": "9"}, {"key": "x"}, {"key": "0b6f3c1e-58a4-4c0f-9d55-2a7c1e9f4b10"}, {"cursor": "n'"}],
)
def test_an_odd_question_is_no_fault(
    query: dict[str, str], customer: Customer, client_for: Callable[..., Browser]
) -> None:
    _lines(key_of(customer).key, 1)
    assert client_for(customer).get("/developers/requests/", query).status_code == 200


def test_a_strangers_key_is_no_filter(
    customer: Customer, other_customer: Customer, client_for: Callable[..., Browser]
) -> None:
    strange = key_of(other_customer).key
    _lines(strange, 1, path="/api/strange")
    text = client_for(customer).get("/developers/requests/", {"key": str(strange.public_id)}).content.decode()
    assert "/api/strange" not in text


def test_pages_follow_each_other_at_the_same_cost(customer: Customer, client_for: Callable[..., Browser]) -> None:
    key = key_of(customer).key
    browser = client_for(customer)
    costs = []
    for lines in (5, 80):
        _lines(key, lines)
        browser.get("/developers/requests/")
        with CaptureQueriesContext(connection) as cost:
            browser.get("/developers/requests/")
        costs.append(len(cost))
    assert costs[0] == costs[1] <= 7
    first = selectors.calls(acting(customer.user), selectors.CallFilter())
    second = selectors.calls(acting(customer.user), selectors.CallFilter(), cursor=first.next_cursor or "")
    assert len(first.items) == len(second.items) == 25
    assert first.items[-1].pk == second.items[0].pk + 1


# --- when it goes -----------------------------------------------------------------------------------


def test_old_lines_go_in_batches_and_new_ones_stay(customer: Customer) -> None:
    key = key_of(customer).key
    with time_machine.travel(now() - timedelta(days=91)):
        _lines(key, 7)
    with time_machine.travel(now() - timedelta(days=89)):
        _lines(key, 2)
    assert retention.forget_old_calls(batch=3) == 7
    assert ApiCall.objects.count() == 2
    forget_calls()
    assert ApiCall.objects.count() == 2


def test_the_log_is_emptied_every_night() -> None:
    assert "accounts.forget_calls" in {entry["task"] for entry in SCHEDULE.values()}
