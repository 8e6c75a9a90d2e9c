"""The customer's wishes about mails: words of the subject, and a pattern for the code. Checked before money moves."""

import functools

import re2
from django.utils.translation import gettext_lazy as _

from config.lib.errors import Invalid
from otp.mails.text import line, tidy

LONGEST = 255
_MEMORY = 1 << 20
# Steps that the engine may take for one letter in the worst case: short patterns such as (a?){1000} repeated make
# tens of thousands, and then one long mail takes minutes.
MOST_STEPS = 2_000


class BadPattern(Invalid):
    """No pattern our engine takes; the field is called ``regex``, as on the wire."""

    code = "bad_pattern"

    def __init__(self, message: str) -> None:
        super().__init__(message, fields={"regex": [message]})


class BadSubject(Invalid):
    code = "bad_subject"

    def __init__(self, message: str) -> None:
        super().__init__(message, fields={"subject": [message]})


def check_subject(value: str) -> str:
    """``value`` as it is kept: one line without invisible characters. Raises `BadSubject` beyond 255 characters."""
    kept = line(value, LONGEST + 1)
    if len(kept) > LONGEST:
        raise BadSubject(str(_("The words of the subject must have at most 255 characters.")))
    return kept


def check_pattern(value: str) -> str:
    """``value`` as it is kept. Raises `BadPattern`: over 255 characters, more than one line, or nothing RE2 takes
    (look-around and back references are what it does without, and repetitions by the thousand)."""
    kept = value.strip()
    if len(kept) > LONGEST:
        raise BadPattern(str(_("A pattern must have at most 255 characters.")))
    if kept != tidy(kept) or "\n" in kept:
        raise BadPattern(str(_("A pattern must be one line of visible characters.")))
    if kept and _compiled(kept) is None:
        words = _("This pattern cannot be used. Look-around, back references and long repetitions are not supported.")
        raise BadPattern(str(words))
    return kept


def fits_subject(subject: str, words: str) -> bool:
    """Whether ``words`` stand in the subject; capitals do not matter, no words fit everything."""
    return " ".join(words.casefold().split()) in " ".join(subject.casefold().split())


def matched(pattern: str, text: str) -> str | None:
    """What the pattern takes out of ``text``: its first group when it has one, else all it matches. None without a
    match. A pattern that cannot be used (none such is stored) matches nothing."""
    compiled = _compiled(pattern)
    found = compiled.search(text) if compiled else None
    if compiled is None or found is None:
        return None
    taken = found.group(1) if compiled.groups and found.group(1) is not None else found.group(0)
    return str(taken).strip()


@functools.lru_cache(maxsize=64)
def _compiled(pattern: str) -> re2._Regexp | None:
    options = re2.Options()
    options.max_mem, options.log_errors = _MEMORY, False
    try:
        compiled = re2.compile(pattern, options)
    except (re2.error, UnicodeError):
        return None
    return compiled if compiled.programsize <= MOST_STEPS else None
