"""A nudge: only after the commit, and never the reason for an error page."""

import pytest
from celery import Celery
from django.db import transaction

from config.lib.jobs import nudge
from tests.simulators import free_port


def _task_of(broker: str):  # type: ignore[no-untyped-def]
    app = Celery("elsewhere", broker=broker, set_as_current=False)
    app.conf.broker_transport_options = {"socket_connect_timeout": 1}

    @app.task(name="elsewhere.work")
    def work(*, number: int) -> None:
        """Never run here."""

    return app, work


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_away_is_only_logged(caplog: pytest.LogCaptureFixture) -> None:
    _app, work = _task_of(f"redis://127.0.0.1:{free_port()}/0")
    with transaction.atomic():
        nudge(work, number=1)
    assert "on_commit" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_nothing_is_queued_before_the_commit_nor_after_a_rollback() -> None:
    app, work = _task_of("memory://")
    with app.connection() as broker:
        queue = broker.SimpleQueue("celery")
        with transaction.atomic():
            nudge(work, number=1)
            transaction.set_rollback(True)
        assert queue.qsize() == 0
        with transaction.atomic():
            nudge(work, number=2)
            assert queue.qsize() == 0
        assert queue.get(timeout=5).payload[1] == {"number": 2}
