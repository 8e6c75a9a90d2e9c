"""Files made to harm: refused in words, or harmless afterwards, and never more than a little memory and time."""

import json
import random
import subprocess
import sys
import zlib
from io import BytesIO
from typing import Any

import pikepdf
import pytest
from PIL import Image

from config.lib.errors import ServiceError
from kyc.files.bounds import CPU_SECONDS
from kyc.files.check import WORDS, check
from tests.kyc import samples
from tests.simulators import ROOT

MEBIBYTE = 1024 * 1024
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'

# Content and the code of its refusal.
REFUSED: dict[str, tuple[bytes, str]] = {
    "zero bytes": (b"", "empty"),
    "eicar": (samples.EICAR, "wrong_kind"),
    "text": (b"not a picture", "wrong_kind"),
    "html": (b"<!doctype html>" + samples.MARK, "wrong_kind"),
    "svg": (SVG, "wrong_kind"),
    "zip": (samples.archive(), "wrong_kind"),
    "gif": (samples.written(samples.card("P"), "GIF"), "wrong_kind"),
    "tiff": (samples.written(samples.card(), "TIFF"), "wrong_kind"),
    "bmp": (samples.written(samples.card(), "BMP"), "wrong_kind"),
    "webp": (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "wrong_kind"),
    "exe": (b"MZ" + bytes(500), "wrong_kind"),
    "heic": (b"\x00\x00\x00\x18ftypheic" + bytes(100), "heic"),
    "avif": (b"\x00\x00\x00\x18ftypavif" + bytes(100), "heic"),
    "html behind the sign of a pdf": (b"%PDF-1.4\n" + samples.MARK, "unreadable"),
    "html behind the sign of a png": (b"\x89PNG\r\n\x1a\n" + samples.MARK, "unreadable"),
    "html behind the sign of a jpeg": (b"\xff\xd8\xff\xe0" + samples.MARK, "unreadable"),
    "pdf not at the start": (b"\n<html>" + samples.pdf(), "wrong_kind"),
    "png cut": (samples.png()[:-600], "unreadable"),
    "jpeg cut": (samples.jpeg()[:-1500], "unreadable"),
    "pdf cut": (samples.pdf()[:120], "unreadable"),
    "png 30000 x 30000": (samples.huge_png(30_000, 30_000), "too_many_pixels"),
    "png 30000 x 30000 in full": (samples.huge_png(30_000, 30_000, rows=True), "too_many_pixels"),
    "jpeg 30000 x 30000": (samples.huge_jpeg(), "too_many_pixels"),
    "png 60000 x 1": (samples.huge_png(60_000, 1), "too_many_pixels"),
    "png of no size": (samples.huge_png(0, 10), "unreadable"),
    "png that moves": (samples.animated_png(), "animated"),
    "png with a note that unpacks to 200 MB": (samples.text_bomb(), "unreadable"),
    "pdf encrypted": (samples.pdf(encryption=pikepdf.Encryption(owner="o", user="u")), "encrypted"),
    "pdf encrypted, open to all": (samples.pdf(encryption=pikepdf.Encryption(owner="o", user="")), "encrypted"),
    "pdf script": (samples.pdf(1, samples.with_script), "active"),
    "pdf named script": (samples.pdf(1, samples.with_named_script), "active"),
    "pdf page action": (samples.pdf(1, samples.with_page_action), "active"),
    "pdf launch": (samples.pdf(1, samples.with_launch), "active"),
    "pdf remote": (samples.pdf(1, samples.with_remote), "active"),
    "pdf attachment": (samples.pdf(1, samples.with_attachment), "active"),
    "pdf xfa": (samples.pdf(1, samples.with_xfa), "active"),
    "pdf rich media": (samples.pdf(1, samples.with_rich_media), "active"),
    "pdf outside stream": (samples.pdf(1, samples.with_outside_stream), "active"),
    "pdf submit": (samples.pdf(1, samples.with_submit), "active"),
    "pdf of 21 pages": (samples.pdf(21), "too_many_pages"),
    "pdf of no page": (samples.pdf(0), "unreadable"),
    "pdf that unpacks to 400 MB": (samples.pdf(1, samples.with_content_bomb), "too_complex"),
    "pdf that draws without end": (samples.pdf(1, samples.with_endless_form), "too_complex"),
    "pdf nested deep": (samples.pdf(1, samples.with_deep_nesting), "too_complex"),
    "pdf of many objects": (samples.pdf(1, samples.with_many_objects), "too_complex"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused_in_words(name: str) -> None:
    content, code = REFUSED[name]
    with pytest.raises(ServiceError) as refusal:
        check(samples.sent(content, "ktp.jpg"))
    assert refusal.value.code == code
    assert refusal.value.status in {400, 415}
    assert str(refusal.value.message) in {str(words) for words in WORDS.values()} or refusal.value.status == 415


# The kind comes from the content; what stands behind or between it does not come through.
POLYGLOTS = {
    "jpeg and zip": samples.jpeg() + samples.archive(),
    "jpeg and html": samples.jpeg() + samples.MARK,
    "jpeg with html in a comment": samples.jpeg(comment=samples.MARK),
    "png and zip": samples.png() + samples.archive(),
    "png and svg": samples.png() + SVG,
    "png with html in a note": samples.png()[:33] + samples.chunk(b"tEXt", b"x\0" + samples.MARK) + samples.png()[33:],
    "png with eicar behind": samples.png() + samples.EICAR,
    "pdf and zip": samples.pdf() + samples.archive(),
    "pdf and html": samples.pdf() + samples.MARK,
    "pdf with html in a comment": samples.pdf().replace(b"\n", b"\n%" + samples.MARK + b"\n", 1),
}


@pytest.mark.parametrize("name", POLYGLOTS)
def test_two_files_in_one_become_one(name: str) -> None:
    try:
        checked = check(samples.sent(POLYGLOTS[name], "x.html"))
    except ServiceError as refusal:
        assert refusal.status == 400  # noqa: PT017 - either is right
        return
    for part in (checked.content, checked.thumbnail):
        assert samples.MARK not in part
        assert b"PK\x03\x04" not in part
        assert b"svg" not in part
        assert samples.EICAR not in part


def test_names_of_the_parts_do_not_help() -> None:
    """An encoded name is the same name."""
    whole = samples.pdf(1, samples.with_script).replace(b"/JavaScript", b"/J#61vaScript").replace(b"/JS", b"/#4aS")
    with pytest.raises(ServiceError) as refusal:
        check(samples.sent(whole, "a.pdf"))
    assert refusal.value.code == "active"


# A small process in between: what a child is charged with begins with the size of its parent.
_MEASURE = """
import resource, subprocess, sys
subprocess.run([sys.executable, "-m", "kyc.files.worker"], stderr=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_maxrss, used.ru_utime + used.ru_stime, file=sys.stderr)
"""


def peak_of(job: dict[str, Any], content: bytes) -> tuple[int, float, dict[str, Any]]:
    """Peak memory in bytes, seconds of processor, and the answer of the process that opens files."""
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE],
        input=json.dumps(job).encode() + b"\n" + content,
        capture_output=True,
        cwd=ROOT,
        check=True,
    )
    peak, seconds = done.stderr.decode().split()
    return int(peak) * 1024, float(seconds), json.loads(done.stdout.partition(b"\n")[0] or b"{}")


