"""What becomes of a good file: the same picture, and nothing else of what was sent."""

import stat
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pikepdf
import pytest
from cryptography.fernet import Fernet
from django.core.checks import run_checks
from django.core.management import call_command
from PIL import Image

from accounts.access.actors import Actor
from accounts.models import AuditEntry, Customer
from kyc.files import confined, identity, render, serve, store
from kyc.files.bounds import KEPT_SIDE
from kyc.files.check import Checked, check, clean_name
from kyc.models import KycCase, KycDocument
from kyc.services import review, submission
from tests.kyc import reviewing, samples

GOOD = samples.good_files()


def image_of(checked: Checked) -> Image.Image:
    return Image.open(BytesIO(checked.content))


def near(colour: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(abs(a - b) < 30 for a, b in zip(colour, other, strict=True))


def test_there_are_fifty() -> None:
    assert len(GOOD) == 50


@pytest.mark.parametrize("name", GOOD)
def test_a_good_file_is_taken(name: str) -> None:
    content, file_name = GOOD[name]
    checked = check(samples.sent(content, file_name))
    form = {"png": "image/png", "jpeg": "image/jpeg", "pdf": "application/pdf"}[name.split("-")[0]]
    assert checked.content_type == form
    assert checked.size == len(content)
    assert checked.pages == (
        int(name.split("-")[1]) if name in {"pdf-1", "pdf-2", "pdf-5", "pdf-20"} else checked.pages
    )
    assert max(Image.open(BytesIO(checked.thumbnail)).size) <= 480
    if form != "application/pdf":
        assert max(image_of(checked).size) <= KEPT_SIDE
        assert image_of(checked).mode in {"RGB", "L"}


@pytest.mark.parametrize("turn", range(1, 9))
def test_a_photo_stands_as_it_was_held(turn: int) -> None:
    # The dark corner of the stored pixels, and where each orientation puts it.
    corner = {1: "NW", 2: "NE", 3: "SE", 4: "SW", 5: "NW", 6: "NE", 7: "SE", 8: "SW"}[turn]
    image = image_of(check(samples.sent(samples.photo_with_place(turn))))
    assert image.size == ((640, 400) if turn < 5 else (400, 640))
    right, bottom = image.width - 5, image.height - 5
    places = {"NW": (5, 5), "NE": (right, 5), "SE": (right, bottom), "SW": (5, bottom)}
    assert near(image.getpixel(places[corner]), (200, 30, 30))  # type: ignore[arg-type]


def test_no_note_of_the_camera_survives() -> None:
    content = samples.photo_with_place()
    assert b"PhoneMaker" in content
    checked = check(samples.sent(content))
    image = image_of(checked)
    assert not image.getexif()
    assert not {"exif", "comment", "icc_profile", "photoshop", "xmp"} & set(image.info)
    assert b"PhoneMaker" not in checked.content
    assert b"secret comment" not in checked.content


def test_what_is_clear_becomes_white() -> None:
    clear = samples.written(Image.new("RGBA", (50, 50), (0, 0, 0, 0)), "PNG")
    assert image_of(check(samples.sent(clear))).getpixel((25, 25)) == (255, 255, 255)


def test_sixteen_bits_become_eight() -> None:
    assert image_of(check(samples.sent(samples.sixteen_bit()))).getpixel((9, 9)) == 40_000 >> 8


def test_the_colours_of_print_become_those_of_screens() -> None:
    red = samples.written(Image.new("CMYK", (50, 50), (0, 255, 255, 0)), "JPEG")
    assert near(image_of(check(samples.sent(red))).getpixel((25, 25)), (255, 0, 0))  # type: ignore[arg-type]


def test_a_photo_sent_as_png_does_not_grow_without_end() -> None:
    noise = Image.effect_noise((2000, 2000), 60).convert("P", palette=Image.Palette.ADAPTIVE, colors=16)
    content = samples.written(noise, "PNG")
    checked = check(samples.sent(content, "noise.png"))
    assert len(checked.content) < 2 * len(content) + 1024 * 1024


def test_the_same_file_has_the_same_hash_and_never_the_same_name(customer: Customer, ayu: Actor) -> None:
    one, two = check(samples.sent(samples.png(), "a.png")), check(samples.sent(samples.png(), "b.png"))
    assert one.sha256 == two.sha256
    owner = uuid4()
    names = {store.put(b"x", owner) for _ in range(50)}
    assert len(names) == 50
    assert all(len(name.split("/")[1]) * 4 >= 128 for name in names)


def test_a_pdf_keeps_its_pages_and_nothing_else() -> None:
    def change(made: pikepdf.Pdf) -> None:
        samples.with_metadata(made)
        samples.with_open_page(made)
        samples.with_link(made)

    checked = check(samples.sent(samples.pdf(2, change), "a.pdf"))
    assert checked.pages == 2
    with pikepdf.open(BytesIO(checked.content)) as kept:
        assert set(kept.Root.keys()) == {"/Type", "/Pages"}
        assert not kept.docinfo.keys()
        assert "/Annots" not in kept.pages[0].obj
    assert b"Ayu" not in checked.content
    assert b"bank.example" not in checked.content


def test_a_page_becomes_a_picture() -> None:
    checked = check(samples.sent(samples.pdf(), "a.pdf"))
    drawn = confined.run({"do": "page", "page": 0, "side": 1000}, checked.content).parts[0]
    image = Image.open(BytesIO(drawn)).convert("RGB")
    assert image.format is None
    assert max(image.size) == 1000
    black = (round(200 / 842 * 1000), round((842 - 600) / 842 * 1000))
    assert image.getpixel(black) == (0, 0, 0)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("ktp.jpg", "ktp.jpg"),
        ("KTP Ayu.JPEG", "KTP Ayu.JPEG"),
        ("../../etc/passwd", "passwd.jpg"),
        ("..\\..\\windows\\win.ini", "win.ini.jpg"),
        ("ktp.jpg.exe", "ktp.jpg.exe.jpg"),
        ("ktp.php", "ktp.php.jpg"),
        ("a\x00b.jpg", "a b.jpg"),
        ("a\r\nSet-Cookie: x.jpg", "a Set-Cookie: x.jpg"),
        ("gpj.\u202eexe", "gpj. exe.jpg"),
        ("\u200b\ufeff", "document.jpg"),
        ("", "document.jpg"),
        ("...", "document.jpg"),
        (".htaccess", "htaccess.jpg"),
        ("foto KTP \u2013 \u00e9.png", "foto KTP \u2013 \u00e9.png.jpg"),
    ],
)
def test_names_are_only_text(given: str, kept: str) -> None:
    assert clean_name(given, "JPEG") == kept


