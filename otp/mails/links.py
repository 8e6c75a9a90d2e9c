"""Addresses in a mail's text: where they lead, and which of them the reader is meant to follow."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import idna

from otp.mails.text import LONGEST_LINK

_ADDRESS = re.compile(r"<(https?://[^\s<>\"]+)>|(https?://[^\s<>\"]+)", re.IGNORECASE)
_MEANT = re.compile(
    r"verif|confirm|activat|aktiv|konfirmasi|magic|sign[-_ ]?in|log[-_ ]?in|masuk|token|otp|passw|reset|validat"
    r"|continue|lanjut|join|invite|undangan|accept|email-?auth|auth",
    re.IGNORECASE,
)
_BESIDE = re.compile(
    r"unsub|berhenti|preference|settings/notif|privacy|privasi|terms|syarat|policy|legal|help|bantuan|support|faq|contact"
    r"|about|blog|facebook\.|twitter\.|//x\.com|instagram\.|linkedin\.|youtube\.|tiktok\.|t\.me/|wa\.me/|apps\.apple\."
    r"|play\.google\.|view[-_ ]?(?:in|online)|browser|report|not[-_ ]?(?:me|you)|bukan|wasn.?t",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Part:
    """A stretch of a mail's text; with ``url`` it is an address, and ``host`` says where that leads."""

    text: str
    url: str = ""
    host: str = ""


def host_of(url: str) -> str:
    """The host an address leads to, in ASCII, so that look-alike letters show; "" for what is no web address."""
    try:
        found = urlsplit(url)
        host = (found.hostname or "") if found.scheme in ("http", "https") else ""
        # As browsers do it: to them ß is a letter of its own.
        host = host if host.isascii() else idna.encode(host, uts46=True).decode()
    except (UnicodeError, ValueError):
        return ""
    # A browser takes a backslash for a slash: what stands before it is the host, not what stands after.
    if "\\" in found.netloc:
        return ""
    return host if re.fullmatch(r"[A-Za-z0-9_:-]+(?:\.[A-Za-z0-9_:-]+)*\.?", host) else ""


def parts(text: str) -> list[Part]:
    """``text`` cut into words and addresses, in order. What only looks like an address stays words."""
    found, end = [], 0
    for start, stop, url in _addresses(text):
        if start > end:
            found.append(Part(text[end:start]))
        found.append(Part(url, url, host_of(url)))
        end = stop
    if end < len(text):
        found.append(Part(text[end:]))
    return found


def _addresses(text: str) -> Iterator[tuple[int, int, str]]:
    for match in _ADDRESS.finditer(text):
        url, stop = match[1], match.end()
        if url is None:
            url = match[2].rstrip(".,;:!?)]}'*_…")
            stop = match.start() + len(url)
        if len(url) <= LONGEST_LINK and host_of(url):
            yield match.start(), stop, url


def without(text: str) -> str:
    """``text`` with blanks where addresses and mail addresses stood; the length stays."""
    blank = re.sub(r"<?https?://\S+", lambda match: " " * len(match[0]), text, flags=re.IGNORECASE)
    return re.sub(r"(?<![\w.+-])[\w.+-]{1,64}@[\w.-]{1,255}", lambda match: " " * len(match[0]), blank)


def main_link(text: str) -> str:
    """The address the reader is meant to follow (confirm, sign in …); "" when none stands out."""
    rated = [(_rating(text, start, url), url) for start, _stop, url in _addresses(text)]
    best = max((rating for rating, _url in rated), default=0)
    if best > 0:
        return next(url for rating, url in rated if rating == best)
    neutral = [url for rating, url in rated if rating == 0]
    return neutral[0] if len(neutral) == 1 and len(urlsplit(neutral[0]).path) > 1 else ""


def _rating(text: str, start: int, url: str) -> int:
    """Two points for words that say what the link does, one for an address that does, minus for the small print."""
    label = text[max(0, start - 60) : start].rsplit("\n", 1)[-1]
    points = 2 * bool(_MEANT.search(label)) + bool(_MEANT.search(url))
    return points - 4 * bool(_BESIDE.search(label) or _BESIDE.search(url))
