"""The text inside a QR: EMVCo merchant-presented mode, as QRIS uses it. Pure; reads, never writes.

Source: EMV QR Code Specification for Payment Systems, Merchant-Presented Mode (public), tags 00, 53-57 and 63.
"""

import binascii
import re
from decimal import Decimal

RUPIAH = "360"
MAX_LENGTH = 512
_AMOUNT = re.compile(r"\d{1,10}(\.\d{1,2})?", re.ASCII)
_HEAD = re.compile(r"\d{4}", re.ASCII)


class UnfitCode(ValueError):
    """Not a QR that may be shown for this payment; the message says why, without the content."""


def check(content: str, amount: Decimal) -> None:
    """Raise `UnfitCode` unless ``content`` is a whole QRIS code for ``amount`` rupiah, or leaves the amount open.

    A tip or a fee on top (tags 55 to 57) would have the payer pay something else, so it is refused as well.
    """
    rows = read(content)
    if rows.get("53") != RUPIAH:
        raise UnfitCode("the currency is not rupiah")
    if rows.keys() & {"55", "56", "57"}:
        raise UnfitCode("a tip or a fee comes on top")
    told = rows.get("54")
    if told is None:
        return
    if not _AMOUNT.fullmatch(told) or Decimal(told) != amount:
        raise UnfitCode("the amount is another one")


def read(content: str) -> dict[str, str]:
    """The outer tags and their values, in order. Raises `UnfitCode` for anything torn, double, or with a wrong CRC."""
    if not content or len(content) > MAX_LENGTH or not content.isprintable():
        raise UnfitCode("empty, too long, or not text")
    rows: dict[str, str] = {}
    at = 0
    while at < len(content):
        head = content[at : at + 4]
        value = content[at + 4 : at + 4 + int(head[2:])] if _HEAD.fullmatch(head) else ""
        if not value or len(value) != int(head[2:]) or head[:2] in rows:
            raise UnfitCode("not a list of tags")
        rows[head[:2]] = value
        at += 4 + len(value)
    _check_frame(content, rows)
    return rows


def _check_frame(content: str, rows: dict[str, str]) -> None:
    tags = list(rows)
    if tags[0] != "00" or rows["00"] != "01" or tags[-1] != "63":
        raise UnfitCode("no payment code")
    if rows["63"].upper() != f"{binascii.crc_hqx(content[:-4].encode(), 0xFFFF):04X}":
        raise UnfitCode("the checksum is wrong")


def merchant_of(content: str) -> str:
    """The name a payer sees in the app, tag 59; empty when the code cannot be read."""
    try:
        return read(content).get("59", "")
    except UnfitCode:
        return ""