def test_a_long_name_keeps_its_ending() -> None:
    name = clean_name("x" * 300 + ".jpg", "JPEG")
    assert len(name) == 150
    assert name.endswith("x.jpg")


def test_what_lies_in_the_folder_is_encrypted_and_private(private_folder: Path) -> None:
    owner = uuid4()
    name = store.put(b"%PDF-1.7 secret", owner)
    path = private_folder / name
    assert b"secret" not in path.read_bytes()
    assert b"PDF" not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert store.get(name, owner) == b"%PDF-1.7 secret"


def test_a_file_put_in_the_place_of_another_is_noticed(private_folder: Path) -> None:
    mine, yours = uuid4(), uuid4()
    name, other = store.put(b"mine", mine), store.put(b"yours", yours)
    (private_folder / name).write_bytes((private_folder / other).read_bytes())
    with pytest.raises(store.Lost):
        store.get(name, mine)


@pytest.mark.parametrize("harm", ["gone", "changed", "cut", "other key"])
def test_a_harmed_file_is_lost_and_nothing_worse(harm: str, private_folder: Path, settings: Any) -> None:
    owner = uuid4()
    name = store.put(b"content", owner)
    path = private_folder / name
    whole = path.read_bytes()
    if harm == "gone":
        path.unlink()
    elif harm == "other key":
        settings.FILE_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    else:
        path.write_bytes(whole[:-9] if harm == "cut" else whole[:40] + b"x" + whole[41:])
    with pytest.raises(store.Lost):
        store.get(name, owner)


def test_an_identity_number_is_found_again_and_not_readable() -> None:
    token, hashed = identity.sealed("3204 1017-0890.0003")
    assert b"3204" not in token
    assert identity.hash_of("3204101708900003") == hashed
    assert identity.hash_of("3204101708900004") != hashed
    assert identity.number_of(KycCase(identity_number=token)) == "3204101708900003"
    assert identity.sealed("") == (b"", "")


def keep(ayu: Actor, customer: Customer, content: bytes, name: str) -> KycDocument:
    return submission.send_documents(actor=ayu, customer=customer, files=[samples.sent(content, name)], field="file")[0]


def test_keys_rotate_and_the_old_one_can_go(customer: Customer, ayu: Actor, settings: Any) -> None:
    submission.describe(
        actor=ayu,
        customer=customer,
        full_name="Ayu",
        birth_date=None,
        identity_number="3204101708900003",
        address="Jl. Mawar 1",
    )
    document = keep(ayu, customer, samples.png(), "a.png")
    before = render.content_of(document)
    old, new = settings.FILE_ENCRYPTION_KEYS[0], Fernet.generate_key().decode()
    settings.FILE_ENCRYPTION_KEYS = [new, old]
    assert render.content_of(document) == before
    call_command("rotate_file_keys", verbosity=0)
    settings.FILE_ENCRYPTION_KEYS = [new]
    document = KycDocument.objects.select_related("case").get()
    assert render.content_of(document) == before
    assert render.thumbnail_of(document)
    assert identity.number_of(document.case) == "3204101708900003"
    assert document.case.identity_hash == identity.hash_of("3204101708900003")
    kept = document.stored_as
    call_command("rotate_file_keys", verbosity=0)
    assert KycDocument.objects.get().stored_as == kept


