"""The Indonesian identity number (NIK): sixteen digits that say where and when a person was registered.

Two digits province, two regency, two district, day (women: plus 40), month and year of birth, four digits to tell
apart. Whoever is not registered in Indonesia has another number; nothing is read out of that.
"""

import re
from dataclasses import dataclass
from datetime import date

_SHAPE = re.compile(r"\d{16}", re.ASCII)
_WOMEN = 40

PROVINCES = {
    "11": "Aceh",
    "12": "Sumatera Utara",
    "13": "Sumatera Barat",
    "14": "Riau",
    "15": "Jambi",
    "16": "Sumatera Selatan",
    "17": "Bengkulu",
    "18": "Lampung",
    "19": "Kepulauan Bangka Belitung",
    "21": "Kepulauan Riau",
    "31": "DKI Jakarta",
    "32": "Jawa Barat",
    "33": "Jawa Tengah",
    "34": "DI Yogyakarta",
    "35": "Jawa Timur",
    "36": "Banten",
    "51": "Bali",
    "52": "Nusa Tenggara Barat",
    "53": "Nusa Tenggara Timur",
    "61": "Kalimantan Barat",
    "62": "Kalimantan Tengah",
    "63": "Kalimantan Selatan",
    "64": "Kalimantan Timur",
    "65": "Kalimantan Utara",
    "71": "Sulawesi Utara",
    "72": "Sulawesi Tengah",
    "73": "Sulawesi Selatan",
    "74": "Sulawesi Tenggara",
    "75": "Gorontalo",
    "76": "Sulawesi Barat",
    "81": "Maluku",
    "82": "Maluku Utara",
    "91": "Papua",
    "92": "Papua Barat",
    "93": "Papua Selatan",
    "94": "Papua Tengah",
    "95": "Papua Pegunungan",
    "96": "Papua Barat Daya",
}


@dataclass(frozen=True)
class Nik:
    """What a number says. ``born`` is None where day, month and year are no date; ``province`` is "" if unknown."""

    born: date | None
    is_woman: bool
    province: str

    @property
    def is_sound(self) -> bool:
        return self.born is not None and self.province != ""


def read(number: str, *, today: date) -> Nik | None:
    """What ``number`` says, or None if it does not have the form of a NIK.

    The year has two digits: it is taken as the last one with these digits that is not after ``today``.
    """
    if not _SHAPE.fullmatch(number):
        return None
    day, month, year = int(number[6:8]), int(number[8:10]), int(number[10:12])
    is_woman = day > _WOMEN
    born = _date(year, month, day - _WOMEN if is_woman else day, today)
    return Nik(born, is_woman, PROVINCES.get(number[:2], ""))


def _date(year: int, month: int, day: int, today: date) -> date | None:
    for century in (today.year // 100, today.year // 100 - 1):
        try:
            born = date(100 * century + year, month, day)
        except ValueError:
            continue
        if born <= today:
            return born
    return None


def other_province(address: str, province: str) -> str:
    """The province that ``address`` names when it is not ``province``; "" if it names none or the same.

    People move, so this is a hint and no more.
    """
    text = address.casefold()
    # The longer names first: "Papua Barat" is not "Papua".
    named = [name for name in sorted(PROVINCES.values(), key=len, reverse=True) if _short(name) in text]
    if not named or province in named or not province:
        return ""
    return named[0]


def _short(name: str) -> str:
    return name.removeprefix("DKI ").removeprefix("DI ").casefold()
