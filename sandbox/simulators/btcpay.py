"""The simulated BTCPay Server as a process: `python -m sandbox.simulators.btcpay --port 8103 …` (see --help)."""

import argparse
import hashlib
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask

from .btcpay_api import BtcpayApi
from .btcpay_books import Store
from .btcpay_control import BtcpayControl
from .btcpay_hooks import Hooks
from .btcpay_pages import CheckoutPages
from .serving import WsgiApp, serve
from .state import RequestLog, StateFile, logged

CLOCK_SECONDS = 1.0


@dataclass(frozen=True)
class Access:
    """Who may ask, and who is told."""

    api_key: str
    webhook_secret: str
    webhook_url: str = ""
    public_url: str = ""


def build(store: Store, access: Access) -> WsgiApp:
    app = Flask("btcpay-simulator", static_folder=None)
    app.config["PROPAGATE_EXCEPTIONS"] = True
    api, log = BtcpayApi(store, access.api_key, access.public_url), RequestLog()
    api.register(app)

    def next_mode() -> str:
        rule = api.faults.take("webhook")
        return rule.mode if rule else ""

    hooks = Hooks(store.state, store, access.webhook_secret, next_mode)
    hooks.settings.webhook_url = access.webhook_url
    CheckoutPages(store).register(app)
    BtcpayControl(store, api, hooks, log).register(app)
    wrapped: WsgiApp = logged(app, log, describe)
    return wrapped


def describe(environ: dict[str, Any]) -> dict[str, Any]:
    """What the request log may show of a call's headers: a key's fingerprint, never the key."""
    secret = environ.get("HTTP_AUTHORIZATION", "")
    return {"key_id": hashlib.sha256(secret.encode()).hexdigest()[:8] if secret else None}


def watch_the_clock(store: Store) -> None:
    """Invoices end by themselves, and the merchant is told so."""

    def watch() -> None:
        while True:
            time.sleep(CLOCK_SECONDS)
            store.age()

    threading.Thread(target=watch, daemon=True).start()


def main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in for a BTCPay Server on 127.0.0.1.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state-file", type=Path, help="keep everything here between starts")
    parser.add_argument("--api-key", required=True, help="the one key that is accepted")
    parser.add_argument("--store-id", required=True, help="the one store there is")
    parser.add_argument("--webhook-secret", required=True, help="signs the webhooks")
    parser.add_argument("--webhook-url", default="", help="where events are told")
    parser.add_argument("--public-url", default="", help="base of checkout links (the address that was asked)")
    wanted = parser.parse_args()
    store = Store(StateFile(wanted.state_file), wanted.store_id)
    access = Access(wanted.api_key, wanted.webhook_secret, wanted.webhook_url, wanted.public_url.rstrip("/"))
    app = build(store, access)
    watch_the_clock(store)
    serve(app, wanted.port, "BTCPay simulator")


if __name__ == "__main__":
    main()
