"""/metrics, read with Prometheus' own parser."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families

from config.lib import heartbeat, tallies
from config.lib.clock import now
from config.lib.tallies import Tally
from payouts.models.states import State
from tests.accounts.cast import company
from tests.payouts.house import payment

pytestmark = pytest.mark.django_db

TOKEN = "a-token-nobody-guesses"


@pytest.fixture(autouse=True)
def _token(settings: Any) -> None:
    settings.METRICS_TOKEN = TOKEN


def scrape(token: str = TOKEN) -> HttpResponse:
    answer: HttpResponse = Client().get("/metrics", headers={"Authorization": f"Bearer {token}"})
    return answer


def figures() -> dict[tuple[str, ...], float]:
    """By name and values of labels, in the order of the names of the labels."""
    answer = scrape()
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.content.decode())
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def test_only_who_has_the_token_reads_it(settings: Any) -> None:
    assert scrape().status_code == 200
    for token in ("", "another", "a-token-nobody-guesse\u00e9"):
        assert scrape(token).status_code == 401
    assert Client().get("/metrics").status_code == 401
    settings.METRICS_TOKEN = ""
    assert scrape("").status_code == 404
    assert Client().get("/metrics").status_code == 404


def test_it_says_who_is_alive_and_since_when_not() -> None:
    heartbeat.say("worker")
    found = figures()
    assert found["gerbang_up", "database"] == found["gerbang_up", "redis"] == found["gerbang_up", "worker"] == 1
    assert found["gerbang_up", "scheduler"] == 0
    assert found["gerbang_heartbeat_age_seconds", "worker"] < 60
    assert found["gerbang_heartbeat_age_seconds", "scheduler"] == float("inf")


def test_it_counts_what_is_due_and_what_is_in_doubt() -> None:
    ago = timedelta(minutes=10)
    since = now() - ago
    payment(company(), ago=ago, state=State.IN_DOUBT, sent_at=since, in_doubt_since=since, is_reserved=True)
    found = figures()
    assert found["gerbang_queue_due", "payouts_to_ask"] == 1
    assert found["gerbang_queue_late_seconds", "payouts_to_ask"] >= 600
    assert found["gerbang_open", "in_doubt", "payouts"] == 1
    assert found["gerbang_open", "pending", "payouts"] == 0
    assert found["gerbang_in_doubt_seconds", "payouts"] >= 600
    assert not [name for name, value in found.items() if name[0] == "gerbang_scrape_failed" and value]


def test_requests_calls_and_tasks_are_histograms_over_all_processes() -> None:
    Client().get("/favicon.ico")
    tallies.CALLS.observe(0.3, "faspay create-va", "2xx")
    tallies.CALLS.observe(40, "faspay create-va", "timeout")
    with tallies.TASKS.timed("otp.sweep"):
        pass
    found = figures()
    name = "gerbang_partner_call_seconds"
    assert found[f"{name}_count", "2xx", "faspay create-va"] == 1
    assert found[f"{name}_bucket", "0.25", "2xx", "faspay create-va"] == 0
    assert found[f"{name}_bucket", "0.5", "2xx", "faspay create-va"] == 1
    assert found[f"{name}_bucket", "30.0", "timeout", "faspay create-va"] == 0
    assert found[f"{name}_bucket", "+Inf", "timeout", "faspay create-va"] == 1
    assert found["gerbang_task_seconds_count", "ok", "otp.sweep"] == 1
    assert found["gerbang_request_seconds_count", "pages", "GET", "3xx"] >= 1


def test_what_one_process_counted_another_one_reads() -> None:
    here, there = Tally("a-test", (1.0,), every=3600), Tally("a-test", (1.0,))
    here.observe(0.5, "a", "b")
    here.observe(2, "a", "b")
    assert there.read()["a", "b"].count == 1
    here.flush()
    seen = there.read()["a", "b"]
    assert (seen.count, seen.seconds, seen.upto) == (2, 2.5, {1.0: 1, float("inf"): 1})


def test_the_number_of_queries_is_fixed() -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            scrape()
        return len(queries)

    scrape()
    before, client = asked(), company()
    for _ in range(5):
        payment(client, state=State.IN_DOUBT, sent_at=now(), in_doubt_since=now(), is_reserved=True)
    assert asked() == before <= 40


def test_a_figure_that_cannot_be_read_takes_no_others_with_it() -> None:
    # Somebody's value where ours should be.
    client = cache._cache.get_client(None, write=True)  # type: ignore[attr-defined]
    client.delete("gerbang:tally:tasks")
    client.set("gerbang:tally:tasks", "no hash")
    found = figures()
    assert found["gerbang_scrape_failed", "tasks"] == 1
    assert found["gerbang_scrape_failed", "queues"] == 0
    assert found["gerbang_up", "database"] == 1
