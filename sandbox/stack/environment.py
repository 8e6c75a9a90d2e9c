"""The environment variables of the site on one machine."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.stack import keys, places
from sandbox.stack.ports import LOOPBACK

PARTNER_ID = "37020"
PARTNER_SERVICE_ID = "370201"
CHANNEL_ID = "77001"
QRIS_CHANNEL = "711"
STATIC_SERVICE_IDS = "702=370202,802=370203,800=370204"
BTCPAY_STORE_ID = "GerbangSandbox"
_ANY_ADDRESS = {"0.0.0.0": LOOPBACK, "::": "[::1]"}  # noqa: S104 - read, not bound

# What the settings read. A test or a check must not depend on what a developer happens to have exported.
_OF_SETTINGS = (
    *(
        "DATABASE_URL",
        "REDIS_URL",
        "SECRET_KEY",
        "FILE_ENCRYPTION_KEYS",
        "PRIVATE_FILES_DIR",
        "PG_BIN_DIR",
        "DEBUG",
        "ALLOWED_HOSTS",
        "BASE_URL",
        "VAR_DIR",
        "LOG_LEVEL",
        "LOG_FORMAT",
    ),
    *(
        "SANDBOX_ENABLED",
        "READ_LOCAL_ENV",
        "WHITENOISE_USE_FINDERS",
        "MFA_REQUIRED_ROLES",
        "STEP_UP_SECONDS",
        "LOGIN_FAILURES_PER_ADDRESS",
        "MAIL_TRANSPORT",
        "BEHIND_PROXY",
        "SSL_REDIRECT",
    ),
    *("DATABASE_CONN_MAX_AGE", "DATABASE_BEHIND_POOLER", "DJANGO_SETTINGS_MODULE", "DEFAULT_FROM_EMAIL"),
)
_PREFIXES = (
    *("OTPZAP_", "FASPAY_", "BTCPAY_", "SANDBOX_", "EMAIL_", "RATE_LIMIT_", "KYC_"),
    *("ORDER_", "WEBHOOK_", "NOTICES_", "LOW_BALANCE", "SETTLEMENT_", "CUSTOMER_", "CLIENT_", "REQUIRE_CONFIRMED_"),
    *("API_CALLS_", "API_RATE_", "API_REFUSED_", "SECRET_KEY_"),
    *(
        "DEPOSIT_",
        "PAYOUT_",
        "CARD_",
        "CHECKOUT_",
        "METRICS_",
        "SENTRY_",
        "EXPORT_",
        "SMS_",
        "PAYMENT_",
        "QRIS_",
        "OVO_",
        "CRYPTO_",
        "PAY_",
        "CASE_",
        "EXCHANGES_",
        "HEALTH_",
        "RECONCILIATION_",
    ),
)


@dataclass(frozen=True)
class Addresses:
    """Where the parts of one running stack listen."""

    host: str
    web: int
    otpzap: int
    faspay: int
    btcpay: int
    rail: int
    sms: int
    cards: int

    @property
    def base_url(self) -> str:
        """`localhost`, because a browser lets a passkey belong to that name but never to a number."""
        return f"http://localhost:{self.web}"

    @property
    def direct(self) -> str:
        """Where a program on this machine reaches the web process without asking for a name."""
        return f"http://{_ANY_ADDRESS.get(self.host, self.host)}:{self.web}"

    @property
    def simulators(self) -> dict[str, str]:
        ports = {
            "otpzap": self.otpzap,
            "faspay": self.faspay,
            "btcpay": self.btcpay,
            "rail": self.rail,
            "sms": self.sms,
            "cards": self.cards,
        }
        return {name: f"http://{LOOPBACK}:{port}" for name, port in ports.items()}


def without_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` without anything that the site's settings would read."""
    return {
        name: value for name, value in environ.items() if name not in _OF_SETTINGS and not name.startswith(_PREFIXES)
    }


