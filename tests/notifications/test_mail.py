"""Mail: as durable as the change that caused it, and handed over once."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.core.mail import send_mail
from django.db import connection, transaction

from config.lib import clock
from notifications import delivery
from notifications.models import Mail
from tests.simulators import free_port


def _write(subject: str = "Hello") -> None:
    send_mail(subject, "One-time link: https://example.id/secret", "Gerbang <no-reply@example.id>", ["ayu@example.id"])


class _Inbox:
    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(envelope.content)
        return "250 OK"


@pytest.fixture
def inbox(settings: Any) -> Iterator[_Inbox]:
    """A real mail server on loopback."""
    box = _Inbox()
    server = Controller(box, hostname="127.0.0.1", port=free_port())
    server.start()
    settings.MAIL_TRANSPORT, settings.EMAIL_USE_TLS = "smtp", False
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    yield box
    server.stop()


@pytest.mark.django_db
def test_a_mail_leaves_by_smtp_and_its_link_is_forgotten(inbox: _Inbox) -> None:
    _write()
    assert inbox.mails == []
    assert delivery.send_due_mail() == 1
    assert b"https://example.id/secret" in inbox.mails[0]
    mail = Mail.objects.get()
    assert (mail.state, bytes(mail.message)) == ("sent", b"")
    assert delivery.send_due_mail() == 0


@pytest.mark.django_db
def test_a_mail_server_that_is_away_delays_and_never_loses(settings: Any, inbox: _Inbox) -> None:
    there, settings.EMAIL_PORT = settings.EMAIL_PORT, free_port()
    _write()
    assert delivery.send_due_mail() == 0
    mail = Mail.objects.get()
    assert (mail.state, mail.attempts) == ("queued", 1)
    assert mail.due_at > clock.now()
    settings.EMAIL_PORT = there
    Mail.objects.update(due_at=clock.now() - timedelta(seconds=1))
    assert delivery.send_due_mail() == 1
    assert len(inbox.mails) == 1


@pytest.mark.django_db
def test_after_the_last_try_it_is_given_up_in_sight(settings: Any) -> None:
    settings.MAIL_TRANSPORT, settings.EMAIL_HOST, settings.EMAIL_PORT = "smtp", "127.0.0.1", free_port()
    _write()
    for _attempt in range(len(delivery.PAUSES) + 1):
        Mail.objects.update(due_at=clock.now() - timedelta(seconds=1))
        delivery.send_due_mail()
    mail = Mail.objects.get()
    assert (mail.state, mail.attempts) == ("failed", len(delivery.PAUSES) + 1)


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_taken_back_sends_nothing(inbox: _Inbox) -> None:
    with transaction.atomic():
        _write()
        transaction.set_rollback(True)
    assert delivery.send_due_mail() == 0
    assert inbox.mails == []


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_each_mail_once(inbox: _Inbox) -> None:
    for number in range(12):
        _write(f"Mail {number}")
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        delivery.send_due_mail()
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    subjects = sorted(line for mail in inbox.mails for line in mail.splitlines() if line.startswith(b"Subject:"))
    assert len(subjects) == len(set(subjects)) == 12


@pytest.mark.django_db
def test_a_refused_recipient_is_final(inbox: _Inbox) -> None:
    async def handle_RCPT(*arguments: Any) -> str:
        return "550 no such mailbox"

    inbox.handle_RCPT = handle_RCPT  # type: ignore[attr-defined]
    _write()
    delivery.send_due_mail()
    assert Mail.objects.get().state == "failed"
