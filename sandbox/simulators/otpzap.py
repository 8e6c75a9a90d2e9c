"""The simulated OTPZap as a process: `python -m sandbox.simulators.otpzap --port 8101 --api-key KEY`."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask

from .otpzap_account_desk import AccountDesk
from .otpzap_api import OtpzapApi
from .otpzap_control import OtpzapControl
from .otpzap_hook_control import HookControl
from .otpzap_hooks import Hooks
from .otpzap_house import House, fingerprint
from .otpzap_mail import PostOffice
from .otpzap_mail_desk import MailDesk
from .otpzap_market import Market
from .otpzap_sms_desk import SmsDesk
from .otpzap_topups import Till
from .serving import WsgiApp, serve
from .state import RequestLog, StateFile, logged


@dataclass(frozen=True)
class Start:
    """What stands on the command line: keys, and where notes go until somebody says otherwise."""

    keys: Sequence[str]
    webhook_url: str = ""
    webhook_secret: str = ""
    webhook_local: bool = False


def build(state: StateFile, start: Start) -> WsgiApp:
    app = Flask("otpzap-simulator", static_folder=None)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    house, log = House(state, start.keys), RequestLog()
    market, office, till = Market(house), PostOffice(house), Till(house)
    desk = AccountDesk(house, till)
    api = OtpzapApi(house, SmsDesk(market), MailDesk(office), desk)
    desk.hooks = Hooks(house, api.faults, start.webhook_url, start.webhook_secret, start.webhook_local)
    desk.register(app)
    api.register(app)
    OtpzapControl(house, office, api, HookControl(desk.hooks, market, till), log).register(app)
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
    parser.add_argument("--webhook-url", default="", help="where the notes of every account go at first")
    parser.add_argument("--webhook-secret", default="")
    parser.add_argument("--webhook-local", action="store_true", help="take webhooks on this machine, by http too")
    wanted = parser.parse_args()
    start = Start(wanted.api_key, wanted.webhook_url, wanted.webhook_secret, wanted.webhook_local)
    serve(build(StateFile(wanted.state_file), start), wanted.port, "OTPZap simulator")


if __name__ == "__main__":
    main()
