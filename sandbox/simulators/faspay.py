"""The simulated Faspay as a process: `python -m sandbox.simulators.faspay --port 8102 …` (see --help)."""

import argparse
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from flask import Flask

from .faspay_api import FaspayApi
from .faspay_bank import Bank
from .faspay_control import FaspayControl
from .faspay_keys import KeyRing
from .faspay_legacy import LegacyControl
from .faspay_notifier import Notifier, NotifySettings
from .faspay_ovo_books import OvoBooks
from .faspay_ovo_caller import OvoSettings
from .faspay_ovo_control import build_ovo
from .faspay_qr_api import QrApi
from .faspay_qr_control import QrControl
from .faspay_settlement import SettlementReport
from .faspay_signing import read_private_key, read_public_key
from .faspay_static import StaticBank
from .faspay_static_control import StaticControl
from .serving import WsgiApp, serve
from .state import RequestLog, StateFile, logged


@dataclass(frozen=True)
class OvoAccess:
    """Who may call OVO Tokenize, and where the merchant listens."""

    user_id: str
    password: str
    settings: OvoSettings = field(default_factory=OvoSettings)


def build(
    bank: Bank,
    merchant_key: RSAPublicKey,
    keys: KeyRing,
    where: NotifySettings,
    ovo_access: OvoAccess,
    service_ids: dict[str, str],
) -> WsgiApp:
    app = Flask("faspay-simulator", static_folder=None)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    api, log = FaspayApi(bank, merchant_key), RequestLog()
    api.register(app)

    QrApi(api).register(app)

    def next_mode(operation: str) -> str:
        rule = api.faults.take(operation)
        return rule.mode if rule else ""

    notifier = Notifier(bank, keys, next_mode)
    notifier.at_start, notifier.settings = where, replace(where)
    control = FaspayControl(api, notifier, log)
    control.register(app)
    QrControl(bank, notifier).register(app)
    static = StaticBank(bank.state, service_ids, notifier)
    api.static_status = static.status
    StaticControl(static).register(app)
    control.others.append(static.reset)
    own = OvoBooks(bank.state, bank.merchant, bank.now)
    ovo = build_ovo(own, ovo_access.user_id, ovo_access.password, ovo_access.settings, app)
    control.others.append(ovo.reset)
    SettlementReport(bank, static, own).register(app)
    LegacyControl(bank, static, notifier, ovo.caller).register(app)
    wrapped: WsgiApp = logged(app, log, describe)
    return wrapped


def describe(environ: dict[str, Any]) -> dict[str, Any]:
    """What the request log shows of a call's headers."""
    return {
        "partner_id": environ.get("HTTP_X_PARTNER_ID"),
        "external_id": environ.get("HTTP_X_EXTERNAL_ID"),
        "timestamp": environ.get("HTTP_X_TIMESTAMP"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in for Faspay SNAP on 127.0.0.1.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state-file", type=Path, help="keep everything here between starts")
    parser.add_argument("--merchant-public-key", type=Path, required=True, help="verifies the portal's calls")
    parser.add_argument("--private-key", type=Path, required=True, help="signs notifications")
    parser.add_argument("--partner-id", required=True, help="merchant id, five digits")
    parser.add_argument("--partner-service-id", help="first digits of account numbers (merchant id and 1)")
    parser.add_argument("--static-service-ids", default="", help="of permanent numbers: 702=370202,802=370203")
    parser.add_argument("--notify-url", default="", help="where payments are told")
    parser.add_argument("--merchant-url", default="", help="base of all other calls (where --notify-url is)")
    parser.add_argument("--legacy-notify-url", default="", help="where the old notifications go")
    parser.add_argument("--ovo-user-id", help="user of the legacy API (bot and the merchant id)")
    parser.add_argument("--ovo-password", default="sandbox-ovo", help="its password; signs both ways")
    parser.add_argument("--ovo-notify-url", default="", help="where OVO payments are told")
    parser.add_argument("--ovo-callback-url", default="", help="where activations are told")
    parser.add_argument("--ovo-return-url", default="", help="where the browser goes after OVO's page")
    wanted = parser.parse_args()
    service_id = (wanted.partner_service_id or f"{wanted.partner_id}1").strip()
    bank = Bank(StateFile(wanted.state_file), wanted.partner_id, service_id)
    merchant_key = read_public_key(wanted.merchant_public_key)
    keys = KeyRing(read_private_key(wanted.private_key), bank.state, wanted.private_key)
    where = NotifySettings(wanted.notify_url, wanted.merchant_url, wanted.legacy_notify_url)
    service_ids = service_ids_from(wanted.static_service_ids, wanted.partner_id)
    app = build(bank, merchant_key, keys, where, ovo_access(wanted), service_ids)
    serve(app, wanted.port, "Faspay simulator")


def service_ids_from(text: str, partner_id: str) -> dict[str, str]:
    """Bank to first digits of its permanent numbers; BCA, Mandiri and BRI unless told otherwise."""
    usual = f"702={partner_id}2,802={partner_id}3,800={partner_id}4"
    pairs = (pair.partition("=") for pair in (text or usual).split(","))
    return {bank.strip(): digits.strip() for bank, _, digits in pairs}


def ovo_access(wanted: argparse.Namespace) -> OvoAccess:
    where = OvoSettings(
        notify_url=wanted.ovo_notify_url, callback_url=wanted.ovo_callback_url, return_url=wanted.ovo_return_url
    )
    return OvoAccess(wanted.ovo_user_id or f"bot{wanted.partner_id}", wanted.ovo_password, where)


if __name__ == "__main__":
    main()
