"""Where the payer goes back to: the rules for the address, and how it is told what became of the checkout."""

import re
from urllib.parse import unquote_plus, urlencode, urlsplit, urlunsplit

from django.utils.translation import gettext_lazy as _

from checkout.errors import BadSession
from config.lib.errors import Text

FIELD = "return_url"
LONGEST = 2000
# Blanks, control characters and backslashes are read differently by every program.
_PLAIN = re.compile(r"[!-\[\]-~]+")
_HOST = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?|[0-9a-f:.]*:[0-9a-f:.]*"
)
_LOCAL = {"localhost", "127.0.0.1", "::1"}


def check(url: str, *, is_sandbox: bool) -> str:
    """``url`` if the payer may be sent there (TeraPay contract 12): absolute, https, without credentials and fragment;
    http for a developer's own machine in the sandbox. Raises `BadSession`."""
    if len(url) > LONGEST or not _PLAIN.fullmatch(url):
        raise _bad(_("This must be a web address of at most 2,000 plain characters."))
    try:
        parts = urlsplit(url)
        host, _port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        raise _bad(_("This is not a web address.")) from None
    if not _HOST.fullmatch(host):
        raise _bad(_("Give the whole address, beginning with https://."))
    if parts.username is not None or parts.password is not None:
        raise _bad(_("The address must not hold a name or a password."))
    if "#" in url:
        raise _bad(_("The address must not have a part after #."))
    if parts.scheme != "https" and not (parts.scheme == "http" and is_sandbox and host in _LOCAL):
        raise _bad(_("The address must begin with https://. Only in the sandbox may it be http://localhost."))
    return url


def told(url: str, *, session_id: str, status: str) -> str:
    """``url`` with ``sessionId`` and ``status`` added to its own query, which stays letter by letter: shops sign it.
    Only what it says of these two itself is dropped."""
    parts = urlsplit(url)
    own = [one for one in parts.query.split("&") if one and _name_of(one) not in {"sessionId", "status"}]
    query = "&".join([*own, urlencode({"sessionId": session_id, "status": status})])
    return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", query, ""))


def _name_of(pair: str) -> str:
    return unquote_plus(pair.partition("=")[0])


def _bad(message: Text) -> BadSession:
    return BadSession(FIELD, message)
