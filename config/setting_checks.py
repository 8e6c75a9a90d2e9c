"""Settings that are wrong by themselves or do not fit one another: said at start, each with what to do."""

import ipaddress
import re
import urllib.parse
import zoneinfo
from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register

from config.lib.money import EXPONENTS

# What makes no sense at zero or below.
_POSITIVE = (
    *("STEP_UP_SECONDS", "CLIENT_REGISTRATIONS_PER_HOUR", "CUSTOMER_REGISTRATIONS_PER_HOUR"),
    *("LOGIN_FAILURES_PER_ADDRESS", "API_RATE_PER_MINUTE", "API_REFUSED_PER_MINUTE", "API_CALLS_KEPT_DAYS"),
    *("DEPOSIT_MINIMUM", "DEPOSIT_LIFETIME_MINUTES", "KYC_FILE_BYTES", "KYC_FILES_PER_DAY", "KYC_BYTES_PER_CUSTOMER"),
    *("KYC_CLAIM_MINUTES", "OTPZAP_RATE_PER_MINUTE", "OTPZAP_NOTES_KEPT_DAYS", "FASPAY_READ_TIMEOUT_SECONDS"),
    *("FASPAY_TIMESTAMP_TOLERANCE_SECONDS", "BTCPAY_READ_TIMEOUT_SECONDS", "EXCHANGES_KEPT_DAYS"),
    *("RECONCILIATION_PER_MINUTE", "PAYOUT_RAIL_PER_SECOND", "PAYOUT_RAIL_AT_ONCE", "PAYOUT_RAIL_TIMEOUT_SECONDS"),
    *("PAYOUT_FILE_ROWS", "PAYOUT_FILE_BYTES", "PAYOUT_CODE_SECONDS", "PAYOUT_PENDING_MINUTES"),
    *("CARD_TIMEOUT_SECONDS", "CARD_AUTHORIZATION_DAYS", "CARD_CHALLENGE_MINUTES", "CHECKOUT_MINUTES"),
    *("SMS_PER_CLIENT_AND_DAY", "SMS_GATEWAY_PER_SECOND", "WEBHOOK_TIMEOUT_SECONDS", "WEBHOOK_KEPT_DAYS"),
    *("NOTICES_KEPT_DAYS", "EMAIL_PORT", "EXPORT_AT_ONCE", "EXPORT_MOST_ROWS", "EXPORT_DAYS", "EXPORT_SECONDS"),
    "EXPORTS_UNDER_WAY",
)
# The first may not be above the second.
_ORDERED = (
    ("DEPOSIT_MINIMUM", "DEPOSIT_MAXIMUM"),
    ("KYC_FILE_BYTES", "KYC_BYTES_PER_CUSTOMER"),
    ("EXPORT_AT_ONCE", "EXPORT_MOST_ROWS"),
)
# One without the other does nothing, or fails at the first use.
_TOGETHER = (
    ("PAYOUT_RAIL_URL", "PAYOUT_RAIL_KEY"),
    ("CARD_PROCESSOR_URL", "CARD_PROCESSOR_KEY"),
    ("CARD_PROCESSOR_BEFORE_NAME", "CARD_PROCESSOR_BEFORE_URL"),
    ("CARD_PROCESSOR_BEFORE_NAME", "CARD_PROCESSOR_BEFORE_KEY"),
    ("CARD_PROCESSOR_BEFORE_URL", "CARD_PROCESSOR_BEFORE_NAME"),
    ("FASPAY_OVO_BASE_URL", "FASPAY_OVO_USER_ID"),
    ("FASPAY_OVO_BASE_URL", "FASPAY_OVO_PASSWORD"),
    ("BTCPAY_BASE_URL", "BTCPAY_API_KEY"),
    ("BTCPAY_BASE_URL", "BTCPAY_STORE_ID"),
    ("BTCPAY_BASE_URL", "BTCPAY_WEBHOOK_SECRET"),
    ("EMAIL_HOST_PASSWORD", "EMAIL_HOST_USER"),
)
_ADDRESSES = (
    *("BASE_URL", "OTPZAP_BASE_URL", "FASPAY_BASE_URL", "FASPAY_OVO_BASE_URL", "BTCPAY_BASE_URL", "PAYOUT_RAIL_URL"),
    *("CARD_PROCESSOR_URL", "CARD_PROCESSOR_BEFORE_URL", "SMS_GATEWAY_URL"),
)
_LEVELS = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}


