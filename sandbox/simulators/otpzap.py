"""The simulated OTPZap as a process: `python -m sandbox.simulators.otpzap --port 8101 --api-key KEY`."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flask import Flask

from .otpzap_account_desk import AccountDesk
from .otpzap_api import OtpzapApi
from .otpzap_control import OtpzapControl
from .otpzap_house import House, fingerprint
from .otpzap_mail import PostOffice
from .otpzap_mail_desk import MailDesk
from .otpzap_market import Market
from .otpzap_sms_desk import SmsDesk
from .serving import WsgiApp, serve
from .state import RequestLog, StateFile, logged


def build(state: StateFile, keys: Sequence[str]) -> WsgiApp:
    app = Flask("otpzap-simulator", static_folder=None)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    house, log = House(state, keys), RequestLog()
    market, office = Market(house), PostOffice(house)
    api = OtpzapApi(house, SmsDesk(market), MailDesk(office), AccountDesk())
    api.register(app)
    OtpzapControl(house, market, office, api, log).register(app)
    wrapped: WsgiApp = logged(app, log, describe)
    return wrapped


def describe(environ: dict[str, Any]) -> dict[str, Any]:
    """What the request log may show of a call's headers: a key's fingerprint, never the key."""
    scheme, _, key = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return {
        "key_id": fingerprint(key) if scheme == "Bearer" and key else None,
        "idempotency_key": environ.get("HTTP_IDEMPOTENCY_KEY"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in for OTPZap on 127.0.0.1.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state-file", type=Path, help="keep everything here between starts")
    parser.add_argument(
        "--api-key", required=True, action="append", help="a key that is accepted; every one is an account of its own"
    )
    wanted = parser.parse_args()
    serve(build(StateFile(wanted.state_file), wanted.api_key), wanted.port, "OTPZap simulator")


if __name__ == "__main__":
    main()
