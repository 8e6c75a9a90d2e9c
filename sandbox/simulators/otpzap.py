"""The simulated OTPZap as a process: `python -m sandbox.simulators.otpzap --port 8101 --api-key KEY`."""

import argparse
import hashlib
from pathlib import Path
from typing import Any

from flask import Flask

from .otpzap_api import OtpzapApi
from .otpzap_control import OtpzapControl
from .otpzap_market import Market
from .serving import WsgiApp, serve
from .state import RequestLog, StateFile, logged


def build(state: StateFile, api_key: str) -> WsgiApp:
    app = Flask("otpzap-simulator", static_folder=None)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    market, log = Market(state), RequestLog()
    api = OtpzapApi(market, api_key)
    api.register(app)
    OtpzapControl(market, api, log).register(app)
    wrapped: WsgiApp = logged(app, log, describe)
    return wrapped


def describe(environ: dict[str, Any]) -> dict[str, Any]:
    """What the request log may show of a call's headers: a key's fingerprint, never the key."""
    secret = environ.get("HTTP_AUTHORIZATION", "")
    return {
        "key_id": hashlib.sha256(secret.encode()).hexdigest()[:8] if secret else None,
        "idempotency_key": environ.get("HTTP_IDEMPOTENCY_KEY"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in for OTPZap on 127.0.0.1.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state-file", type=Path, help="keep everything here between starts")
    parser.add_argument("--api-key", required=True, help="the one key that is accepted")
    wanted = parser.parse_args()
    serve(build(StateFile(wanted.state_file), wanted.api_key), wanted.port, "OTPZap simulator")


if __name__ == "__main__":
    main()
