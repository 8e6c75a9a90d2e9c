"""Secrets and keys of one local stack, made at its first start and used again at every later one."""

import base64
import secrets
from pathlib import Path

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sandbox.stack.folder import write_private

MERCHANT, FASPAY = "merchant", "faspay"


def kept(folder: Path, name: str) -> str:
    """The secret called `name`; made when there is none yet."""
    path = _keys(folder) / name
    if not path.exists():
        write_private(path, secrets.token_urlsafe(64))
    return path.read_text()


def file_key(folder: Path) -> str:
    """The key that encrypts documents (Fernet); made when there is none yet."""
    path = _keys(folder) / "file-key"
    if not path.exists():
        write_private(path, Fernet.generate_key().decode())
    return path.read_text()


def card_key(folder: Path) -> str:
    """The key that numbers of cards are kept under: 32 bytes in URL-safe base64; made when there is none yet."""
    path = _keys(folder) / "card-key"
    if not path.exists():
        write_private(path, base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
    return path.read_text()


def key_pair(folder: Path, name: str) -> tuple[Path, Path]:
    """Private and public PEM file of the RSA pair called `name`; made when there is none yet."""
    private, public = _keys(folder) / f"{name}-private.pem", _keys(folder) / f"{name}-public.pem"
    if not private.exists() or not public.exists():
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        write_private(public, _public_pem(key))
        write_private(private, _private_pem(key))
    return private, public


def _keys(folder: Path) -> Path:
    place = folder / "keys"
    place.mkdir(mode=0o700, exist_ok=True)
    return place


def _private_pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def _public_pem(key: rsa.RSAPrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )
