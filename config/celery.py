"""The Celery app, and the two heartbeats that /healthz reads: one of the worker, one of the scheduler."""

import os
from typing import Any

from celery import Celery, bootsteps
from celery.beat import Scheduler

from config.lib import heartbeat
from config.schedule import SCHEDULE

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("gerbang", task_cls="config.lib.tracing:TracedTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = SCHEDULE


class WorkerHeartbeat(bootsteps.StartStopStep):
    """Says "alive" from the worker's own event loop, so a hung worker falls silent."""

    requires = ("celery.worker.components:Timer",)

    def start(self, worker: Any) -> None:
        self.timer = worker.timer.call_repeatedly(heartbeat.EVERY_SECONDS, heartbeat.say, ("worker",))
        heartbeat.say("worker")

    def stop(self, worker: Any) -> None:
        self.timer.cancel()


app.steps["worker"].add(WorkerHeartbeat)


class HeartbeatScheduler(Scheduler):
    """Celery's in-memory scheduler with a heartbeat.

    Nothing is kept on disk: every entry is a sweep over due rows, so a forgotten last run costs nothing.
    """

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        heartbeat.say("scheduler")
        delay = super().tick(*args, **kwargs)
        return min(delay, heartbeat.EVERY_SECONDS) if delay is not None else heartbeat.EVERY_SECONDS
