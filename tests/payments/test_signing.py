"""The signature: known answers made with openssl, and every form of key and body the contract names."""

import base64
import hashlib
import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from payments.providers.faspay_snap import signing

PRETTY = b"""{
  "virtualAccountName":"Jokul Doe",
  "virtualAccountEmail":"jokul@example.com",
  "virtualAccountPhone":"6281828384858",
  "trxId":"abcdefgh1234",
  "totalAmount":{
    "value":"12345678.00",
    "currency":"IDR"
  },
  "expiredDate":"2020-12-31T23:59:59-07:00",
  "additionalInfo":{
    "billDate":"2020-12-31T23:59:59-07:00",
    "channelCode":"6011",
    "billDescription":"Maintenance"
  }
}
"""
PATH = "/v1.0/transfer-va/create-va"
STAMP = "2020-12-17T10:55:00+07:00"
# sha256sum of the sample written on one line by hand.
SAMPLE_HASH = "050e29ab579c2930b2ccdde3da9b8c66316ff861e8107f54ef2fb8944ff6b690"
# openssl dgst -sha256 -sign over the text below, with a key that was thrown away.
OPENSSL_KEY = b"""-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAyyKZ0R0TUqjyRtbFfhep
Im1pmcLJRqaPZyokF11DBtQS3KLAfIOZYg/85YS76XhSNwh+XbNbzD9Uvz1kN3qs
s02RLtTDbHuR42NpAOPeINeBVMmaE67OvuMgK9k7e8Y3SmJFnqwhrdeDm/aWAH9f
3KXS2Vd9M1uPF/mJ5xr3Z4ZjxLBq8feQgBgFnkG3+bcp4G+gvbzxHZ5k5VtyZnAu
wm4MUXjbYF5s/2Gt+sM4Gnw6yYoTH9VzSOt6KOIROP5zqaPhNjaPDsgM3X3JrnH6
XEXGARh5GyHngec0YiHRmJTvWFbs67ws/pMT58rRW/pXvd+pA2hQJVlOGJQPpLV1
RQIDAQAB
-----END PUBLIC KEY-----
"""
OPENSSL_SIGNATURE = (
    "L2sCZzwT2J7JPlQtvFSmv83npsBmxObTDGgop4bv5Oh5fVMbG7lDEledEbi5Xo+4SeG7IrSWlFHO4MYprHUHuKwCg9Vi9B+bs69h0RM7"
    "pwbcgfrDNex5gKDP/ce+GHmR9Qe48Gbu4aDjBEMFl3GMYTE3e7uAdsbRJV/zeSOEphaiyLOYtcNF4Murm9X4Axl0LG9tF07+FKRy6M94"
    "7OcPN5T76LXMqmF4ct0zyW76jEF0gWdGV+SJ5C58JLMt7iwdkQDAf9BF0phQd+JvnnxG0ZPC5Eo99P9ryrL+zaIKXhPBYb/Gjgda4+Rc"
    "8PBACb/VWQ1HTxoZWNr4cxhnRACRGw=="
)


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _spki(key: rsa.RSAPrivateKey, encoding: serialization.Encoding) -> bytes:
    return key.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)


def _named(key: rsa.RSAPrivateKey) -> signing.PublicKey:
    return signing.load_public_key(_spki(key, serialization.Encoding.PEM))


def test_string_to_sign_of_the_documented_sample() -> None:
    text = signing.string_to_sign("post", PATH, signing.minify(PRETTY), STAMP)
    assert text.decode() == f"POST:{PATH}:{SAMPLE_HASH}:{STAMP}"


def test_string_to_sign_of_no_body() -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert signing.string_to_sign("DELETE", "/x", b"", STAMP) == f"DELETE:/x:{empty}:{STAMP}".encode()


def test_a_signature_made_by_openssl_fits_the_pretty_body() -> None:
    found = signing.verify(
        [signing.load_public_key(OPENSSL_KEY)],
        method="POST",
        path=PATH,
        body=PRETTY,
        timestamp=STAMP,
        signature=OPENSSL_SIGNATURE,
    )
    assert found is not None
    assert found.form == "minified"


def test_openssl_accepts_what_we_sign(key: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    text = signing.string_to_sign("POST", PATH, signing.minify(PRETTY), STAMP)
    (tmp_path / "text").write_bytes(text)
    (tmp_path / "sig").write_bytes(base64.b64decode(signing.sign(key, text)))
    (tmp_path / "pub").write_bytes(_spki(key, serialization.Encoding.PEM))
    command = ["openssl", "dgst", "-sha256", "-verify", "pub", "-signature", "sig", "text"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert said.stdout.strip() == "Verified OK"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (b'{ "a" : 1 }', b'{"a":1}'),
        (b'{\r\n\t"a":\t[1, 2 ,3]\n}\n', b'{"a":[1,2,3]}'),
        (b'{"virtualAccountNo": "  370201 0001"}', b'{"virtualAccountNo":"  370201 0001"}'),
        (b'{"a": "say \\" x \\" : , "}', b'{"a":"say \\" x \\" : , "}'),
        (b'{"a": "ends with \\\\", "b": " c "}', b'{"a":"ends with \\\\","b":" c "}'),
        (b'{"n": 1.10, "e": 1E+2}', b'{"n":1.10,"e":1E+2}'),
        (b'{"b": 1, "a": 2, "b": 3}', b'{"b":1,"a":2,"b":3}'),
        (b'{"u": "\xc3\xa9 \\u00e9 \\/"}', b'{"u":"\xc3\xa9 \\u00e9 \\/"}'),
        (b'{"u": "\xe2\x80\xa8"}', b'{"u":"\xe2\x80\xa8"}'),
        (b'  "open string with  blanks', b'"open string with  blanks'),
        (b"", b""),
    ],
)
def test_minify_removes_blank_space_between_tokens_only(given: bytes, expected: bytes) -> None:
    assert signing.minify(given) == expected


