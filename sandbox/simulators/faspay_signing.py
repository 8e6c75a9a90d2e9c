"""SNAP signatures as the simulated Faspay makes and checks them (Faspay contract 1.1, 1.3 and 1.4)."""

import base64
import binascii
import hashlib
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)

QUOTE, BACKSLASH = ord('"'), ord("\\")


def minify(body: bytes) -> bytes:
    """Drop the whitespace between tokens; every byte inside strings and the text of numbers stay."""
    kept = bytearray()
    inside = escaped = False
    for byte in body:
        if inside:
            kept.append(byte)
            inside = escaped or byte != QUOTE
            escaped = byte == BACKSLASH and not escaped
        elif byte not in b" \t\r\n":
            kept.append(byte)
            inside = byte == QUOTE
    return bytes(kept)


def string_to_sign(method: str, path: str, body: bytes, timestamp: str) -> str:
    """`path` with its query string and without host; `body` is hashed minified."""
    digest = hashlib.sha256(minify(body)).hexdigest()
    return f"{method.upper()}:{path}:{digest}:{timestamp}"


def sign(key: RSAPrivateKey, text: str) -> str:
    """SHA256withRSA (PKCS#1 v1.5) in standard base64."""
    return base64.b64encode(key.sign(text.encode(), PKCS1v15(), SHA256())).decode()


def verify(key: RSAPublicKey, text: str, signature: str) -> bool:
    try:
        key.verify(base64.b64decode(signature, validate=True), text.encode(), PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def read_private_key(path: Path) -> RSAPrivateKey:
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise SystemExit(f"{path}: not an RSA private key")
    return key


def read_public_key(path: Path) -> RSAPublicKey:
    """From SPKI PEM, an X.509 certificate, or bare base64 of SPKI, whatever the file is called."""
    raw = path.read_bytes()
    key: object
    if b"BEGIN CERTIFICATE" in raw:
        key = x509.load_pem_x509_certificate(raw).public_key()
    elif b"BEGIN" in raw:
        key = load_pem_public_key(raw)
    else:
        key = load_der_public_key(base64.b64decode(raw))
    if not isinstance(key, RSAPublicKey):
        raise SystemExit(f"{path}: not an RSA public key")
    return key