def large(mode: str, form: str, **options: Any) -> bytes:
    return samples.written(Image.new(mode, (6300, 6300)), form, **options)


def noisy(**options: Any) -> bytes:
    return samples.written(Image.effect_noise((6300, 6300), 60).convert("RGB"), "JPEG", quality=20, **options)


HEAVY = {
    "png 40 MP RGBA": lambda: large("RGBA", "PNG"),
    "png 40 MP palette": lambda: large("P", "PNG"),
    "png 40 MP 16 bit": lambda: large("I;16", "PNG"),
    "jpeg 40 MP": noisy,
    "jpeg 40 MP progressive": lambda: noisy(progressive=True),
    "jpeg 40 MP progressive, full colour": lambda: noisy(progressive=True, subsampling=0),
    "jpeg 40 MP CMYK": lambda: large("CMYK", "JPEG"),
    "png 30000 x 30000": lambda: samples.huge_png(30_000, 30_000, rows=True),
    "png note of 200 MB": samples.text_bomb,
    "pdf content of 400 MB": lambda: samples.pdf(1, samples.with_content_bomb),
    "pdf endless": lambda: samples.pdf(1, samples.with_endless_form),
    "pdf objects": lambda: samples.pdf(1, samples.with_many_objects),
}


@pytest.mark.parametrize("name", HEAVY)
def test_memory_and_time_have_an_end(name: str) -> None:
    content = HEAVY[name]()
    form = name[:3]
    job = {"do": "paper"} if form == "pdf" else {"do": "picture", "form": {"png": "PNG", "jpe": "JPEG"}[form]}
    small = samples.pdf() if form == "pdf" else samples.png() if form == "png" else samples.jpeg()
    base, _seconds, answer = peak_of(job, small)
    assert "refused" not in answer
    assert base < 80 * MEBIBYTE
    peak, seconds, _answer = peak_of(job, content)
    assert peak - base <= 256 * MEBIBYTE
    assert seconds <= CPU_SECONDS + 2