def test_rotation_leaves_no_file_behind(customer: Customer, ayu: Actor, settings: Any, private_folder: Path) -> None:
    keep(ayu, customer, samples.png(), "a.png")
    settings.FILE_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.FILE_ENCRYPTION_KEYS]
    call_command("rotate_file_keys", verbosity=0)
    assert len([path for path in private_folder.rglob("*") if path.is_file()]) == 2


def with_new_key(settings: Any) -> str:
    settings.FILE_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.FILE_ENCRYPTION_KEYS]
    return str(settings.FILE_ENCRYPTION_KEYS[0])


def doubts(row: KycCase) -> list[str]:
    row = KycCase.objects.select_related("customer").get(pk=row.pk)
    return [flag.code for flag in review.assess(row).flags]


def test_the_same_number_is_found_after_the_key_has_changed(db: None, settings: Any) -> None:
    old = reviewing.case(number=reviewing.NIK)
    new = with_new_key(settings)
    call_command("rotate_file_keys", verbosity=0)
    settings.FILE_ENCRYPTION_KEYS = [new]
    fresh = reviewing.case(number=reviewing.NIK)
    assert "same_identity" in doubts(old)
    assert "same_identity" in doubts(fresh)


def test_the_same_number_is_found_while_keys_change(db: None, settings: Any) -> None:
    """One under the old key, one under the new one, and nobody has run the command yet."""
    old = reviewing.case(number=reviewing.NIK)
    with_new_key(settings)
    fresh = reviewing.case(number=reviewing.NIK)
    assert old.identity_hash != fresh.identity_hash
    assert "same_identity" in doubts(old)
    assert "same_identity" in doubts(fresh)
    review.assess_all_like(fresh)
    assert min(KycCase.objects.values_list("risk", flat=True)) >= 60


def test_a_number_whose_hash_is_behind_is_hashed_anew_and_weighed(db: None) -> None:
    first, second = reviewing.case(number=reviewing.NIK), reviewing.case(number=reviewing.NIK)
    KycCase.objects.filter(pk=first.pk).update(identity_hash="0" * 64)
    call_command("rotate_file_keys", verbosity=0)
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.identity_hash == second.identity_hash == identity.hash_of(reviewing.NIK)
    assert min(first.risk, second.risk) >= 60


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("keys", "wrong"), [([], True), (["short"], True), (["b25seS1mb3ItdGVzdHMtb25seS1mb3ItdGVzdHMtMTI="], False)]
)
def test_a_missing_or_bad_key_is_said_before_the_first_file(keys: list[str], wrong: bool, settings: Any) -> None:
    settings.FILE_ENCRYPTION_KEYS = keys
    found = [message for message in run_checks(include_deployment_checks=True) if "FILE_ENCRYPTION_KEYS" in message.msg]
    assert bool(found) is wrong
    assert all(message.hint for message in found)


@pytest.mark.parametrize("what", ["raw", "page", "thumbnail"])
@pytest.mark.parametrize(
    ("name", "content"), [("a.png", samples.png()), ("a.jpg", samples.jpeg()), ("a.pdf", samples.pdf())]
)
def test_every_way_out_is_shut_in_and_recorded(
    what: str, name: str, content: bytes, customer: Customer, ayu: Actor
) -> None:
    document = keep(ayu, customer, content, name)
    answer = getattr(serve, what)(ayu, document)
    assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "no-store"
    assert answer["Content-Disposition"].startswith("attachment; filename*=UTF-8''a." if what == "raw" else "inline")
    assert answer["Content-Type"] != "application/pdf" or what == "raw"
    entry = AuditEntry.objects.filter(action="kyc_document.viewed").get()
    assert entry.object_id == str(document.public_id)
    assert entry.after["what"] == {"raw": "file", "page": "page 1", "thumbnail": "thumbnail"}[what]


def test_what_was_filled_into_a_form_stays_visible() -> None:
    def fill(made: pikepdf.Pdf) -> None:
        look = pikepdf.Stream(made, b"0 g 0 0 100 50 re f")
        look.Type, look.Subtype = pikepdf.Name.XObject, pikepdf.Name.Form
        look.BBox = pikepdf.Array([0, 0, 100, 50])
        widget = made.make_indirect(
            pikepdf.Dictionary(
                Type=pikepdf.Name.Annot,
                Subtype=pikepdf.Name.Widget,
                FT=pikepdf.Name.Tx,
                T="name",
                V="Ayu",
                F=4,
                Rect=pikepdf.Array([400, 100, 500, 150]),
                AP=pikepdf.Dictionary(N=look),
            )
        )
        made.pages[0].obj.Annots = pikepdf.Array([widget])
        made.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array([widget]))

    checked = check(samples.sent(samples.pdf(1, fill), "form.pdf"))
    drawn = confined.run({"do": "page", "page": 0, "side": 842}, checked.content).parts[0]
    assert Image.open(BytesIO(drawn)).convert("RGB").getpixel((450, 842 - 125)) == (0, 0, 0)
