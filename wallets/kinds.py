"""The reason of a movement in words."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_WORDS: dict[str, str | Promise] = {
    "deposit": _("Top-up"),
    "order": _("Number bought"),
    "transfer": _("Transfer"),
    "reversal": _("Taken back"),
    "refund": _("Refund"),
}


def word_for(kind: str) -> str | Promise:
    """What a statement calls a transaction of this kind."""
    return _WORDS.get(kind, kind)
