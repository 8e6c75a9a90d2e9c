"""How texts are cut: known answers of 3GPP TS 23.038 and 23.040, and what must hold for every text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.lib.masking import masked_codes
from notifications.segments import GSM_7, UCS_2, Segments, segments_of

PILE = "\N{PILE OF POO}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", (GSM_7, 0, 160)),
        ("a", (GSM_7, 1, 159)),
        ("a" * 160, (GSM_7, 1, 0)),
        ("a" * 161, (GSM_7, 2, 145)),
        ("a" * 306, (GSM_7, 2, 0)),
        ("a" * 307, (GSM_7, 3, 152)),
        ("{" * 80, (GSM_7, 1, 0)),
        ("{" * 80 + "a", (GSM_7, 2, 144)),
        ("€uro", (GSM_7, 1, 155)),
        ("é" * 160, (GSM_7, 1, 0)),
        ("ç" * 70, (UCS_2, 1, 0)),
        ("я" * 70, (UCS_2, 1, 0)),
        ("я" * 71, (UCS_2, 2, 63)),
        ("я" * 134, (UCS_2, 2, 0)),
        (PILE * 35, (UCS_2, 1, 0)),
        (PILE * 36, (UCS_2, 2, 61)),
        ("“quoted”", (UCS_2, 1, 62)),
    ],
    ids=lambda value: f"{value[:3]!a}-{len(value)}" if isinstance(value, str) else "",
)
def test_known_answers(text: str, expected: tuple[str, int, int]) -> None:
    found = segments_of(text)
    assert (found.encoding, found.count, found.left) == expected


def test_no_letter_is_cut_in_two() -> None:
    # 152 letters and a brace: its two septets do not fit behind them, so the first part stays one short.
    assert segments_of("a" * 152 + "{" + "a" * 152) == Segments(GSM_7, 3, 152)
    # A picture takes two of 67 units: 33 of them fill a part but for one.
    assert segments_of(PILE * 66).count == 2
    assert segments_of(PILE * 67).count == 3


def test_the_odd_letters_are_named() -> None:
    assert segments_of("naïve “text” “again”").odd == "ï“”"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400))
def test_what_holds_for_every_text(text: str) -> None:
    found = segments_of(text)
    alone, part = (160, 153) if found.encoding == GSM_7 else (70, 67)
    units = len(text.encode("utf-16-le", "surrogatepass")) // 2 if found.encoding == UCS_2 else None
    assert 0 <= found.left <= (alone if found.count < 2 else part)
    assert (found.count == 0) == (text == "")
    if units is not None and found.count > 1:
        # At most one unit of each part is lost to a letter that did not fit.
        assert -(-units // part) <= found.count <= -(-units // (part - 1))
    assert segments_of(text + "a").count >= found.count


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Your code is 482913", "Your code is •••"),
        ("Your code is 482 913.", "Your code is •••."),
        ("12-34-56 is it", "••• is it"),
        ("G-482913", "G-•••"),
        ("use AB12CD now", "use ••• now"),
        ("https://x.example/t/9f8e7d6c", "https://x.example/t/•••"),
        ("Bring 12 bags by 10am", "Bring 12 bags by 10am"),
        ("٤٨٢٩", "•••"),
    ],
    ids=lambda value: value[:12].encode("ascii", "replace").decode(),
)
def test_codes_are_masked(text: str, shown: str) -> None:
    assert masked_codes(text) == shown
