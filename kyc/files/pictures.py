"""Decode a picture under limits and write it anew: pixels survive, everything else does not."""

from contextlib import suppress
from io import BytesIO

from PIL import Image

from kyc.files.bounds import KEPT_SIDE, MAX_PIXELS, MAX_SIDE, THUMBNAIL_SIDE, Refused

_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_LIGHT = (255, 255, 255)
_SURELY_FITS = 16_000_000
# Sizes are checked here, in the words of this module.
Image.MAX_IMAGE_PIXELS = None


def clean(content: bytes, form: str) -> tuple[bytes, bytes, str]:
    """The picture of ``form`` (PNG, JPEG) written anew, its thumbnail, and the form it has now. Raises `Refused`."""
    image = _upright(_small(_opened(content, form)))
    image.info = {}
    written, form = _written(image, form, len(content))
    return written, thumbnail(image), form


def thumbnail(image: Image.Image) -> bytes:
    small = image.copy() if max(image.size) <= THUMBNAIL_SIDE else image
    small.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), reducing_gap=2.0)
    return _encoded(small, "JPEG", quality=80)


def _opened(content: bytes, form: str) -> Image.Image:
    try:
        image = Image.open(BytesIO(content), formats=(form,))
    except Exception as error:
        raise Refused("unreadable") from error
    width, height = image.size
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE) or width * height > MAX_PIXELS:
        raise Refused("too_many_pixels")
    # Phones put a second picture behind the first of a JPEG; a PNG that moves is no scan.
    if image.format == "PNG" and getattr(image, "is_animated", False):
        raise Refused("animated")
    return image


def _small(image: Image.Image) -> Image.Image:
    """Decoded and not larger than what is kept. A JPEG is scaled while it is decoded, before it fills memory."""
    turn = _turn_of(image)
    pixels = image.width * image.height
    image.draft("RGB", (KEPT_SIDE // 2, KEPT_SIDE // 2))
    try:
        image.load()
    except MemoryError as error:
        raise Refused("too_many_pixels") from error
    except Exception as error:
        # A library that finds no memory for a large picture says no more than that it failed.
        large = pixels > _SURELY_FITS and "truncated" not in str(error)
        raise Refused("too_many_pixels" if large else "unreadable") from error
    small = _scaled(_eight_bit(image))
    small.info["turn"] = turn
    return small


def _turn_of(image: Image.Image) -> Image.Transpose | None:
    with suppress(Exception):  # a broken note about the camera does not spoil the picture
        return _TURNS.get(int(image.getexif().get(_ORIENTATION, 1)))
    return None


def _eight_bit(image: Image.Image) -> Image.Image:
    if image.mode == "I;16":
        return _high_bytes(image)
    if image.mode == "P":
        return image.convert("RGBA" if "transparency" in image.info else "RGB")
    if image.mode in {"RGB", "L"} and "transparency" in image.info:
        return image.convert("RGBA" if image.mode == "RGB" else "LA")
    return image.convert("L") if image.mode == "1" else image


def _high_bytes(image: Image.Image) -> Image.Image:
    """16 bits of grey as 8, strip by strip: the library's own way takes four times the memory."""
    flat = Image.new("L", image.size)
    for top in range(0, image.height, 256):
        strip = image.crop((0, top, image.width, min(top + 256, image.height)))
        flat.paste(Image.frombytes("L", strip.size, strip.tobytes()[1::2]), (0, top))
    return flat


def _scaled(image: Image.Image) -> Image.Image:
    if max(image.size) <= KEPT_SIDE:
        return image
    return image.reduce(-(-max(image.size) // KEPT_SIDE))


def _upright(image: Image.Image) -> Image.Image:
    turn = image.info.get("turn")
    flat = _on_white(image)
    return flat.transpose(turn) if turn is not None else flat


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode in {"RGB", "L"}:
        return image
    if image.mode not in {"RGBA", "LA", "PA", "La", "RGBa"}:
        return image.convert("RGB")
    coloured = image.convert("RGBA") if image.mode != "RGBA" else image
    page = Image.new("RGB", image.size, _LIGHT)
    page.paste(coloured, mask=coloured.getchannel("A"))
    return page


def _written(image: Image.Image, form: str, sent: int) -> tuple[bytes, str]:
    """As it came, unless a photo was sent as PNG in some cunning packing that would blow up here."""
    if form == "PNG":
        written = _encoded(image, "PNG")
        if len(written) <= max(2 * sent, 1024 * 1024):
            return written, "PNG"
    return _encoded(image, "JPEG", quality=88), "JPEG"


def _encoded(image: Image.Image, form: str, **options: int) -> bytes:
    out = BytesIO()
    image.save(out, form, **options)
    return out.getvalue()
