"""One id from the request through the tasks it queues to the calls they make: whoever has it finds every line."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from celery.contrib.django.task import DjangoTask

from config.lib import tallies

HEADER = "request_id"
_current: ContextVar[str] = ContextVar("request_id", default="")


def current() -> str:
    """The id of what is being done; empty outside of requests and tasks."""
    return _current.get()


@contextmanager
def traced(request_id: str) -> Iterator[None]:
    """Whatever is done inside belongs to ``request_id``."""
    token = _current.set(request_id)
    try:
        yield
    finally:
        _current.reset(token)


def new_call_id() -> str:
    """What a partner is told of one call: our id and a part of its own. Some take an id seen before for a repetition,
    and a request makes several calls."""
    return f"{current()[:53]}-{secrets.token_hex(5)}".lstrip("-")


class TracedTask(DjangoTask):  # type: ignore[type-arg]
    """Takes the id along to the worker. What the scheduler starts goes by the id of its task."""

    def apply_async(  # type: ignore[override]  # its many options are handed on as they are
        self, args: Any = None, kwargs: Any = None, **options: Any
    ) -> Any:
        if current():
            options["headers"] = {HEADER: current(), **(options.get("headers") or {})}
        return super().apply_async(args, kwargs, **options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.request.called_directly:
            return super().__call__(*args, **kwargs)
        given = (self.request.headers or {}).get(HEADER) or str(self.request.id)
        try:
            with traced(given), tallies.TASKS.timed(str(self.name)):
                return self.run(*args, **kwargs)
        finally:
            tallies.CALLS.flush()