@register(Tags.security)
def settings_fit(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [*_numbers(), *_pairs(), *_addresses(), *_words(), *_networks(), *_watching()]


@register(Tags.security, deploy=True)
def production_is_meant(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [*_public(), *_mail(), *_simulators()]


def _numbers() -> Iterator[CheckMessage]:
    for name in _POSITIVE:
        if getattr(settings, name) <= 0:
            yield Error(f"{name} is not positive.", hint="Leave it out for the usual value.", id="gerbang.E030")
    for low, high in _ORDERED:
        if getattr(settings, low) > getattr(settings, high):
            yield Error(f"{low} is above {high}.", hint="Nothing would fit between them.", id="gerbang.E031")
    if not 0 <= settings.KYC_SECOND_REVIEW_PERCENT <= 100 or not 0 <= settings.ORDER_CANCEL_PERCENT <= 100:
        hint = "KYC_SECOND_REVIEW_PERCENT and ORDER_CANCEL_PERCENT go from 0 to 100."
        yield Error("A percentage is none.", hint=hint, id="gerbang.E032")
    if not 0 <= settings.CARD_FEE_PERCENT < 100 or min(settings.CARD_FEE_FIXED.values()) < 0:
        yield Error(
            "The fee of cards makes no sense.", hint="Look at CARD_FEE_PERCENT and _FIXED_*.", id="gerbang.E033"
        )


def _pairs() -> Iterator[CheckMessage]:
    for one, other in _TOGETHER:
        if getattr(settings, one) and not getattr(settings, other):
            yield Error(f"{one} is set without {other}.", hint="Set both or neither.", id="gerbang.E034")


def _addresses() -> Iterator[CheckMessage]:
    for name in _ADDRESSES:
        parts = _parts(getattr(settings, name))
        if parts is None:
            yield Error(f"{name} is no address.", hint="https://host, perhaps with a path.", id="gerbang.E035")
        elif parts.username or parts.password or parts.query or parts.fragment:
            yield Error(f"{name} carries more than a place.", hint="No user, query or fragment.", id="gerbang.E036")
    host = (_parts(settings.BASE_URL) or urllib.parse.urlsplit("//")).hostname or ""
    if not _is_allowed(host, settings.ALLOWED_HOSTS):
        yield Error("BASE_URL is not among ALLOWED_HOSTS.", hint="Our own links would be refused.", id="gerbang.E037")


def _parts(address: str) -> urllib.parse.SplitResult | None:
    """The parts of an http address; an empty setting is no place, and right."""
    try:
        parts = urllib.parse.urlsplit(address)
        return (
            parts if not address or (parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0) else None
        )
    except ValueError:
        return None


def _is_allowed(host: str, allowed: Iterable[str]) -> bool:
    return any(
        pattern in {"*", host, f"[{host}]"} or (pattern.startswith(".") and f".{host}".endswith(pattern))
        for pattern in allowed
    )


def _words() -> Iterator[CheckMessage]:
    if settings.LOG_LEVEL not in _LEVELS:
        yield Error("LOG_LEVEL is no level.", hint=", ".join(sorted(_LEVELS)), id="gerbang.E038")
    if settings.MAIL_TRANSPORT not in {"smtp", "file", "console"}:
        yield Error("MAIL_TRANSPORT is unknown.", hint="smtp, file or console.", id="gerbang.E039")
    if settings.CUSTOMER_WALLET_ZONE not in zoneinfo.available_timezones():
        yield Error("CUSTOMER_WALLET_ZONE is no time zone.", hint="Such as Asia/Jakarta.", id="gerbang.E040")
    currencies = {settings.CUSTOMER_WALLET_CURRENCY, *settings.CLIENT_FUNDING_ACCOUNTS}
    if unknown := sorted(currencies - EXPONENTS.keys()):
        hint = f"Known are {', '.join(sorted(EXPONENTS))}."
        yield Error(f"No currency of ours: {', '.join(unknown)}.", hint=hint, id="gerbang.E041")
    for name in ("FILE_ENCRYPTION_KEYS", "CARD_ENCRYPTION_KEYS"):
        if len(set(getattr(settings, name))) != len(getattr(settings, name)):
            yield checks.Warning(f"{name} holds a key twice.", hint="Name each once.", id="gerbang.W030")


def _networks() -> Iterator[CheckMessage]:
    for network in settings.WEBHOOK_REFUSED_NETWORKS:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            hint = "Such as 203.0.113.0/24."
            yield Error("WEBHOOK_REFUSED_NETWORKS holds something that is no network.", hint=hint, id="gerbang.E042")
    if settings.WEBHOOK_LOCAL_RECEIVERS and not settings.SANDBOX_ENABLED:
        hint = "They count in the sandbox only: unset it."
        yield checks.Warning("WEBHOOK_LOCAL_RECEIVERS is set without SANDBOX_ENABLED.", hint=hint, id="gerbang.W031")


def _watching() -> Iterator[CheckMessage]:
    if settings.LOG_FORMAT not in {"text", "json"}:
        yield Error("LOG_FORMAT is unknown.", hint="text or json.", id="gerbang.E060")
    if settings.METRICS_TOKEN and not re.fullmatch(r"[A-Za-z0-9_.~+/=-]{24,200}", settings.METRICS_TOKEN, re.ASCII):
        hint = "24 letters, digits and _.~+/=- or more."
        yield Error("METRICS_TOKEN is short, or no header can carry it.", hint=hint, id="gerbang.E061")
    dsn = _parts(settings.SENTRY_DSN) if settings.SENTRY_DSN else None
    if settings.SENTRY_DSN and not (dsn and dsn.username and dsn.hostname and dsn.path.strip("/")):
        yield Error("SENTRY_DSN is no DSN.", hint="https://key@host/number, as Sentry shows it.", id="gerbang.E062")


def _public() -> Iterator[CheckMessage]:
    if "*" in settings.ALLOWED_HOSTS:
        yield Error("ALLOWED_HOSTS takes every name.", hint="Name your hosts.", id="gerbang.E043")
    if not settings.MFA_REQUIRED_ROLES:
        hint = "Leave it out: SuperAdmin and CompanyAdmin then need a second factor."
        yield checks.Warning("MFA_REQUIRED_ROLES is empty.", hint=hint, id="gerbang.W032")
    if settings.PAYOUT_ONE_PERSON_UP_TO > 0:
        hint = "Whoever makes a batch may approve it up to that sum."
        yield checks.Warning("PAYOUT_ONE_PERSON_UP_TO is above zero.", hint=hint, id="gerbang.W033")


def _mail() -> Iterator[CheckMessage]:
    if settings.MAIL_TRANSPORT != "smtp":
        yield Error("No mail would leave: MAIL_TRANSPORT is not smtp.", hint="Leave it out.", id="gerbang.E044")
    if ".example" in settings.DEFAULT_FROM_EMAIL:
        hint = "Set DEFAULT_FROM_EMAIL to a sender your mail server may use."
        yield checks.Warning("Mails would come from a placeholder.", hint=hint, id="gerbang.W034")


def _simulators() -> Iterator[CheckMessage]:
    for name in _ADDRESSES:
        parts = _parts(getattr(settings, name))
        if parts is None or not parts.hostname or settings.SANDBOX_ENABLED:
            continue
        if _is_loopback(parts.hostname):
            hint = "Simulators live there; money would only be played with."
            yield Error(f"{name} points at this machine.", hint=hint, id="gerbang.E045")
        elif parts.scheme != "https":
            yield Error(f"{name} is not https.", hint="Keys would cross the network in the clear.", id="gerbang.E046")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
