"""Faspay's wire names and text forms. Everything here takes or returns plain text and dictionaries."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from config.lib.clock import JAKARTA

NUMBER_WIDTH = 8
# The field must be filled (Faspay contract 8), and not everybody has told us a number. Nobody can have this one.
NO_PHONE = "620000000000"
_AMOUNT = re.compile(r"\d{1,16}(\.\d{1,2})?", re.ASCII)
_TIME = re.compile(
    # A sample of theirs has no separator at all (Faspay contract 4.2).
    r"(\d{4}-\d\d-\d\d)[T ]?(\d\d:\d\d:\d\d(?:Z|[+-]\d\d:?\d\d)?)|(\d{8})T(\d{6}(?:Z|[+-]\d\d:?\d\d)?)",
    re.ASCII,
)


def amount_text(amount: Decimal) -> str:
    """``50000.00``: two decimals, always."""
    return f"{amount:.2f}"


def read_amount(value: object) -> Decimal | None:
    """An amount as written by Faspay; None for anything but a plain decimal text."""
    if not isinstance(value, str) or not _AMOUNT.fullmatch(value):
        return None
    return Decimal(value)


def time_text(moment: datetime) -> str:
    """ISO 8601 in Jakarta with an offset and no fraction."""
    return moment.astimezone(JAKARTA).isoformat(timespec="seconds")


def read_time(value: object) -> datetime | None:
    """A moment in any form that Faspay has been seen to write; without a zone it is Jakarta's. None if unreadable."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    found = _TIME.fullmatch(value.strip())
    if found is None:
        return None
    try:
        moment = datetime.fromisoformat(f"{found[1] or found[3]}T{found[2] or found[4]}")
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=JAKARTA)
    # A year at either end of the calendar would overflow.
    return aware.astimezone(UTC) if 2000 < aware.year < 9000 else None


def pad(partner_service_id: str) -> str:
    """The partner service id as it is sent: eight wide, blanks on the left."""
    return partner_service_id.strip().rjust(NUMBER_WIDTH)


def clean_name(name: str, *, limit: int = 40) -> str:
    """A name in plain letters, digits and blanks: odd characters break the far side (Faspay contract 1.4, 3.1)."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return " ".join(re.sub(r"[^A-Za-z0-9 ]+", " ", plain).split())[:limit].strip()


def clean_phone(phone: str) -> str:
    """``62…`` without a plus sign; `NO_PHONE` when there is no Indonesian number."""
    digits = re.sub(r"\D", "", phone)
    if digits.startswith("0"):
        digits = "62" + digits[1:]
    return digits if re.fullmatch(r"62[0-9]{7,13}", digits) else NO_PHONE


def text_of(data: Mapping[str, Any], name: str, *, limit: int = 200) -> str:
    """A text field of an answer, stripped; empty when missing or not text."""
    value = data.get(name)
    return value.strip()[:limit] if isinstance(value, str) else ""


def number_of(data: Mapping[str, Any]) -> tuple[str, str, str]:
    """(partnerServiceId, customerNo, virtualAccountNo), blanks removed; the number may be put together."""
    service, customer = _digits(data, "partnerServiceId", 8), _digits(data, "customerNo", 20)
    number = _digits(data, "virtualAccountNo", 28)
    return service, customer, number or (service + customer if service and customer else "")


def _digits(data: Mapping[str, Any], name: str, limit: int) -> str:
    value = re.sub(r"\s", "", text_of(data, name, limit=64))
    return value if len(value) <= limit and re.fullmatch(r"[0-9]+", value) else ""


def amount_of(value: object) -> tuple[Decimal | None, str]:
    """(value, currency) of an amount object; (None, "") when there is none."""
    if not isinstance(value, Mapping):
        return None, ""
    currency = text_of(value, "currency", limit=8)
    # None that could be: never cut to one that is.
    return read_amount(value.get("value")), currency if len(currency) <= 3 else "XXX"
