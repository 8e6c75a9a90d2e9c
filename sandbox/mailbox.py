"""The mails that would have left this machine, read from the folder they were written to."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

from django.conf import settings
from django.utils.html import strip_tags

LISTED = 50


@dataclass(frozen=True)
class Letter:
    name: str
    subject: str
    to: str
    sent_at: datetime
    text: str


def letters(search: str = "") -> list[Letter]:
    """The newest first, at most fifty; ``search`` looks in addressee and subject."""
    files = sorted(_folder().glob("*.eml"), key=lambda file: file.name, reverse=True)
    found = (_read(file) for file in files[: 10 * LISTED])
    wanted = search.casefold()
    return [one for one in found if one and wanted in f"{one.to} {one.subject}".casefold()][:LISTED]


def letter(name: str) -> Letter | None:
    """One mail by its name (letters, digits, - and _ only, as the URL pattern sees to)."""
    return _read(_folder() / f"{name}.eml")


def _folder() -> Path:
    return Path(settings.EMAIL_FILE_PATH)


def _read(file: Path) -> Letter | None:
    try:
        raw = file.read_bytes()
    except OSError:
        return None  # swept away between listing and reading
    message = message_from_bytes(raw, _class=EmailMessage, policy=policy.default)
    return Letter(
        file.stem, str(message["Subject"] or ""), str(message["To"] or ""), _date(message, file), _text(message)
    )


def _date(message: EmailMessage, file: Path) -> datetime:
    try:
        sent = parsedate_to_datetime(str(message["Date"]))
    except ValueError:
        return datetime.fromtimestamp(file.stat().st_mtime, UTC)
    return sent if sent.tzinfo else sent.replace(tzinfo=UTC)


def _text(message: EmailMessage) -> str:
    part = message.get_body(("plain", "html"))
    if part is None:
        return ""
    content = str(part.get_content())
    return strip_tags(content) if part.get_content_subtype() == "html" else content
