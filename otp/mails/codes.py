"""Finding the code in a message, by where it stands and what stands around it."""

import re
from collections.abc import Iterator
from itertools import islice

from otp.mails.links import without

LONGEST_CODE = 64
ENOUGH = 5
MOST_CANDIDATES = 200

_WORD = (
    r"(?:code|codes|kode|otp|pin|passcode|token|verification|verifikasi|verify|konfirmasi|confirmation|one[- ]time"
    r"|sekali pakai|login|sign[- ]?in|masuk|security|keamanan|activation|aktivasi|authentication|autentikasi)"
)
_NEAR = re.compile(rf"\b{_WORD}\b", re.IGNORECASE)
_CODE_WORD = r"(?:code|kode|otp|pin|passcode|token)"
_JUST_BEFORE = re.compile(
    rf"\b{_CODE_WORD}\b(?:[\w\s]{{0,30}}\b(?:is|adalah|ini|yaitu|berikut|below))?\W{{0,12}}\Z", re.IGNORECASE
)
_JUST_AFTER = re.compile(rf"\A\W{{0,4}}(?:is|adalah|merupakan|as)\b.{{0,40}}\b{_CODE_WORD}\b", re.IGNORECASE)
_NO_CODE_BEFORE = re.compile(
    r"(?:rp\.?|idr|usd|\$|€|£|#|no\.?|nomor|invoice|order|pesanan|tagihan|telp?\.?|phone|call|hubungi|jl\.?|jalan|suite|"
    r"box|©|\(c\)|copyright|ref\.?|since|sejak|ext\.?|kode pos|zip|ip|id|akun|account|ending in|berakhiran)[\s:.]*\Z",
    re.IGNORECASE,
)
_UNIT_AFTER = re.compile(
    r"\A\s?(?:%|x\b|px\b|k\b|rb\b|ribu|juta|minutes?|mins?\b|menit|hours?|hrs?\b|jam|seconds?|secs?\b|detik|days?|hari|"
    r"users?|people|orang|street|st\.|ave|(?:inc|llc|ltd|all rights))",
    re.IGNORECASE,
)
_EDGE = r"(?<![\w.,@/#&=+$-])"
_STOP = r"(?![\w@/=&]|[.,:/-]\d|-[A-Za-z])"
# Digits in one piece, in groups, or each in a box of its own; a short prefix (G-) is no part of them.
_DIGITS = re.compile(
    rf"{_EDGE}(?:[A-Z]{{1,3}}-)?(\d{{4,8}}|\d{{3}}[ -]\d{{3,4}}|\d{{4}}[ -]\d{{4}}|\d(?: \d){{3,7}}){_STOP}"
)
_MIXED = re.compile(rf"{_EDGE}([A-Z0-9]{{3,5}}-[A-Z0-9]{{3,5}}|[A-Z0-9]{{5,10}}){_STOP}")
_YEAR = re.compile(r"(?:19|20)\d\d")
# After the very words "code is" anything with a digit in it counts, small letters too.
_NAMED = re.compile(
    rf"\b{_CODE_WORD}\b\s*(?:\w+\s*)?(?:is|adalah|:|=)\s*[\"'*]*([A-Za-z0-9](?:[A-Za-z0-9-]{{2,14}})[A-Za-z0-9])(?![\w-])",
    re.IGNORECASE,
)


def code_in(text: str, subject: str = "") -> str | None:
    """The code of a message, its zeros in front included and its gaps closed; None when nothing looks like one.

    A word like "code" beside it, a line of its own and six digits speak for a candidate; a currency, a unit, a year
    or an address speak against it.
    """
    body, head = without(text), without(subject)
    about_codes = bool(_NEAR.search(head))
    rated = [*_rated(head, about_codes=about_codes), *_rated(body, about_codes=about_codes)]
    best: dict[str, int] = {}
    for points, code in rated:
        best[code] = max(points, best.get(code, 0)) + (code in best)
    winner = max(best, key=lambda code: best[code], default=None)
    if winner is not None and best[winner] >= ENOUGH:
        return winner
    named = _NAMED.search(f"{head}\n{body}")
    return named[1] if named and re.search(r"\d", named[1]) else None


def _rated(text: str, *, about_codes: bool) -> Iterator[tuple[int, str]]:
    for pattern in (_DIGITS, _MIXED):
        for match in islice(pattern.finditer(text), MOST_CANDIDATES):
            shape = _shape(match[1])
            if shape is not None:
                yield _points(text, match.start(), match.end(), shape) + about_codes, _closed(match[1])


def _closed(found: str) -> str:
    """Groups of digits as one; a hyphen between letters belongs to the code."""
    digits = re.sub(r"[ -]", "", found)
    return digits if digits.isdigit() else found


def _shape(found: str) -> int | None:
    """Points for the looks alone; None for what is no code at all, like a word in capitals."""
    bare = re.sub(r"[ -]", "", found)
    if bare.isdigit():
        boxed = 2 * (found[1] == " ")
        return -2 if _YEAR.fullmatch(found) else boxed + (2 if len(bare) == 6 else 1)
    if not re.search(r"\d", bare):
        return 0 if "-" in found and len(bare) in (6, 8) else None
    return 1 if re.search(r"[A-Z]", bare) else None


def _points(text: str, start: int, end: int, shape: int) -> int:
    before, after = text[max(0, start - 90) : start], text[end : end + 60]
    first = before.rsplit("\n", 1)[-1]
    alone = not first.strip(" *\"'>:-") and not after.split("\n", 1)[0].strip(" *\"'<.")
    points = shape + 2 * alone
    points += 3 * bool(_NEAR.search(before) or _JUST_AFTER.search(after))
    points += 2 * bool(_JUST_BEFORE.search(before) or _JUST_AFTER.search(after))
    points += bool(_NEAR.search(after if alone else after.split("\n", 1)[0]))
    return points - 6 * bool(_NO_CODE_BEFORE.search(first) or _UNIT_AFTER.search(after))
