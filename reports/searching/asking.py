"""What somebody typed into the box, as the kinds of thing it could be."""

import re
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

LONGEST = 100
# Shorter beginnings would find half the house.
_FEWEST_HEX, _FEWEST_DIGITS, _FEWEST_LETTERS = 6, 5, 4
_NUMBER = re.compile(r"\+?[\d\s().-]+")
_HEX = re.compile(r"[0-9a-f-]+")
_REFERENCE = re.compile(r"[A-Za-z0-9._:/-]+")


@dataclass(frozen=True)
class Asked:
    """``ids`` is the span of ids that begin so; ``number`` digits alone; each empty where the text cannot be one."""

    text: str
    email: str = ""
    number: str = ""
    reference: str = ""
    words: str = ""
    ids: tuple[UUID, UUID] | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.email or self.number or self.reference or self.words or self.ids)

    @property
    def numbers(self) -> list[str]:
        """The number as it may be written down: as it stands (accounts begin with zeros), and as a phone number with
        its country (Indonesia, Sierra Leone) where a zero was typed; with a plus and without."""
        forms = [self.number]
        if self.number.startswith("00"):
            forms.append(self.number[2:])
        elif self.number.startswith("0"):
            forms += [f"62{self.number[1:]}", f"232{self.number[1:]}"]
        elif self.number.startswith("232"):
            # Receivers of mobile money are kept as they are dialled at home.
            forms.append(f"0{self.number[3:]}")
        return forms + [f"+{form}" for form in forms if not form.startswith("0")]


def read(text: str) -> Asked:
    """``text`` as it was typed or pasted, blanks and all."""
    text = " ".join(text.replace("\0", "").split())[:LONGEST]
    if "@" in text.strip("@"):
        return Asked(text, email=text.lower())
    return Asked(
        text,
        number=_number(text),
        reference=text if _REFERENCE.fullmatch(text) and len(text) >= _FEWEST_LETTERS else "",
        words=text if len(text) >= _FEWEST_LETTERS and not _NUMBER.fullmatch(text) else "",
        ids=_ids(text.lower()),
    )


def _number(text: str) -> str:
    digits = re.sub(r"\D", "", text) if _NUMBER.fullmatch(text) and text.isascii() else ""
    return digits if _FEWEST_DIGITS <= len(digits) <= 34 else ""


def _ids(text: str) -> tuple[UUID, UUID] | None:
    """Digits alone are taken for a number, unless they are a whole id."""
    bare = text.replace("-", "")
    if not _HEX.fullmatch(text) or not _FEWEST_HEX <= len(bare) <= 32 or (text.isdecimal() and len(bare) < 32):
        return None
    with suppress(ValueError):
        return UUID(bare.ljust(32, "0")), UUID(bare.ljust(32, "f"))
    return None
