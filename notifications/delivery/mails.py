"""Hand stored mails to the mail server: claim, send, record. A mail may go twice after a crash, never not at all."""

import logging
import uuid
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage as MimeMessage
from pathlib import Path
from smtplib import SMTP, SMTPException, SMTPRecipientsRefused

from django.conf import settings
from django.db import transaction

from config.lib import clock
from notifications.models import Mail

BATCH = 20
LEASE = timedelta(minutes=2)
PAUSES = [timedelta(seconds=s) for s in (10, 60, 300, 1800, 7200, 21600)]

logger = logging.getLogger(__name__)


def send_due_mail() -> int:
    """Send up to one batch of due mails; returns how many went out."""
    return sum(_send(mail) for mail in _claim())


@transaction.atomic
def _claim() -> list[Mail]:
    due = Mail.objects.filter(state=Mail.State.QUEUED, due_at__lte=clock.now())
    mails = list(due.select_for_update(skip_locked=True).order_by("due_at")[:BATCH])
    Mail.objects.filter(pk__in=[mail.pk for mail in mails]).update(due_at=clock.now() + LEASE)
    return mails


def _send(mail: Mail) -> bool:
    try:
        _hand_over(bytes(mail.message), mail.recipients)
    except SMTPRecipientsRefused:
        _record_failure(mail, final=True)
    except (OSError, SMTPException):
        _record_failure(mail, final=mail.attempts >= len(PAUSES))
    else:
        Mail.objects.filter(pk=mail.pk).update(state=Mail.State.SENT, sent_at=clock.now(), message=b"")
        return True
    return False


def _record_failure(mail: Mail, *, final: bool) -> None:
    logger.warning("mail %s was not taken, attempt %s%s", mail.pk, mail.attempts + 1, ", given up" if final else "")
    pause = PAUSES[min(mail.attempts, len(PAUSES) - 1)]
    state = Mail.State.FAILED if final else Mail.State.QUEUED
    Mail.objects.filter(pk=mail.pk).update(attempts=mail.attempts + 1, due_at=clock.now() + pause, state=state)


def _hand_over(message: bytes, recipients: list[str]) -> None:
    if settings.MAIL_TRANSPORT == "file":
        return _write_file(Path(settings.EMAIL_FILE_PATH), message)
    if settings.MAIL_TRANSPORT == "console":
        # Only the subject: bodies carry one-time links, and logs are kept.
        logger.info("mail: %s", message_from_bytes(message, policy=policy.default)["Subject"])
        return None
    return _smtp(message, recipients)


def _write_file(folder: Path, message: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{clock.now():%Y%m%d-%H%M%S-%f}-{uuid.uuid4().hex[:8]}.eml"
    partial = folder / f".{name}"
    partial.write_bytes(message)
    partial.rename(folder / name)


def _smtp(message: bytes, recipients: list[str]) -> None:
    parsed = message_from_bytes(message, _class=MimeMessage, policy=policy.SMTP)
    with SMTP(settings.EMAIL_HOST, settings.EMAIL_PORT, timeout=settings.EMAIL_TIMEOUT) as server:
        if settings.EMAIL_USE_TLS:
            server.starttls()
        if settings.EMAIL_HOST_USER:
            server.login(settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD)
        server.send_message(parsed, to_addrs=recipients)
