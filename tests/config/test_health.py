"""What /healthz says, with each part really away."""

from typing import Any

import pytest
from django.test import Client

from config.lib import heartbeat
from tests.simulators import free_port


@pytest.mark.django_db
def test_all_alive(client: Client) -> None:
    heartbeat.say("worker")
    heartbeat.say("scheduler")
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == dict.fromkeys(["status", "web", "database", "redis", "worker", "scheduler"], "ok")


@pytest.mark.django_db
@pytest.mark.parametrize("silent", ["worker", "scheduler"])
def test_a_silent_process_is_named(client: Client, silent: str) -> None:
    for process in {"worker", "scheduler"} - {silent}:
        heartbeat.say(process)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert [part for part, word in answer.json().items() if word == "down"] == ["status", silent]


def test_without_a_database(client: Client) -> None:
    # No database mark: the test runner itself refuses every query.
    assert client.get("/healthz").status_code == 503
    assert client.get("/healthz").json()["database"] == "down"


def _move_redis_away(settings: Any) -> None:
    nowhere = settings.CACHES["default"] | {"LOCATION": f"redis://127.0.0.1:{free_port()}/0"}
    settings.CACHES = {"default": nowhere}


@pytest.mark.django_db
def test_without_redis(client: Client, settings: Any) -> None:
    _move_redis_away(settings)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["redis"] == "down"
    assert answer.json()["database"] == "ok"


def test_a_heartbeat_without_redis_harms_nobody(settings: Any) -> None:
    _move_redis_away(settings)
    heartbeat.say("worker")
