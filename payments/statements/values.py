"""Amounts, times and words of status as reports write them, read strictly: what could mean two things is refused."""

import re
from datetime import UTC, datetime
from decimal import Decimal

from config.lib.clock import JAKARTA

PAID, PENDING, FAILED, REVERSED = "paid", "pending", "failed", "reversed"
_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januari",
            "feb february februari pebruari",
            "mar march maret",
            "apr april",
            "may mei",
            "jun june juni",
            "jul july juli",
            "aug august agu agt agustus ags",
            "sep sept september",
            "oct october okt oktober",
            "nov november nop nopember",
            "dec december des desember",
        ),
        start=1,
    )
    for name in names.split()
}
_CLOCK = r"(?:[T ,]*(\d{1,2})[:.](\d{2})(?:[:.](\d{2})(?:[.,]\d{1,9})?)?)?"
_ZONE = r"\s*(Z|[+-]\d{2}:?\d{2}|WIB)?"
_FORMS = (
    ("ymd", re.compile(rf"(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){_CLOCK}{_ZONE}", re.ASCII)),
    ("dmy", re.compile(rf"(\d{{1,2}})[-/.](\d{{1,2}})[-/.](\d{{4}}|\d{{2}}){_CLOCK}{_ZONE}", re.ASCII)),
    ("word", re.compile(rf"(\d{{1,2}})[ -]([A-Za-z]{{3,10}})[ ,-]*(\d{{4}}|\d{{2}}){_CLOCK}{_ZONE}", re.ASCII)),
    ("solid", re.compile(r"(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})?)?()", re.ASCII)),
)
_BARE_CLOCK = re.compile(r"(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?", re.ASCII)
_WORDS = {
    PAID: "paid success successful succeeded sukses berhasil lunas settled settlement complete completed selesai"
    " dibayar terbayar capture captured 00 0000 2 s",
    PENDING: "pending unpaid process processing proses diproses menunggu waiting new open initiated paying"
    " 01 02 03 1 0",
    FAILED: "failed fail failure gagal expired expire kadaluarsa kedaluwarsa cancel cancelled canceled batal"
    " dibatalkan void declined rejected ditolak 05 06 07 3 7 8",
    REVERSED: "refund refunded reversal reversed reverse pengembalian dikembalikan chargeback 04 4",
}
_STATUS = {word: status for status, words in _WORDS.items() for word in words.split()}
_NOISE = {"payment", "pembayaran", "transaction", "transaksi", "status", "by", "bank", "user"}


def read_amount(text: str) -> Decimal | None:
    """``60000``, ``60.000``, ``60,000``, ``60000.00``, ``60.000,00``, ``Rp 60.000,-``; a sign or brackets: less than
    nothing. None for anything else. Three places after a single mark are thousands: rupiah have two at most."""
    bare = re.sub(r"(?i)^\(?-?\s*(?:rp\.?|idr|usd|sle|\$)", lambda found: _sign(found[0]), text.strip())
    bare = bare.replace("\u00a0", "").replace(" ", "")
    negative = bare[:1] in {"-", "("} or bare[-1:] == ")"
    bare = re.sub(r"[,.]-$", "", bare.strip("()").lstrip("-+"))
    digits = _plain(bare)
    if digits is None or len(digits) > 19:
        return None
    return -Decimal(digits) if negative else Decimal(digits)


def _sign(found: str) -> str:
    return "-" if "-" in found or "(" in found else ""


def _plain(text: str) -> str | None:
    """Digits and at most one point, or None."""
    if re.fullmatch(r"\d+", text, re.ASCII):
        return text
    for thousands, decimal in ((".", ","), (",", ".")):
        grouped = rf"\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+"
        whole = rf"(?:{grouped}|\d+)"
        if re.fullmatch(grouped, text, re.ASCII):
            return text.replace(thousands, "")
        found = re.fullmatch(rf"({whole}){re.escape(decimal)}(\d{{1,2}})", text, re.ASCII)
        if found:
            return found[1].replace(thousands, "") + "." + found[2]
    return None


def read_moment(text: str, clock: str = "", *, day_first: bool = True) -> datetime | None:
    """A moment, in UTC; without a zone it is Jakarta's. ``clock`` is a second column with the time of day. None when it
    is none. ``day_first`` decides what 03/04/2026 is."""
    text = " ".join(text.split())
    for form, pattern in _FORMS:
        found = pattern.fullmatch(text)
        if found:
            return _moment(form, found, clock, day_first=day_first)
    return None


def _moment(form: str, found: "re.Match[str]", clock: str, *, day_first: bool) -> datetime | None:
    first, second, third, hour, minute, seconds, zone = (*found.groups(), *[None] * 7)[:7]
    if hour is None and clock:
        told = _BARE_CLOCK.fullmatch(clock.strip())
        if told is None:
            return None
        hour, minute, seconds = told.groups()
    day = _day(form, str(first), str(second), str(third), day_first=day_first)
    if day is None:
        return None
    try:
        moment = datetime(*day, int(hour or 0), int(minute or 0), int(seconds or 0), tzinfo=JAKARTA)
    except ValueError:
        return None
    if zone and zone != "WIB":
        moment = datetime.fromisoformat(moment.replace(tzinfo=None).isoformat() + zone.replace("Z", "+00:00"))
    return moment.astimezone(UTC) if 2000 < moment.year < 2100 else None


def _day(form: str, first: str, second: str, third: str, *, day_first: bool) -> tuple[int, int, int] | None:
    if form in {"ymd", "solid"}:
        return int(first), int(second), int(third)
    year = int(third) + (2000 if len(third) == 2 else 0)
    if form == "word":
        month = _MONTHS.get(second.lower())
        return (year, month, int(first)) if month else None
    return (year, int(second), int(first)) if day_first else (year, int(first), int(second))


def is_month_first(texts: list[str]) -> bool:
    """Whether dates such as 11/21/2026 stand in a column: one that can only be read so decides for all."""
    pairs = [
        (int(found[1]), int(found[2])) for text in texts if (found := _FORMS[1][1].fullmatch(" ".join(text.split())))
    ]
    return not any(first > 12 for first, _second in pairs) and any(second > 12 for _first, second in pairs)


def read_status(text: str) -> str | None:
    """paid, pending, failed, reversed; None for a word that we do not know, which is nobody's "paid"."""
    words = [word for word in re.findall(r"[a-z0-9]+", text.lower()) if word not in _NOISE]
    if "not" in words or "belum" in words or "tidak" in words:
        return PENDING if {"paid", "bayar", "dibayar", "lunas"} & set(words) else FAILED
    known = [_STATUS[word] for word in words if word in _STATUS]
    if not known:
        return None
    # "Refund success" is a refund, "payment failed, code 00" has failed.
    return next((one for one in (REVERSED, FAILED, PENDING) if one in known), PAID)
