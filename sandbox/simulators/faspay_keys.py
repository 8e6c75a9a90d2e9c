"""The key pair that the simulated Faspay signs with, and its change in the middle of everything."""

import base64
import threading
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from .state import Row, StateFile

TABLE = "faspay_keys"
FORMS = ("pem", "base64", "certificate")


class KeyRing:
    """The first key came from a file; later ones live in the state file, so a restart keeps them."""

    def __init__(self, first: RSAPrivateKey, state: StateFile, file: Path | None = None) -> None:
        self.first, self.state, self.file, self.lock = first, state, file, threading.Lock()
        self.load()

    def load(self) -> None:
        rows = self.state.rows(TABLE)
        made = [load_private(rows[number]["pem"]) for number in sorted(rows, key=int)]
        self.keys = [self.first, *made]
        # How many letters the key before the newest still signs.
        self.overlap = 0

    def reset(self) -> None:
        self.state.clear(TABLE)
        self.load()

    @cached_property
    def foreign(self) -> RSAPrivateKey:
        """A key that is nobody's."""
        return new_key()

    @property
    def newest(self) -> RSAPrivateKey:
        return self.keys[-1]

    def next_key(self) -> RSAPrivateKey:
        """The key for the next letter: right after a change with overlap, still the old one."""
        with self.lock:
            if self.overlap > 0 and len(self.keys) > 1:
                self.overlap -= 1
                return self.keys[-2]
            return self.keys[-1]

    def rotate(self, overlap: int) -> None:
        key = new_key()
        with self.lock:
            self.keys.append(key)
            self.overlap = overlap
            self.state.put(TABLE, len(self.keys) - 1, {"pem": private_pem(key)})

    def write_public(self, form: str) -> str:
        """Put the newest public key in a file beside the first private one; "" where that cannot be."""
        if self.file is None:
            return ""
        path = self.file.with_name(f"{self.file.stem}-public-{len(self.keys)}.pem")
        try:
            path.write_text(public_forms(self.newest)[form])
        except OSError:
            return ""
        return str(path)

    def shown(self) -> list[Row]:
        """Public keys, newest first, in every form that Faspay may hand one over (contract 1.1)."""
        return [public_forms(key) for key in reversed(self.keys)]


def new_key() -> RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_pem(key: RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def load_private(pem: str) -> RSAPrivateKey:
    key = load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise TypeError("not an RSA private key")
    return key


def public_forms(key: RSAPrivateKey) -> dict[str, str]:
    public = key.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    bare = base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    return {"pem": pem, "base64": bare, "certificate": certificate(key)}


def certificate(key: RSAPrivateKey) -> str:
    """Self-signed, since some get their key as a .crt."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "simulated Faspay")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3650))
        .sign(key, SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode()