def for_local_run(folder: Path, addresses: Addresses, database_url: str, redis_url: str) -> dict[str, str]:
    """Every setting of a local run. What the person who starts it has set already, wins."""
    merchant, _ = keys.key_pair(folder, keys.MERCHANT)
    _, faspay = keys.key_pair(folder, keys.FASPAY)
    simulators = addresses.simulators
    ours = {
        "BASE_URL": addresses.base_url,
        "ALLOWED_HOSTS": ",".join(_host_names(addresses.host)),
        "SECRET_KEY": keys.kept(folder, "secret-key"),
        "FILE_ENCRYPTION_KEYS": keys.file_key(folder),
        "SANDBOX_ENABLED": "1",
        # Demo people sign in with a password alone.
        "MFA_REQUIRED_ROLES": "",
        "SANDBOX_OTPZAP_URL": simulators["otpzap"],
        "SANDBOX_FASPAY_URL": simulators["faspay"],
        "SANDBOX_BTCPAY_URL": simulators["btcpay"],
        "SANDBOX_RAIL_URL": simulators["rail"],
        "PAYOUT_RAIL_URL": f"{simulators['rail']}/rail/v1",
        "PAYOUT_RAIL_KEY": keys.kept(folder, "rail-key"),
        "SANDBOX_SMS_URL": simulators["sms"],
        "SMS_GATEWAY": "simulator",
        "SMS_GATEWAY_URL": f"{simulators['sms']}/sms/v1",
        "SMS_GATEWAY_KEY": keys.kept(folder, "sms-key"),
        "SMS_REPORT_TOKEN": keys.kept(folder, "sms-report-token"),
        "SANDBOX_CARDS_URL": simulators["cards"],
        "SANDBOX_CARDS_KEY": keys.kept(folder, "cards-key"),
        "CARD_PROCESSOR_URL": f"{simulators['cards']}/cards/v1",
        "CARD_PROCESSOR_KEY": keys.kept(folder, "cards-key"),
        "CARD_CHALLENGE_KEY": keys.kept(folder, "card-challenge-key"),
        "CARD_ENCRYPTION_KEYS": keys.card_key(folder),
        "CARD_FINGERPRINT_KEY": keys.kept(folder, "card-fingerprint-key"),
        "CLIENT_FUNDING_ACCOUNTS": "SLE=Rokel Commercial Bank · 002001000000000017 · Gerbang Sandbox",
        "PG_BIN_DIR": str(places.programs(None)),
        "WHITENOISE_USE_FINDERS": "1",
        "MAIL_TRANSPORT": "file",
        "OTPZAP_BASE_URL": f"{simulators['otpzap']}/api/v1",
        "OTPZAP_API_KEY": keys.kept(folder, "otpzap-api-key"),
        "OTPZAP_API_KEYS": keys.kept(folder, "otpzap-second-api-key"),
        "OTPZAP_WEBHOOK_TOKEN": keys.kept(folder, "otpzap-webhook-token"),
        "OTPZAP_WEBHOOK_SECRETS": keys.kept(folder, "otpzap-webhook-secret"),
        "FASPAY_BASE_URL": simulators["faspay"],
        "FASPAY_PARTNER_ID": PARTNER_ID,
        "FASPAY_PARTNER_SERVICE_ID": PARTNER_SERVICE_ID,
        "FASPAY_CHANNEL_ID": CHANNEL_ID,
        "FASPAY_PRIVATE_KEY_FILE": str(merchant),
        "FASPAY_PUBLIC_KEY_FILES": str(faspay),
        "FASPAY_OVO_BASE_URL": simulators["faspay"],
        "FASPAY_OVO_USER_ID": f"bot{PARTNER_ID}",
        "FASPAY_OVO_PASSWORD": keys.kept(folder, "ovo-password"),
        "FASPAY_OVO_XML_DIGITS": "00",
        "FASPAY_OVO_CALLBACK_TOKEN": keys.kept(folder, "ovo-callback-token"),
        "FASPAY_OVO_REDIRECT_HOSTS": simulators["faspay"],
        "FASPAY_QRIS_CHANNEL": QRIS_CHANNEL,
        "FASPAY_STATIC_SERVICE_IDS": STATIC_SERVICE_IDS,
        "BTCPAY_BASE_URL": simulators["btcpay"],
        "BTCPAY_API_KEY": keys.kept(folder, "btcpay-api-key"),
        "BTCPAY_STORE_ID": BTCPAY_STORE_ID,
        "BTCPAY_WEBHOOK_SECRET": keys.kept(folder, "btcpay-webhook-secret"),
    }
    given = {name: os.environ[name] for name in ours if name in os.environ}
    fixed = {"DATABASE_URL": database_url, "REDIS_URL": redis_url, "VAR_DIR": str(folder)}
    return {**ours, **given, **fixed}


def _host_names(host: str) -> list[str]:
    names = ["localhost", LOOPBACK, "[::1]", socket.gethostname()]
    return names if host in (*names, *_ANY_ADDRESS) else [*names, host]
