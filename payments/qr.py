"""A QR drawn here: as lines for a page, and as a picture to save. Black on white always, with the quiet zone around."""

import io
from decimal import Decimal

import segno
from django.utils.safestring import SafeString, mark_safe

# Four modules of white around it belong to the code: without them apps do not find it.
_QUIET = 4
_PIXELS = 720


def drawing(content: str) -> SafeString:
    """The QR as an SVG that grows with its box; carries no text of its own."""
    made = segno.make_qr(content, error="m")
    return mark_safe(  # noqa: S308 - lines drawn by segno, nothing of the content stands in it as text
        made.svg_inline(border=_QUIET, omitsize=True, svgclass="pay-qr-lines", lineclass=None, light="#fff")
    )


def picture(content: str) -> bytes:
    """The QR alone as a PNG, large enough for an app that reads it out of the gallery."""
    made = segno.make_qr(content, error="m")
    width, _height = made.symbol_size(border=_QUIET)
    out = io.BytesIO()
    made.save(out, kind="png", scale=max(1, -(-_PIXELS // width)), border=_QUIET)
    return out.getvalue()


def file_name(amount: Decimal) -> str:
    """What the saved picture is called: a payer finds it again by the amount."""
    return f"gerbang-qris-{amount:.0f}.png"
