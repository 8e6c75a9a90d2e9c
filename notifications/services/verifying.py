"""Why a receiver does not accept what we sent: what somebody pasted, looked at with the code that signs. Keeps
nothing."""

import base64
import hmac
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import product

from django.conf import settings
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from config.lib.clock import now
from config.lib.times import in_words
from notifications.delivery import signing

# What receivers should allow between our clock and theirs, seconds.
TOLERANCE = 300
_STANDARD = ("webhook-id", "webhook-timestamp", "webhook-signature")
_EXAMPLE_SECRET = "whsec-example-only-0123456789"  # noqa: S105 - everybody may know it
_NAME = re.compile(r"^[\w-]+$", re.ASCII)


@dataclass(frozen=True)
class Finding:
    """One thing that is right or wrong; ``tone`` is success, warning or danger."""

    tone: str
    title: str
    text: str = ""


@dataclass(frozen=True)
class Pasted:
    """What somebody pasted. Names of headers are in small letters."""

    secret: str
    headers: Mapping[str, str]
    body: str


def example() -> dict[str, str]:
    """A delivery that is right at this moment: what the fields of the page take."""
    body = '{"id":"evt_0A1B2C","event":"order.otp_received","timestamp":"2026-05-28T20:26:40Z","data":{"order_id":65}}'
    sent = signing.signed_headers("evt_0A1B2C", body.encode(), [_EXAMPLE_SECRET], int(now().timestamp()))
    return {
        "secret": _EXAMPLE_SECRET,
        "headers": "\n".join(f"{name}: {value}" for name, value in sent.items()),
        "body": body,
    }


def headers_of(text: str) -> dict[str, str]:
    """``Name: value`` by line, as people paste them: in any case, with ``_`` for ``-``, with HTTP_ before."""
    found = {}
    for line in text.splitlines():
        name, _colon, value = line.strip().strip('",').partition(":")
        name = name.strip().strip('"').lower().replace("_", "-").removeprefix("http-")
        if _NAME.match(name):
            found[name] = value.strip().strip('"')
    return found


@sensitive_variables()
def examine(pasted: Pasted) -> list[Finding]:
    """What is right and what is wrong, the most important first. An empty secret or body is found, never refused."""
    return [*_signature(pasted), *_time(pasted), *_plain(pasted)]


def is_genuine(findings: list[Finding]) -> bool:
    """Whether a receiver should take it."""
    return bool(findings) and all(finding.tone != "danger" for finding in findings)


@sensitive_variables()
def _signature(pasted: Pasted) -> Iterator[Finding]:
    missing = [name for name in _STANDARD if not pasted.headers.get(name)]
    if missing:
        words = _("Without them nothing can be checked. Some frameworks hand headers on under other names.")
        yield Finding("danger", _("Missing: %(names)s") % {"names": ", ".join(missing)}, words)
        return
    given = [one.removeprefix("v1,") for one in pasted.headers["webhook-signature"].split() if one.startswith("v1,")]
    if not given:
        words = _("It is v1, a comma, and the signature in base64; while a secret is changed there are two of them.")
        yield Finding("danger", _("webhook-signature holds no v1 signature"), words)
        return
    before = f"{pasted.headers['webhook-id']}.{pasted.headers['webhook-timestamp']}."
    yield _found(pasted, given, before)


@sensitive_variables()
def _found(pasted: Pasted, given: list[str], before: str) -> Finding:
    """Which reading of secret and body the signature belongs to."""
    for (secret, about_secret), (body, about_body) in product(_secrets(pasted.secret), _bodies(pasted.body)):
        if _is_among(given, signing.standard_signature(secret, before.encode() + body)):
            return _verdict(about_secret, about_body)
        if _is_among(given, signing.standard_signature(secret, body)):
            words = _("What is signed is id.timestamp.body, with the two headers as they came.")
            return Finding("danger", _("The signature was made over the body alone"), words)
    words = _(
        "Most often the secret is another one, or the body is not the bytes that came: take it before any JSON parser, "
        "middleware or proxy has touched it."
    )
    return Finding("danger", _("The signature belongs to another secret or another body"), words)


