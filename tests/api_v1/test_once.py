"""Idempotency-Key (OTPZap contract 12.9): once, the same answer, and nothing of it in another place."""

import threading
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import F

from accounts.models import Customer, IdempotencyRecord
from accounts.services import idempotency
from config.lib.errors import ServiceError
from otp import polling
from otp.api_v1 import outcomes
from otp.models import Order, State
from tests.api_v1.calling import Program, data_of, program_of, refusal_of
from tests.otp.helpers import activations, fund, wallet
from tests.simulators import Simulator

pytestmark = pytest.mark.django_db

ORDER = {"server": 1, "product_id": 1071}


def test_the_same_call_is_answered_as_the_first_time(program: Program, ayu: Customer, shop: Simulator) -> None:
    first = program.post("/order/create", key="a", **ORDER)
    assert "Idempotent-Replayed" not in first
    told = data_of(first)
    data_of(program.post("/order/cancel", order_id=told["order_id"]))
    again = program.post("/order/create", key="a", **ORDER)
    assert again["Idempotent-Replayed"] == "true"
    assert data_of(again) == told
    assert Order.objects.count() == len(activations(shop)) == 1


def test_what_is_the_same_is_the_same(program: Program, shop: Simulator) -> None:
    told = data_of(program.post("/order/create", key="a", server=1, product_id=1071))
    again = program.post("/order/create", key="a", product_id="1071", server="1", nobody="looks")
    assert data_of(again)["order_id"] == told["order_id"]


def test_another_body_is_refused(program: Program, shop: Simulator) -> None:
    program.post("/order/create", key="a", **ORDER)
    refusal_of(program.post("/order/create", key="a", server=1, product_id=1072), 422, "IDEMPOTENCY_KEY_REUSED")
    assert Order.objects.count() == 1


def test_without_a_key_each_call_is_its_own(program: Program, shop: Simulator) -> None:
    assert data_of(program.post("/order/create", **ORDER)) != data_of(program.post("/order/create", **ORDER))
    assert Order.objects.count() == 2


def test_keys_of_one_customer_mean_nothing_to_another(
    program: Program, stranger: Program, other_customer: Customer, shop: Simulator
) -> None:
    fund(other_customer)
    mine = data_of(program.post("/order/create", key="a", **ORDER))
    assert data_of(stranger.post("/order/create", key="a", **ORDER))["order_id"] != mine["order_id"]


def test_nor_to_another_operation(program: Program, shop: Simulator) -> None:
    order_id = data_of(program.post("/order/create", key="a", **ORDER))["order_id"]
    data_of(program.post("/order/replace", key="a", order_id=order_id))
    assert Order.objects.count() == 2


def test_two_keys_of_one_customer_share_them(program: Program, ayu: Customer, shop: Simulator) -> None:
    told = data_of(program.post("/order/create", key="a", **ORDER))
    assert data_of(program_of(ayu).post("/order/create", key="a", **ORDER)) == told


@pytest.mark.parametrize("key", ["a b", "ä", "x" * 129, "a/b", "a.b"])
@pytest.mark.parametrize("path", ["/order/create", "/topup/create", "/order/email-create"])
def test_odd_keys_are_422(program: Program, path: str, key: str) -> None:
    told = refusal_of(program.send("POST", path, "{}", **{"Idempotency-Key": key}), 422, "VALIDATION_ERROR")
    assert told["details"]["fields"]


def test_the_longest_key_is_taken(program: Program, shop: Simulator) -> None:
    for _time in range(2):
        data_of(program.post("/order/create", key="x" * 128, **ORDER))
    assert Order.objects.count() == 1


def test_after_a_day_a_key_is_new(program: Program, shop: Simulator) -> None:
    first = data_of(program.post("/order/create", key="a", **ORDER))
    IdempotencyRecord.objects.update(created_at=F("created_at") - timedelta(hours=25))
    assert data_of(program.post("/order/create", key="a", **ORDER))["order_id"] != first["order_id"]


def test_a_refusal_is_given_again_and_not_looked_at(program: Program, ayu: Customer, shop: Simulator) -> None:
    shop.control("product", product_id=1071, stock=0)
    refusal_of(program.post("/order/create", key="a", **ORDER), 409, "OUT_OF_STOCK")
    shop.control("product", product_id=1071, stock=5)
    again = program.post("/order/create", key="a", **ORDER)
    refusal_of(again, 409, "OUT_OF_STOCK")
    assert again["Idempotent-Replayed"] == "true"
    assert wallet(ayu) == (Decimal(100_000), Decimal(0))


