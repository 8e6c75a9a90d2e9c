"""One way to write a phone number: ``+`` and digits, as in ``+23276123456``."""

import phonenumbers
from django.utils.translation import gettext_lazy as _

from accounts.errors import BadField

_HOME = "SL"
_HOME_CODE, _HOME_DIGITS = 232, 8


def normalise(text: str, *, field: str = "phone_number") -> str:
    """``text`` in E.164. Without a leading + or 00 it is a number of Sierra Leone (TeraPay contract 7).

    Raises `BadField` for ``field`` when there is no such number.
    """
    try:
        # 50 characters are more than any way to write fifteen digits.
        number = phonenumbers.parse(text[:50], _HOME)
    except phonenumbers.NumberParseException:
        raise _bad(field) from None
    if not _exists(number):
        raise _bad(field)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _exists(number: phonenumbers.PhoneNumber) -> bool:
    """By length at home, where new prefixes come sooner than new tables; by the tables elsewhere."""
    if number.country_code == _HOME_CODE:
        return len(phonenumbers.national_significant_number(number)) == _HOME_DIGITS
    return phonenumbers.is_valid_number(number)


def _bad(field: str) -> BadField:
    return BadField(field, _("Give a phone number with its country code, such as +232 76 123456."))