@pytest.mark.timeout(60)  # quadratic work on a megabyte would take hours
def test_minify_takes_linear_time_on_hostile_input() -> None:
    hostile = [b'"' + b'\\"' * 500_000, b'"a' * 500_000, b" " * 1_000_000 + b'"', b'"\\' * 500_000, b"\\" * 1_000_000]
    for body in hostile:
        assert next(signing.forms_of(body)) == ("raw", body)
        assert len(list(signing.forms_of(body))) <= 3


@pytest.mark.parametrize(
    ("given", "expected"),
    [(b'"a\\/b"', b'"a/b"'), (b'"a\\\\/b"', b'"a\\\\/b"'), (b'"\\\\\\/"', b'"\\\\/"'), (b'"\\"\\/"', b'"\\"/"')],
)
def test_only_escaped_slashes_are_unescaped(given: bytes, expected: bytes) -> None:
    assert signing.unescape_slashes(given) == expected
    assert json.loads(given) == json.loads(expected)


@pytest.mark.parametrize(
    ("wire", "signed", "form"),
    [
        (b'{"a":"x/y"}', b'{"a":"x/y"}', "raw"),
        (b'{ "a" : "x/y" }', b'{ "a" : "x/y" }', "raw"),
        (b'{ "a" : "x/y" }', b'{"a":"x/y"}', "minified"),
        (b'{"a":"x\\/y"}', b'{"a":"x/y"}', "unescaped"),
        (b'{ "a": "x\\/y" }', b'{"a":"x/y"}', "unescaped"),
    ],
)
def test_every_form_of_the_same_json_is_tried(key: rsa.RSAPrivateKey, wire: bytes, signed: bytes, form: str) -> None:
    signature = signing.sign(key, signing.string_to_sign("POST", PATH, signed, STAMP))
    found = signing.verify([_named(key)], method="POST", path=PATH, body=wire, timestamp=STAMP, signature=signature)
    assert found is not None
    assert (found.form, found.key_name) == (form, _named(key).name)


@pytest.mark.parametrize("change", ["body", "path", "method", "timestamp", "padding", "signature", "nonsense", "empty"])
def test_anything_else_is_refused(key: rsa.RSAPrivateKey, change: str) -> None:
    body = b'{"virtualAccountNo":"  3702010001"}'
    signature = signing.sign(key, signing.string_to_sign("POST", PATH, body, STAMP))
    parts = {"method": "POST", "path": PATH, "body": body, "timestamp": STAMP, "signature": signature}
    parts |= {
        "body": {"body": body.replace(b"1", b"2")},
        "path": {"path": "/api" + PATH},
        "method": {"method": "PUT"},
        "timestamp": {"timestamp": STAMP.replace("55", "56")},
        "padding": {"body": body.replace(b"  ", b" ")},
        "signature": {"signature": base64.b64encode(bytes(256)).decode()},
        "nonsense": {"signature": "85be817c55b2c135157c7e89f52499bf0c25ad6eeebe04a986e8c862561b19a5é"},
        "empty": {"signature": ""},
    }[change]  # type: ignore[operator]
    assert signing.verify([_named(key)], **parts) is None  # type: ignore[arg-type]


def test_several_keys_are_active_at_once(key: rsa.RSAPrivateKey) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    text = signing.string_to_sign("POST", PATH, b"{}", STAMP)
    parts = {"method": "POST", "path": PATH, "body": b"{}", "timestamp": STAMP, "signature": signing.sign(other, text)}
    found = signing.verify([_named(key), _named(other)], **parts)  # type: ignore[arg-type]
    assert found is not None
    assert found.key_name == _named(other).name
    assert signing.verify([_named(key)], **parts) is None  # type: ignore[arg-type]
    assert signing.verify([], **parts) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("form", [serialization.PrivateFormat.TraditionalOpenSSL, serialization.PrivateFormat.PKCS8])
def test_our_key_may_be_pkcs1_or_pkcs8(key: rsa.RSAPrivateKey, form: serialization.PrivateFormat) -> None:
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    assert signing.load_private_key(pem).private_numbers() == key.private_numbers()


def test_their_key_may_be_pem_bare_base64_or_a_certificate(key: rsa.RSAPrivateKey) -> None:
    bare = base64.encodebytes(_spki(key, serialization.Encoding.DER))
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "faspay")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    fingerprint = hashlib.sha256(_spki(key, serialization.Encoding.DER)).hexdigest()[:16]
    for form in (_spki(key, serialization.Encoding.PEM), bare, bare.replace(b"\n", b""), certificate):
        found = signing.load_public_key(form)
        assert found.name == fingerprint
        assert found.key.public_numbers() == key.public_key().public_numbers()


@pytest.mark.parametrize(
    "data", [b"", b"hello", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", b"AAAA"]
)
def test_what_is_no_key_is_refused(data: bytes) -> None:
    with pytest.raises(signing.UnusableKey):
        signing.load_public_key(data)
    with pytest.raises(signing.UnusableKey):
        signing.load_private_key(data)


def test_only_rsa_will_do() -> None:
    curve = ec.generate_private_key(ec.SECP256R1())
    private = curve.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = curve.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    with pytest.raises(signing.UnusableKey):
        signing.load_private_key(private)
    with pytest.raises(signing.UnusableKey):
        signing.load_public_key(public)
