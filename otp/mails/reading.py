"""One mail read: the text a person sees, the code, the link, and whether it is what the customer waits for."""

import contextlib
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header, make_header

from otp.mails import filters
from otp.mails.codes import LONGEST_CODE, code_in
from otp.mails.links import host_of, main_link
from otp.mails.text import LONGEST_LINK, line, plain
from otp.providers.types import Message

LONGEST_HEADER = 2_000


@dataclass(frozen=True)
class Reading:
    """``text`` is plain, links in it read ``words <https://…>``. ``code`` is None and ``link`` "" when there is none.

    ``wanted`` is False for a mail that the customer's subject words or pattern leave out; it is read all the same.
    """

    code: str | None
    link: str
    text: str
    sender: str
    subject: str
    wanted: bool


def read(message: Message, *, subject: str = "", pattern: str = "") -> Reading:
    """Read ``message`` for an order that asked for words in the ``subject`` and a ``pattern`` ("" for any).

    What the pattern takes is the code (or the link, when it is an address); else the supplier's word if it stands in
    the mail, else what looks most like a code. Never raises: what cannot be read is left out.
    """
    text, head = plain(message.text), line(_decoded(message.subject), 255)
    taken = filters.matched(pattern, f"{head}\n{text}") if pattern else None
    wanted = filters.fits_subject(head, subject) and (not pattern or taken is not None)
    code, link = _picked(taken or "", text)
    return Reading(
        code=code or _code(message, text, head),
        link=link or main_link(text),
        text=text,
        sender=line(_decoded(message.sender), 254),
        subject=head,
        wanted=wanted,
    )


def _picked(taken: str, text: str) -> tuple[str | None, str]:
    """What a pattern took, as a code or as a link; too long for either, it is neither."""
    address = taken.strip("<>")
    if host_of(address):
        return None, address if len(address) <= LONGEST_LINK and " " not in address else ""
    return (line(taken, LONGEST_CODE) if 0 < len(taken) <= LONGEST_CODE else None), ""


def _code(message: Message, text: str, head: str) -> str | None:
    told = line(message.code or "", LONGEST_CODE + 1)
    if told and len(told) <= LONGEST_CODE and not host_of(told) and (told in text or told in head):
        return told
    found = code_in(text, head)
    return found or (told if told.isalnum() and len(told) <= 12 else None)


def _decoded(value: str) -> str:
    """A header that still wears its transport clothes (``=?UTF-8?B?…?=``) without them."""
    value = value[:LONGEST_HEADER]
    if "=?" not in value:
        return value
    with contextlib.suppress(HeaderParseError, LookupError, ValueError):
        return str(make_header(decode_header(value)))
    return value
