"""Our own portal as a server of its own, beside the process of the tests and on the same rows."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote, urlsplit

import requests
from django.conf import settings
from django.db import connection

from tests.simulators import ROOT, Simulator, free_port


@contextmanager
def running_portal(otpzap: Simulator, faspay: Simulator) -> Iterator[str]:
    """The address of a portal that buys at the simulators and works on the database of the tests."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "config.wsgi:application"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--blocking-threads", "4"]
    command += ["--no-ws", "--log-level", "warning"]
    process = subprocess.Popen(command, cwd=ROOT, env=_environment(url, otpzap, faspay))
    try:
        yield _wait(url, process)
    finally:
        process.terminate()
        process.wait(20)


def _environment(url: str, otpzap: Simulator, faspay: Simulator) -> dict[str, str]:
    rows = connection.settings_dict
    who = f"{quote(rows['USER'])}:{quote(rows['PASSWORD'])}"
    return os.environ | {
        "DATABASE_URL": f"postgres://{who}@{rows['HOST']}:{rows['PORT']}/{rows['NAME']}",
        "REDIS_URL": settings.REDIS_URL,
        "BASE_URL": url,
        "DEBUG": "0",
        "LOG_LEVEL": "WARNING",
        "OTPZAP_BASE_URL": f"{otpzap.url}/api/v1",
        "OTPZAP_API_KEY": otpzap.secrets["api_key"],
        "FASPAY_BASE_URL": faspay.url,
        "FASPAY_PARTNER_ID": "37020",
        "FASPAY_PARTNER_SERVICE_ID": "370201",
        "FASPAY_QRIS_CHANNEL": "711",
        "FASPAY_PRIVATE_KEY_FILE": faspay.secrets["merchant_private"],
        "FASPAY_PUBLIC_KEY_FILES": faspay.secrets["faspay_public"],
    }


def _wait(url: str, process: "subprocess.Popen[bytes]") -> str:
    assert urlsplit(url).hostname == "127.0.0.1"
    for _attempt in range(400):
        assert process.poll() is None, "the portal ended at once"
        try:
            if requests.get(f"{url}/api/v1/openapi.json", timeout=10).ok:
                return url
        except requests.ConnectionError:
            time.sleep(0.05)
    raise AssertionError("the portal did not answer")