def _is_among(given: list[str], wanted: str) -> bool:
    return any(hmac.compare_digest(wanted.encode(), one.encode()) for one in given)


def _verdict(about_secret: str, about_body: str) -> Finding:
    if not about_secret and not about_body:
        return Finding("success", _("The signature is right"), _("Secret, id, time and body belong together."))
    words = " ".join(part for part in (about_secret, about_body) if part)
    return Finding("danger", _("It is ours, but your program reads it differently"), words)


@sensitive_variables()
def _secrets(typed: str) -> Iterator[tuple[str, str]]:
    """Readings of the secret, each with what is wrong when it is that one."""
    yield typed, ""
    if typed.strip() != typed:
        yield typed.strip(), _("There are spaces or a line break around the secret.")
    decoded = _decoded(typed.strip())
    if decoded:
        yield (
            decoded,
            _("whsec_… is for libraries of Standard Webhooks: they decode it. Your own code takes it as typed."),
        )


@sensitive_variables()
def _decoded(typed: str) -> str:
    if not typed.startswith("whsec_"):
        return ""
    try:
        return base64.b64decode(typed.removeprefix("whsec_"), validate=True).decode()
    except ValueError:
        return ""


def _bodies(pasted: str) -> Iterator[tuple[bytes, str]]:
    """Readings of the body, each with what is wrong when it is that one."""
    # A form sends every line break as two letters.
    body = pasted.replace("\r\n", "\n")
    yield _bytes(body), ""
    if body.strip() != body:
        yield _bytes(body.strip()), _("There is a line break or a space around the body.")
    yield _bytes(body + "\n"), _("The line break at the end of the body is missing.")
    words = _("The body was read as JSON and written anew. Sign what came, byte by byte.")
    for text in _written_anew(body):
        yield _bytes(text), words


def _written_anew(body: str) -> list[str]:
    """As programs write JSON without spaces; nothing for what is none."""
    try:
        parsed = json.loads(body)
        return [json.dumps(parsed, separators=(",", ":"), ensure_ascii=plain) for plain in (False, True)]
    except (ValueError, RecursionError):
        return []


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _time(pasted: Pasted) -> Iterator[Finding]:
    text = pasted.headers.get("webhook-timestamp", "")
    if not text:
        return
    if not re.fullmatch(r"[0-9]{9,14}", text, re.ASCII):
        yield Finding("danger", _("webhook-timestamp is no time"), _("It counts the seconds since 1970, in digits."))
        return
    seconds = int(text)
    if seconds > 10**11:
        yield Finding("danger", _("webhook-timestamp is in milliseconds"), _("We send seconds."))
        return
    yield _age(datetime.fromtimestamp(seconds, UTC))


def _age(sent_at: datetime) -> Finding:
    old = (now() - sent_at).total_seconds()
    if abs(old) <= TOLERANCE:
        return Finding("success", _("The time is fresh"), _("It was sent within the last five minutes."))
    if old > 0:
        words = _("Sent %(when)s. A receiver refuses what is older than five minutes; here it is only looked at.")
        return Finding("warning", _("The time is over"), words % {"when": in_words(sent_at)})
    return Finding("warning", _("The time is still to come"), _("Set the clock of one of the two machines right."))


@sensitive_variables()
def _plain(pasted: Pasted) -> Iterator[Finding]:
    """The older header; it need not be there."""
    name = settings.WEBHOOK_SIGNATURE_HEADER
    given = pasted.headers.get(name.lower(), "")
    if not given:
        return
    readings = product(_secrets(pasted.secret), _bodies(pasted.body))
    wanted = (f"sha256={signing.plain_signature(secret, body)}" for (secret, _why), (body, _too) in readings)
    if any(hmac.compare_digest(given.lower().encode(), one.encode()) for one in wanted):
        yield Finding("success", _("%(name)s is right too") % {"name": name})
    else:
        words = _("It is sha256= and the HMAC of the body alone, in hexadecimal digits.")
        yield Finding("warning", _("%(name)s does not fit") % {"name": name}, words)
