"""Faspay's keys in every form that it has been seen to hand out, several at once, and while they change."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from django.core.checks import run_checks

from accounts.models import Customer
from payments.models import ProviderMessage
from payments.providers.faspay_snap import signing
from tests.payments import gate as g
from tests.payments.gate import INQUIRY, PAYMENT, Gate, code_of, inquiry, last_message, news, write

pytestmark = pytest.mark.django_db
PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER
SPKI, PKCS1 = serialization.PublicFormat.SubjectPublicKeyInfo, serialization.PublicFormat.PKCS1


def certificate(key: RSAPrivateKey, encoding: serialization.Encoding) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "faspay")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    # Expired long ago: a certificate is only an envelope of the key here.
    builder = builder.serial_number(1).not_valid_before(now - timedelta(days=900))
    return builder.not_valid_after(now - timedelta(days=1)).sign(key, hashes.SHA256()).public_bytes(encoding)


def forms(key: RSAPrivateKey) -> dict[str, bytes]:
    public = key.public_key()
    bare, bare_pkcs1 = public.public_bytes(DER, SPKI), public.public_bytes(DER, PKCS1)
    return {
        "spki.pem": public.public_bytes(PEM, SPKI),
        "spki.crt": public.public_bytes(PEM, SPKI),
        "windows.pem": public.public_bytes(PEM, SPKI).replace(b"\n", b"\r\n"),
        "pkcs1.pem": public.public_bytes(PEM, PKCS1),
        "certificate.crt": certificate(key, PEM),
        "chatty.crt": b"Bag Attributes\n  friendlyName: x\n" + certificate(key, PEM),
        "bare.txt": base64.b64encode(bare),
        "bare-lines.txt": b"\n" + base64.encodebytes(bare) + b"\n",
        "bare-pkcs1.txt": base64.b64encode(bare_pkcs1),
        "bare-certificate.cer": base64.b64encode(certificate(key, DER)),
    }


@pytest.mark.parametrize("name", list(forms(g.new_key())))
def test_every_form_of_a_key_opens(gate: Gate, customer: Customer, settings: Any, tmp_path: Path, name: str) -> None:
    g.permanent(customer)
    settings.FASPAY_PUBLIC_KEY_FILES = [write(tmp_path, name, forms(gate.key)[name])]
    assert code_of(gate.send(INQUIRY, inquiry())) == "2002400"
    known_as = signing.load_public_key(g.public_pem(gate.key)).name
    assert last_message().matched_key == f"{known_as} raw", "the same key has the same name in every form"


def test_keys_change_in_the_middle_of_traffic(gate: Gate, customer: Customer, settings: Any, tmp_path: Path) -> None:
    """Old alone, both, new alone; and a file that is overwritten in place, without a restart."""
    g.permanent(customer)
    new = Gate(g.new_key())
    old_file = settings.FASPAY_PUBLIC_KEY_FILES[0]
    new_file = write(tmp_path, "new.pub", g.public_pem(new.key))

    def heard() -> tuple[str, str]:
        return code_of(gate.send(INQUIRY, inquiry())), code_of(new.send(INQUIRY, inquiry()))

    assert heard() == ("2002400", "4012400")
    settings.FASPAY_PUBLIC_KEY_FILES = [old_file, new_file]
    assert heard() == ("2002400", "2002400")
    matched = ProviderMessage.objects.filter(verified=True).values_list("matched_key", flat=True)
    assert {row.split()[0] for row in matched} == {
        signing.load_public_key(g.public_pem(one.key)).name for one in (gate, new)
    }
    settings.FASPAY_PUBLIC_KEY_FILES = [new_file]
    assert heard() == ("4012400", "2002400")
    third = Gate(g.new_key())
    write(tmp_path, "new.pub", g.public_pem(third.key))
    assert (code_of(new.send(INQUIRY, inquiry())), code_of(third.send(INQUIRY, inquiry()))) == ("4012400", "2002400")


def test_unusable_files_are_left_out(gate: Gate, customer: Customer, settings: Any, tmp_path: Path) -> None:
    g.permanent(customer)
    broken = [write(tmp_path, "a", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"), str(tmp_path)]
    settings.FASPAY_PUBLIC_KEY_FILES = [*broken, str(tmp_path / "none"), *settings.FASPAY_PUBLIC_KEY_FILES]
    assert code_of(gate.send(INQUIRY, inquiry())) == "2002400"
    settings.FASPAY_PUBLIC_KEY_FILES = broken
    assert code_of(gate.send(INQUIRY, inquiry())) == "4012400"


def test_why_a_signature_fails_can_be_found(gate: Gate) -> None:
    """The text that should have been signed is kept: method, path, hash of the body, time, and nothing of the body."""
    raw = g.compact(inquiry())
    stamp = g.stamp_now()
    assert code_of(gate.send(INQUIRY, raw, signed=b"{}", timestamp=stamp)) == "4012400"
    message = last_message()
    assert message.string_to_sign == f"POST:{INQUIRY}:{message.body_sha256}:{stamp}"
    assert (bytes(message.body), message.verified, message.note) == (raw, False, "Unauthorized Signature")


# --- padding --------------------------------------------------------------------------------------------

NUMBER = "370201111111111"
WIDE = b'"partnerServiceId":"  370201","customerNo":"111111111","virtualAccountNo":"  370201111111111"'
NARROW = b'"partnerServiceId":" 370201","customerNo":"111111111","virtualAccountNo":" 370201111111111"'


@pytest.mark.parametrize("repad", [False, True])
def test_blanks_are_signed_and_only_the_sandbox_fills_them_up(
    gate: Gate, customer: Customer, settings: Any, repad: bool
) -> None:
    settings.FASPAY_REPAD_BEFORE_HASHING = repad
    g.open_number(customer, "TRX0000000000001", NUMBER)
    body = g.compact(news(NUMBER, trxId="TRX0000000000001"))
    wide, narrow = (body.replace(WIDE, fields) for fields in (WIDE, NARROW))
    assert wide != narrow
    assert code_of(gate.send(PAYMENT, wide)) == "2002500"
    assert code_of(gate.send(PAYMENT, narrow)) == "2002500"
    assert code_of(gate.send(PAYMENT, narrow, signed=wide)) == ("2002500" if repad else "4012500")
    if repad:
        assert last_message().matched_key.endswith(" repadded")
    assert code_of(gate.send(PAYMENT, wide, signed=narrow)) == "4012500"


def test_filling_up_is_for_the_sandbox_only(settings: Any) -> None:
    settings.FASPAY_REPAD_BEFORE_HASHING = True
    assert "gerbang.E012" not in [found.id for found in run_checks()]
    settings.SANDBOX_ENABLED = False
    assert "gerbang.E012" in [found.id for found in run_checks()]
