"""The SNAP signature: what is signed, with which keys, and which forms of a body are the same JSON.

Pure functions over bytes. Source: Faspay contract 1.1, 1.3 and 1.4.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.x509 import load_der_x509_certificate, load_pem_x509_certificate

# A string token (also one that never ends, so that hostile input stays linear), or blank space between tokens.
_STRING_OR_SPACE = re.compile(rb'("[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z))|[ \t\r\n]++', re.DOTALL)
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_SERVICE_ID = re.compile(rb'("partnerServiceId":") *([0-9]{1,8})(")')


class UnusableKey(ValueError):
    """The file holds no RSA key of a form we know."""


@dataclass(frozen=True)
class PublicKey:
    """One of Faspay's active keys; ``name`` is the beginning of its SPKI fingerprint, for logs."""

    name: str
    key: RSAPublicKey


@dataclass(frozen=True)
class Match:
    """Which key and which form of the body (raw, minified, unescaped) a signature fits."""

    key_name: str
    form: str


def load_private_key(data: bytes) -> RSAPrivateKey:
    """Read our own key from PEM, PKCS#1 or PKCS#8, without a passphrase. Raises `UnusableKey`."""
    try:
        key = serialization.load_pem_private_key(data, password=None)
    except (ValueError, TypeError) as error:
        raise UnusableKey("no readable private key") from error
    if not isinstance(key, RSAPrivateKey):
        raise UnusableKey("the private key is not RSA")
    return key


def load_public_key(data: bytes) -> PublicKey:
    """Read one of Faspay's keys, whatever the file is called: an X.509 certificate, SPKI or PKCS#1, in PEM or base64.

    Raises `UnusableKey`. Source: Faspay contract 1.1.
    """
    try:
        key = _read_public_key(data.strip())
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UnusableKey("no readable public key") from error
    if not isinstance(key, RSAPublicKey):
        raise UnusableKey("the public key is not RSA")
    spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return PublicKey(hashlib.sha256(spki).hexdigest()[:16], key)


def _read_public_key(data: bytes) -> object:
    if b"-----BEGIN CERTIFICATE" in data:
        return load_pem_x509_certificate(data).public_key()
    if b"-----BEGIN" in data:
        return serialization.load_pem_public_key(data)
    plain = base64.b64decode(b"".join(data.split()), validate=True)
    try:
        return serialization.load_der_public_key(plain)
    except ValueError:
        return load_der_x509_certificate(plain).public_key()


def minify(body: bytes) -> bytes:
    """Drop the blank space between tokens and nothing else: key order, numbers and strings stay as they are."""
    return _STRING_OR_SPACE.sub(lambda found: found[1] or b"", body)


def unescape_slashes(body: bytes) -> bytes:
    """Write every ``\\/`` as ``/``, as Faspay's own clients do; an escaped backslash before a slash stays."""
    return _ESCAPE.sub(lambda found: b"/" if found[1] == b"/" else found[0], body)


def string_to_sign(method: str, path: str, body: bytes, timestamp: str) -> bytes:
    """``METHOD:path:hex(sha256(body)):timestamp``; ``body`` is taken as given (minify it first)."""
    digest = hashlib.sha256(body).hexdigest()
    return f"{method.upper()}:{path}:{digest}:{timestamp}".encode()


def sign(key: RSAPrivateKey, text: bytes) -> str:
    """SHA256withRSA (PKCS#1 v1.5), in standard base64."""
    return base64.b64encode(key.sign(text, PKCS1v15(), hashes.SHA256())).decode()


def forms_of(body: bytes, *, repad: bool = False) -> Iterator[tuple[str, bytes]]:
    """The forms of ``body`` that the sender may have hashed. The first three denote the same JSON value.

    ``repad`` adds a fourth for the sandbox: both number fields filled up to their width (Faspay contract 1.4).
    """
    yield "raw", body
    small = minify(body)
    if small != body:
        yield "minified", small
    plain = unescape_slashes(small)
    if plain != small:
        yield "unescaped", plain
    if repad and (padded := pad_numbers(plain)) != plain:
        yield "repadded", padded


def pad_numbers(body: bytes) -> bytes:
    """partnerServiceId eight wide, and the same in front of virtualAccountNo; everything else as it is."""
    found = _SERVICE_ID.search(body)
    if found is None:
        return body
    service = found[2]
    body = _SERVICE_ID.sub(lambda match: match[1] + service.rjust(8) + match[3], body, count=1)
    number = re.compile(rb'("virtualAccountNo":") *(' + service + rb'[0-9]*)(")')
    return number.sub(lambda match: match[1] + service.rjust(8) + match[2][len(service) :] + match[3], body, count=1)


def verify(
    keys: Iterable[PublicKey],
    *,
    method: str,
    path: str,
    body: bytes,
    timestamp: str,
    signature: str,
    repad: bool = False,
) -> Match | None:
    """Find the active key and the form of the body that ``signature`` fits; None when there is none.

    ``path`` is the canonical path of the service, never the path the request came on (Faspay contract 1.3).
    """
    try:
        given = base64.b64decode(signature, validate=True)
    except (binascii.Error, ValueError):
        return None
    keys = list(keys)
    # The usual form is tried with every key before another one is made.
    for form, candidate in forms_of(body, repad=repad):
        text = string_to_sign(method, path, candidate, timestamp)
        for public in keys:
            try:
                public.key.verify(given, text, PKCS1v15(), hashes.SHA256())
            except InvalidSignature:
                continue
            return Match(public.name, form)
    return None