def test_the_process_that_opens_files_can_write_none(tmp_path: Any) -> None:
    code = (
        "import os; from kyc.files import worker; worker._confine()\n"
        f"try: os.write(os.open({str(tmp_path / 'x')!r}, os.O_CREAT | os.O_WRONLY), b'x')\n"
        "except OSError as error: print('refused')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == "refused\n"
    assert not (tmp_path / "x").read_bytes()


def mutated(content: bytes, dice: random.Random) -> bytes:
    """A few bytes turned, cut out or doubled."""
    whole = bytearray(content)
    for _ in range(dice.randint(1, 12)):
        place = dice.randrange(len(whole))
        match dice.randrange(4):
            case 0:
                whole[place] = dice.randrange(256)
            case 1:
                del whole[place : place + dice.randint(1, 40)]
            case 2:
                whole[place:place] = whole[place : place + dice.randint(1, 60)]
            case _:
                whole[place : place + 4] = dice.choice([b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"\x7f\xff\xff\xff"])
        if len(whole) < 20:
            break
    return bytes(whole)


def seeds() -> list[bytes]:
    compressed = zlib.compress(b"0 0 m 10 10 l S", 9)

    def packed(made: pikepdf.Pdf) -> None:
        stream = pikepdf.Stream(made, compressed)
        stream.Filter = pikepdf.Name.FlateDecode
        made.pages[0].obj.Contents = stream

    return [
        samples.jpeg(),
        samples.jpeg(progressive=True),
        samples.photo_with_place(6),
        samples.png(),
        samples.png("P"),
        samples.png("RGBA"),
        samples.sixteen_bit(),
        samples.pdf(),
        samples.pdf(2, packed),
        samples.pdf(3, object_stream_mode=pikepdf.ObjectStreamMode.generate),
    ]


def prove_harmless(content: bytes) -> None:
    """Refused in words, or a clean file; nothing else."""
    try:
        checked = check(samples.sent(content, "fuzz"))
    except ServiceError as refusal:
        assert refusal.status in {400, 413, 415}  # noqa: PT017
        return
    if checked.content_type == "application/pdf":
        with pikepdf.open(BytesIO(checked.content)) as kept:
            assert set(kept.Root.keys()) == {"/Type", "/Pages"}
    else:
        Image.open(BytesIO(checked.content)).load()


@pytest.mark.parametrize("seed", range(20))
def test_damaged_files(seed: int) -> None:
    dice = random.Random(seed)
    prove_harmless(mutated(dice.choice(seeds()), dice))


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1000, 3000))
def test_many_damaged_files(seed: int) -> None:
    dice = random.Random(seed)
    prove_harmless(mutated(dice.choice(seeds()), dice))
