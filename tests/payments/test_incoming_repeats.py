"""Once a day per X-EXTERNAL-ID (Faspay contract 3.3), and for doors without one once per event."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from redis.exceptions import RedisError

from accounts.models import Customer
from config.lib import jobs
from config.lib.clock import JAKARTA
from payments import tasks
from payments.models import ProviderMessage, StaticPayment
from tests.payments import gate as g
from tests.payments.conftest import rewritten_history
from tests.payments.gate import INQUIRY, PAYMENT, QR, Gate, code_of, flag, inquiry, news, qr_news

pytestmark = pytest.mark.django_db
TRX, NUMBER = "TRX0000000000001", "3702011111111111"


@pytest.mark.parametrize("strict", [False, True])
def test_the_same_letter_again(gate: Gate, customer: Customer, settings: Any, strict: bool) -> None:
    settings.FASPAY_STRICT_EXTERNAL_ID = strict
    g.open_number(customer, TRX, NUMBER)
    answers = [gate.send(PAYMENT, news(NUMBER, trxId=TRX), **{"X-EXTERNAL-ID": "77"}) for _ in range(3)]
    later = "4092500" if strict else "2002500"
    assert [code_of(answer) for answer in answers] == ["2002500", later, later]
    if not strict:
        assert len({answer.content for answer in answers}) == 1, "the stored answer"
    assert list(ProviderMessage.objects.values_list("times_received", "verified")) == [(3, True)]


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("door", [INQUIRY, PAYMENT, QR])
def test_another_letter_under_the_same_id_is_a_conflict(gate: Gate, settings: Any, strict: bool, door: str) -> None:
    settings.FASPAY_STRICT_EXTERNAL_ID = strict
    first = gate.send(door, {"a": 1}, **{"X-EXTERNAL-ID": "77"})
    second = gate.send(door, {"a": 2}, **{"X-EXTERNAL-ID": "77"})
    service = code_of(first)[3:5]
    assert code_of(second) == f"409{service}00"
    conflict = g.last_message()
    assert (conflict.decision, conflict.repeat_of) == ("conflict", ProviderMessage.objects.earliest("id"))


def test_an_id_counts_per_path_and_per_day(gate: Gate, customer: Customer) -> None:
    g.permanent(customer)
    shared = {"X-EXTERNAL-ID": "77"}
    assert code_of(gate.send(INQUIRY, inquiry(), **shared)) == "2002400"
    assert code_of(gate.send(PAYMENT, flag(), **shared)) == "2002500"
    with rewritten_history():
        ProviderMessage.objects.update(day=timezone.now().astimezone(JAKARTA).date() - timedelta(days=1))
    assert code_of(gate.send(PAYMENT, flag(paymentRequestId="pay-2"), **shared)) == "2002500"
    assert StaticPayment.objects.count() == 2


def test_a_letter_that_nobody_signed_uses_up_no_id(gate: Gate, customer: Customer) -> None:
    g.permanent(customer)
    assert code_of(gate.send(INQUIRY, inquiry(), **{"X-EXTERNAL-ID": "77", "X-SIGNATURE": "AAAA"})) == "4012400"
    assert code_of(gate.send(INQUIRY, inquiry(), **{"X-EXTERNAL-ID": "77"})) == "2002400"


def test_a_repeat_hears_that_the_reference_is_known_by_now(gate: Gate, customer: Customer) -> None:
    body = qr_news("QR00000000000001")
    assert code_of(gate.send(QR, body, **{"X-EXTERNAL-ID": "7"})) == "4045201"
    g.open_number(customer, "QR00000000000001", "", method="qris")
    ProviderMessage.objects.update(next_try_at=timezone.now())
    tasks.apply_messages()
    assert code_of(gate.send(QR, body, **{"X-EXTERNAL-ID": "7"})) == "2005200"


@pytest.mark.django_db(transaction=True)
def test_many_at_once_are_one(gate: Gate, customer: Customer) -> None:
    g.permanent(customer)
    raw = g.compact(flag())
    headers = gate.headers(PAYMENT, raw, **{"X-EXTERNAL-ID": "77"})
    codes: list[str] = []
    start = threading.Barrier(8)

    def send() -> None:
        start.wait()
        codes.append(code_of(Client().generic("POST", PAYMENT, raw, "application/json", headers=headers)))
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == ["2002500"] * 8
    assert (ProviderMessage.objects.count(), StaticPayment.objects.count()) == (1, 1)
    assert ProviderMessage.objects.get().times_received == 8


@pytest.mark.django_db(transaction=True)
def test_accepting_is_one_insert(gate: Gate, customer: Customer, django_assert_num_queries: Any) -> None:
    g.open_number(customer, TRX, NUMBER)
    with django_assert_num_queries(1):
        assert code_of(gate.send(PAYMENT, news(NUMBER, trxId=TRX))) == "2002500"


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_is_gone_costs_nobody_an_answer(gate: Gate, customer: Customer) -> None:
    g.open_number(customer, TRX, NUMBER)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
    other.close()
    assert code_of(gate.send(PAYMENT, news(NUMBER, trxId=TRX))) == "2002500"
    assert ProviderMessage.objects.count() == 1


# --- the nudge ------------------------------------------------------------------------------------------


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What would go to the broker."""
    said: list[str] = []
    monkeypatch.setattr(jobs, "_quiet_until", {})
    monkeypatch.setattr(tasks.apply_messages, "apply_async", lambda **_: said.append("nudge"))
    return said


@pytest.mark.django_db(transaction=True)
def test_one_nudge_stands_for_all_until_the_task_begins(gate: Gate, customer: Customer, sent: list[str]) -> None:
    g.open_number(customer, TRX, NUMBER)
    for _ in range(5):
        gate.send(PAYMENT, news(NUMBER, trxId=TRX))
    assert sent == ["nudge"]
    tasks.apply_messages()
    assert set(ProviderMessage.objects.values_list("decision", flat=True)) == {"credited", "repeated"}
    jobs._quiet_until.clear()
    gate.send(PAYMENT, news(NUMBER, trxId=TRX))
    assert sent == ["nudge", "nudge"]


@pytest.mark.django_db(transaction=True)
def test_without_redis_a_message_is_taken_all_the_same(
    gate: Gate, customer: Customer, monkeypatch: pytest.MonkeyPatch, sent: list[str]
) -> None:
    def away(task: object) -> Any:
        raise RedisError

    monkeypatch.setattr(jobs, "_client_and_key", away)
    g.open_number(customer, TRX, NUMBER)
    assert code_of(gate.send(PAYMENT, news(NUMBER, trxId=TRX))) == "2002500"
    assert sent == []
    tasks.sweep()
    assert ProviderMessage.objects.get().decision == "credited"
