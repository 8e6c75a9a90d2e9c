"""What a password may be: long enough, not too long to hash, not one that everybody tries. Nothing about its signs."""

import unicodedata
from typing import Any

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

LONGEST = 1000


def one_form(password: str) -> str:
    """A password as it is hashed: what one keyboard writes as one sign and another as two is the same password."""
    return unicodedata.normalize("NFKC", password)


class MaximumLength:
    """A pass phrase fits many times over; a novel would only keep the hasher busy."""

    def validate(self, password: str, user: Any = None) -> None:
        if len(password) > LONGEST:
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self) -> str:
        return ngettext("At most %(count)d character.", "At most %(count)d characters.", LONGEST) % {"count": LONGEST}


class NotCommon(CommonPasswordValidator):
    """Django's list of 20,000, met also by the same letters in another width."""

    def validate(self, password: str, user: Any = None) -> None:
        super().validate(one_form(password), user)

    def get_help_text(self) -> str:
        return _("Not one that many people use.")
