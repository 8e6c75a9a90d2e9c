"""Start the simulators as processes of their own and talk to their control pages."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Simulator:
    url: str
    secrets: dict[str, str] = field(default_factory=dict)

    def control(self, path: str, **body: Any) -> Any:
        """POST to the control page and return what it answers."""
        reply = requests.post(f"{self.url}/_control/{path}", json=body, timeout=10)
        reply.raise_for_status()
        return reply.json()

    def look(self, path: str) -> Any:
        """GET something from the control page."""
        reply = requests.get(f"{self.url}/_control/{path}", timeout=10)
        reply.raise_for_status()
        return reply.json()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def start_otpzap(folder: Path) -> Iterator[Simulator]:
    """With two keys; each of them is an account of its own."""
    keys = {"api_key": "test-otpzap-key", "other_api_key": "test-otpzap-key-2"}
    with _running("otpzap", folder, [f"--api-key={key}" for key in keys.values()]) as url:
        yield Simulator(url, keys)


@contextmanager
def start_faspay(folder: Path, notify_url: str = "http://127.0.0.1:9/v1.0/transfer-va/payment") -> Iterator[Simulator]:
    merchant, faspay = write_key_pair(folder / "merchant"), write_key_pair(folder / "faspay")
    arguments = ["--merchant-public-key", merchant[1], "--private-key", faspay[0]]
    arguments += ["--partner-id", "37020", "--notify-url", notify_url]
    with _running("faspay", folder, arguments) as url:
        secrets = {
            "merchant_private": merchant[0],
            "merchant_public": merchant[1],
            "faspay_private": faspay[0],
            "faspay_public": faspay[1],
        }
        yield Simulator(url, secrets)


@contextmanager
def start_btcpay(folder: Path, webhook_url: str = "") -> Iterator[Simulator]:
    secrets = {"api_key": "test-btcpay-key", "store_id": "TestStore", "webhook_secret": "test-webhook-secret"}
    arguments = ["--api-key", secrets["api_key"], "--store-id", secrets["store_id"]]
    arguments += ["--webhook-secret", secrets["webhook_secret"], "--webhook-url", webhook_url]
    with _running("btcpay", folder, arguments) as url:
        yield Simulator(url, secrets)


@contextmanager
def start_rail(folder: Path) -> Iterator[Simulator]:
    with _running("rail", folder, ["--api-key", "test-rail-key"]) as url:
        yield Simulator(url, {"api_key": "test-rail-key"})


@contextmanager
def start_sms(folder: Path) -> Iterator[Simulator]:
    with _running("sms", folder, ["--api-key", "test-sms-key"]) as url:
        yield Simulator(url, {"api_key": "test-sms-key"})


@contextmanager
def start_cards(folder: Path) -> Iterator[Simulator]:
    with _running("cards", folder, ["--api-key", "test-cards-key", "--challenge-key", "test-challenge-key"]) as url:
        yield Simulator(url, {"api_key": "test-cards-key", "challenge_key": "test-challenge-key"})


def write_key_pair(stem: Path) -> tuple[str, str]:
    """A fresh RSA pair as PEM files: (private, public)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private, public = stem.with_suffix(".key"), stem.with_suffix(".pub")
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    public.write_bytes(
        key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return str(private), str(public)


@cache
def private_key_of(file: str) -> rsa.RSAPrivateKey:
    """The key in a PEM file, read once: proving that it is one takes longer than a hundred signatures."""
    key = serialization.load_pem_private_key(Path(file).read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


@contextmanager
def _running(name: str, folder: Path, arguments: list[str]) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", f"sandbox.simulators.{name}", "--port", str(port)]
    command += ["--state-file", str(folder / "state.json"), *arguments]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        yield _wait(f"http://127.0.0.1:{port}", process)
    finally:
        process.terminate()
        process.wait(10)


def _wait(url: str, process: "subprocess.Popen[bytes]") -> str:
    for _attempt in range(200):
        assert process.poll() is None, "the simulator ended at once"
        try:
            if requests.get(f"{url}/_control/health", timeout=1).ok:
                return url
        except requests.ConnectionError:
            time.sleep(0.05)
    raise AssertionError("the simulator did not answer")
