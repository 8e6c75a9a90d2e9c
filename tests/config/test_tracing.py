"""One id through a request, the tasks it queues and the calls they make; and the lines that say so."""

import io
import json
import logging
import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.models import Customer
from config.lib import tracing
from config.lib.http import send
from config.lib.log_lines import JsonLines, TextLines

ID = "01K-an-id-of-somebody"


@pytest.fixture
def app() -> Celery:
    made = Celery("elsewhere", broker="memory://", set_as_current=False, task_cls="config.lib.tracing:TracedTask")

    @made.task(name="elsewhere.look", shared=False)
    def look() -> str:
        return tracing.current()

    return made


def test_a_task_carries_the_id_of_the_request_that_queued_it(app: Celery) -> None:
    with app.connection() as broker, tracing.traced(ID):
        queue = broker.SimpleQueue("celery")
        app.tasks["elsewhere.look"].apply_async()
        assert queue.get(timeout=5).headers[tracing.HEADER] == ID


def test_a_worker_goes_on_under_that_id_and_the_schedule_under_the_tasks_own(app: Celery) -> None:
    look = app.tasks["elsewhere.look"]
    assert look.apply(headers={tracing.HEADER: ID}).get() == ID
    of_its_own = look.apply()
    assert of_its_own.get() == of_its_own.id
    assert tracing.current() == ""


def test_called_like_a_function_it_stays_with_its_caller(app: Celery) -> None:
    with tracing.traced(ID):
        assert app.tasks["elsewhere.look"]() == ID


@pytest.fixture
def partner() -> Iterator[tuple[str, list[bytes]]]:
    """Somebody who takes one call and says 204."""
    listener, heard = socket.create_server(("127.0.0.1", 0)), list[bytes]()

    def answer() -> None:
        for _ in range(2):
            peer, _address = listener.accept()
            with peer:
                heard.append(peer.recv(65536))
                peer.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

    threading.Thread(target=answer, daemon=True).start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/", heard
    listener.close()


def test_partners_are_told_an_id_of_each_call_that_begins_with_ours(
    partner: tuple[str, list[bytes]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    url, heard = partner
    with tracing.traced(ID):
        for _ in range(2):
            send("GET", url, headers={}, label="a partner")
    told = [line.split(": ")[1] for one in heard for line in one.decode().split("\r\n") if "X-Request-Id" in line]
    assert len(set(told)) == 2
    assert all(one.startswith(f"{ID}-") and len(one) <= 64 for one in told)
    assert [record.call for record in caplog.records if hasattr(record, "call")] == told  # type: ignore[attr-defined]


@pytest.mark.django_db
def test_the_line_of_a_request_says_what_where_and_which(caplog: pytest.LogCaptureFixture) -> None:
    lines = written(
        JsonLines(), "gerbang.request", lambda: Client().get("/favicon.ico?secret=1", headers={"X-Request-Id": ID})
    )
    (line,) = (json.loads(one) for one in lines)
    assert (line["request_id"], line["level"], line["logger"]) == (ID, "INFO", "gerbang.request")
    assert (line["method"], line["route"], line["status"]) == ("GET", "favicon.ico", 301)
    assert isinstance(line["ms"], int)
    assert "secret" not in str(line)


def test_an_error_stays_one_line(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("gerbang.test")

    def fail() -> None:
        try:
            raise ValueError("two\nlines")
        except ValueError:
            logger.exception("it broke", extra={"body": "of somebody", "label": "a partner"})

    with tracing.traced(ID):
        (text,) = written(JsonLines(), "gerbang.test", fail)
        first = written(TextLines("{levelname} {message}", style="{"), "gerbang.test", fail)[0]
    line = json.loads(text)
    assert (line["message"], line["label"], line["request_id"]) == ("it broke", "a partner", ID)
    assert "ValueError: two\nlines" in line["exception"]
    assert "body" not in line
    assert first == f"ERROR it broke id={ID}"


def written(formatter: logging.Formatter, name: str, act: Any) -> list[str]:
    """What a handler with ``formatter`` writes while ``act`` runs."""
    stream, logger = io.StringIO(), logging.getLogger(name)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logger.addHandler(handler)
    level = logger.level
    logger.setLevel(logging.INFO)
    try:
        act()
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    return stream.getvalue().splitlines()


@pytest.mark.parametrize("lines", [JsonLines(), TextLines()], ids=["json", "text"])
def test_rows_that_a_database_quotes_are_not_written_down(db: None, lines: logging.Formatter) -> None:
    said, street = "nothing was refused", "Jalan Melati 12"
    try:
        with transaction.atomic():
            Customer.objects.create(phone=street)
    except IntegrityError:
        record = logging.LogRecord("gerbang", logging.ERROR, __file__, 1, "it broke", (), sys.exc_info())
        said = lines.format(record)
    assert "Jalan Melati" not in said
    assert said.count("DETAIL: [rows]") == 2
    assert "The above exception was the direct cause" in said
