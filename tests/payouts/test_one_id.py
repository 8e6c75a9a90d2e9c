"""One id from the request of a person over the broker and the worker to the call at the partner, and in every line."""

import json

import pytest
from celery import current_app

from config.lib import tracing
from config.lib.log_lines import JsonLines
from payouts.services import batches
from tests.accounts.cast import browser_of
from tests.config.test_tracing import written
from tests.payouts.desk import Desk, desk, payouts_of
from tests.simulators import Simulator

# Nudges go out with the commit, while the request still lasts.
pytestmark = pytest.mark.django_db(transaction=True)
ID = "01KAJ-a-request-of-fatu"


def test_one_id_goes_from_the_page_to_the_bank(rail_sim: Simulator) -> None:
    nassit: Desk = desk()
    batch = nassit.approved("100")
    batches.pause(actor=nassit.maker, batch=batch)
    browser = browser_of(nassit.checker.user)
    with current_app.connection() as broker:
        queue = broker.SimpleQueue("celery")
        queue.clear()

        def press() -> None:
            answer = browser.post(f"/company/batches/{batch.public_id}/resume/", headers={"X-Request-Id": ID})
            assert (answer.status_code, answer["X-Request-Id"]) == (302, ID)

        lines = written(JsonLines(), "", press)
        nudge = queue.get(timeout=5)
    _arguments, named, _more = nudge.payload

    def work() -> None:
        # As a worker does with what it took from the broker; nothing of the request is left in this process.
        assert tracing.current() == ""
        current_app.tasks[nudge.headers["task"]].apply(kwargs=named, headers=nudge.headers).get()

    lines += written(JsonLines(), "", work)
    calls = [one for one in rail_sim.look("requests")["requests"] if one["method"] == "POST"]
    assert len(calls) == 1
    assert calls[0]["request_id"].startswith(f"{ID}-")
    told = [one for one in map(json.loads, lines) if "route" in one or "call" in one]
    assert {line["request_id"] for line in told} == {ID}
    assert {line["route"] for line in told if "route" in line} == {"company/batches/<uuid:public_id>/resume/"}
    assert calls[0]["request_id"] in {line.get("call") for line in told}
    assert payouts_of(batch)[0].state == "completed"