def test_a_failure_of_ours_or_theirs_is_not_kept(program: Program, shop: Simulator) -> None:
    shop.control("misbehave", operation="order/create", mode="success_false", times=1)
    refusal_of(program.post("/order/create", key="a", **ORDER), 502, "UPSTREAM_REJECTED")
    assert data_of(program.post("/order/create", key="a", **ORDER))["status"] == "pending"
    assert sorted(Order.objects.values_list("state", flat=True)) == [State.FAILED, State.PENDING]


def test_after_a_crash_the_order_that_was_made_is_found(
    program: Program, shop: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process died after the purchase and before the answer was kept."""
    with monkeypatch.context() as patch:
        patch.setattr(idempotency, "_keep", _crash)
        assert program.post("/order/create", key="a", **ORDER).status_code == 500
    order = Order.objects.get()
    refusal_of(program.post("/order/create", key="a", product_id=1072), 422, "IDEMPOTENCY_KEY_REUSED")
    told = data_of(program.post("/order/create", key="a", **ORDER))
    assert told["order_id"] == order.pk
    assert len(activations(shop)) == 1


def test_after_a_crash_a_replacement_is_found(
    program: Program, shop: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = data_of(program.post("/order/create", **ORDER))["order_id"]
    with monkeypatch.context() as patch:
        patch.setattr(idempotency, "_keep", _crash)
        assert program.post("/order/replace", key="a", order_id=order_id).status_code == 500
    told = data_of(program.post("/order/replace", key="a", order_id=order_id))
    assert told["order_id"] == Order.objects.get(replaces=order_id).pk
    assert Order.objects.count() == 2


def test_while_nobody_knows_the_same_key_asks_on(
    program: Program, shop: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No place to wait was free; a worker swaps the number; then the same call finds the new one."""
    order_id = data_of(program.post("/order/create", **ORDER))["order_id"]
    monkeypatch.setattr(outcomes, "LANES", 0)
    answer = program.post("/order/replace", key="a", order_id=order_id)
    refusal_of(answer, 409, "REQUEST_IN_PROGRESS")
    assert polling.attend(order_id)
    told = data_of(program.post("/order/replace", key="a", order_id=order_id))
    assert told["order_id"] == Order.objects.get(replaces=order_id).pk
    refusal_of(program.post("/order/replace", key="b", order_id=order_id), 409, "ORDER_NOT_PENDING")
    assert Order.objects.count() == 2


def _crash(*_: object) -> None:
    raise SystemError("the machine went dark")


def test_a_call_that_still_runs_is_409_with_two_seconds(
    program: Program, shop: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency.cache, "add", lambda *_, **__: False)
    answer = program.post("/order/create", key="a", **ORDER)
    refusal_of(answer, 409, "REQUEST_IN_PROGRESS")
    assert answer["Retry-After"] == "2"
    assert not Order.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(120)
def test_many_at_once_buy_one(program: Program, ayu: Customer, shop: Simulator) -> None:
    answers: list[Any] = []
    together = threading.Barrier(6)

    def call() -> None:
        together.wait()
        answers.append(Program(program.bearer).post("/order/create", key="a", **ORDER))
        connection.close()

    threads = [threading.Thread(target=call) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert any(answer.status_code == 200 for answer in answers)
    assert Order.objects.count() == len(activations(shop)) == 1


# --- the service alone -----------------------------------------------------------------------------


class Broken(ServiceError):
    code = "broken"
    status = 503


def test_a_claim_keeps_its_reference_until_it_has_answered(ayu: Customer) -> None:
    from accounts.access.actors import Actor, Origin

    actor = Actor(kind="customer", origin=Origin(via="api"), user=ayu.user, customer=ayu)
    seen: list[idempotency.Claim] = []

    def once(act: Callable[[idempotency.Claim], dict[str, Any]]) -> idempotency.Answer:
        return idempotency.once_at_length(actor=actor, operation="test", key="k", content={"a": 1}, act=act)

    def crash(claim: idempotency.Claim) -> dict[str, Any]:
        seen.append(claim)
        raise SystemError

    def refuse(claim: idempotency.Claim) -> dict[str, Any]:
        seen.append(claim)
        raise Broken("away")

    def work(claim: idempotency.Claim) -> dict[str, Any]:
        seen.append(claim)
        return {"done": True}

    with pytest.raises(SystemError):
        once(crash)
    with pytest.raises(Broken):
        once(refuse)
    assert once(work) == idempotency.Answer({"done": True})
    assert once(crash) == idempotency.Answer({"done": True}, replayed=True)
    first, second, third = seen
    assert first.reference == second.reference != third.reference
    assert (first.is_repeated, second.is_repeated, third.is_repeated) == (False, True, False)
