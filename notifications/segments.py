"""How a text is cut into short messages, which is what gateways charge for (3GPP TS 23.038 and 23.040).

Letters of the GSM alphabet take one septet, those of its extension two: 160 fit into one message, 153 into each part of
a longer one. A single other letter makes the whole text UCS-2: 70, or 67 in each part. No letter is cut in two.
"""

from collections.abc import Iterator
from dataclasses import dataclass

# TS 23.038, 6.2.1: without the escape, which only leads to the extension.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")

GSM_7, UCS_2 = "GSM-7", "UCS-2"
# Units of a message on its own, and of each part of a longer one.
ROOM = {GSM_7: (160, 153), UCS_2: (70, 67)}


@dataclass(frozen=True, slots=True)
class Segments:
    """``count`` messages in ``encoding``; ``left`` units are free in the last one. ``odd`` are the letters that are not
    in the GSM alphabet, each once, in their order."""

    encoding: str
    count: int
    left: int
    odd: str = ""


def segments_of(text: str) -> Segments:
    """What sending ``text`` takes; no message at all for an empty one."""
    odd = "".join(dict.fromkeys(letter for letter in text if letter not in _BASIC and letter not in _EXTENSION))
    encoding = UCS_2 if odd else GSM_7
    alone, part = ROOM[encoding]
    total = sum(_units(text, encoding))
    if total <= alone:
        return Segments(encoding, 1 if total else 0, alone - total, odd)
    count, used = 1, 0
    for units in _units(text, encoding):
        if used + units > part:
            count, used = count + 1, 0
        used += units
    return Segments(encoding, count, part - used, odd)


def _units(text: str, encoding: str) -> Iterator[int]:
    if encoding == GSM_7:
        return (2 if letter in _EXTENSION else 1 for letter in text)
    # What lies beyond the first plane is a pair of code units.
    return (2 if ord(letter) > 0xFFFF else 1 for letter in text)
