"""Settings that cannot work are said before the first request, each with a hint."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from cards import processors
from config.lib.raw_keys import read_key
from payments.banks import STATIC_BANKS

_MAKE_A_KEY = "Make one: python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'"
_MAKE_A_RAW_KEY = "Make one of its own: openssl rand -base64 32 | tr '+/' '-_'"
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@register(Tags.security)
def settings_make_sense(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    files = [*_key_files(), *_file_keys()]
    return [
        *_secrets(),
        *_sandbox(),
        *files,
        *_padding(),
        *_ovo(),
        *_permanent_numbers(),
        *_notes(),
        *_sms(),
        *_cards(),
    ]


@register(Tags.security, deploy=True)
def providers_are_configured(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    wanted = ["OTPZAP_API_KEY", "FASPAY_BASE_URL", "FASPAY_PARTNER_ID", "FASPAY_PARTNER_SERVICE_ID"]
    wanted += ["FASPAY_PRIVATE_KEY_FILE", "FASPAY_PUBLIC_KEY_FILES"]
    return [
        Error(f"{name} is not set.", hint=f"Set {name}; README.md says where it comes from.", id="gerbang.E004")
        for name in wanted
        if not getattr(settings, name)
    ]


def _secrets() -> Iterator[CheckMessage]:
    if not settings.SECRET_KEY:
        yield Error("SECRET_KEY is empty.", hint="`make run` makes one; elsewhere set it.", id="gerbang.E001")


def _sandbox() -> Iterator[CheckMessage]:
    if settings.SANDBOX_ENABLED and settings.HTTPS:
        yield Error(
            "SANDBOX_ENABLED is on behind a public https address.",
            hint="The sandbox lets anybody pay invoices with play money: switch it off in production.",
            id="gerbang.E002",
        )
    if settings.DEBUG and settings.HTTPS:
        yield checks.Warning("DEBUG is on behind https.", hint="Unset DEBUG.", id="gerbang.W001")


def _key_files() -> Iterator[CheckMessage]:
    for name in filter(None, [settings.FASPAY_PRIVATE_KEY_FILE, *settings.FASPAY_PUBLIC_KEY_FILES]):
        if not Path(name).is_file():
            yield Error(f"The key file {Path(name).name} does not exist.", hint="Check the path.", id="gerbang.E003")


def _padding() -> Iterator[CheckMessage]:
    if settings.FASPAY_REPAD_BEFORE_HASHING and not settings.SANDBOX_ENABLED:
        yield Error(
            "FASPAY_REPAD_BEFORE_HASHING is on without SANDBOX_ENABLED.",
            hint="It takes signatures over a text that was not sent: it is for Faspay's sandbox only.",
            id="gerbang.E012",
        )


def _ovo() -> Iterator[CheckMessage]:
    if settings.FASPAY_OVO_FORMAT not in {"json", "xml"}:
        yield Error("FASPAY_OVO_FORMAT is neither json nor xml.", hint="Leave it out for json.", id="gerbang.E007")
    if settings.FASPAY_OVO_FORMAT == "xml" and not re.fullmatch(r"[0-9]{2}", settings.FASPAY_OVO_XML_DIGITS):
        yield Error("FASPAY_OVO_XML_DIGITS is not two digits.", hint="Faspay tells them.", id="gerbang.E008")
    if settings.FASPAY_OVO_AMOUNT_MULTIPLIER < 1:
        yield Error("FASPAY_OVO_AMOUNT_MULTIPLIER is less than 1.", hint="Leave it out for 100.", id="gerbang.E009")
    if settings.FASPAY_OVO_BASE_URL and not settings.FASPAY_OVO_REDIRECT_HOSTS:
        yield checks.Warning(
            "FASPAY_OVO_REDIRECT_HOSTS is empty: nobody can be sent to OVO's pages.",
            hint="List the host of their pages, without https://.",
            id="gerbang.W002",
        )
    if 0 < len(settings.FASPAY_OVO_CALLBACK_TOKEN) < 24:
        yield Error(
            "FASPAY_OVO_CALLBACK_TOKEN is too short: it is all that protects the callback of OVO.",
            hint="Make it of 24 random letters and digits or more.",
            id="gerbang.E020",
        )


def _permanent_numbers() -> Iterator[CheckMessage]:
    for bank, service_id in settings.FASPAY_STATIC_SERVICE_IDS.items():
        if bank not in STATIC_BANKS:
            yield Error(
                f"FASPAY_STATIC_SERVICE_IDS names {bank}, where no permanent number can be given.",
                hint=f"Banks that can: {', '.join(sorted(STATIC_BANKS))}.",
                id="gerbang.E010",
            )
        if not re.fullmatch(r"[0-9]{1,8}", service_id):
            yield Error(
                f"The partner service id of {bank} in FASPAY_STATIC_SERVICE_IDS is not one to eight digits.",
                hint="Faspay gives one for every bank.",
                id="gerbang.E011",
            )
        if service_id == settings.FASPAY_PARTNER_SERVICE_ID:
            yield checks.Warning(
                f"Permanent numbers of {bank} begin as those that Faspay makes for single payments.",
                hint="Ask Faspay for a partner service id of their own, so that the two never meet.",
                id="gerbang.W003",
            )


def _notes() -> Iterator[CheckMessage]:
    if 0 < len(settings.OTPZAP_WEBHOOK_TOKEN) < 24 or not re.fullmatch("[A-Za-z0-9_-]*", settings.OTPZAP_WEBHOOK_TOKEN):
        yield Error(
            "OTPZAP_WEBHOOK_TOKEN is too short, or holds what cannot stand in an address.",
            hint="Make it of 24 random letters and digits or more.",
            id="gerbang.E021",
        )
    if any(len(secret) < 16 for secret in settings.OTPZAP_WEBHOOK_SECRETS):
        yield Error(
            "A secret in OTPZAP_WEBHOOK_SECRETS is shorter than 16 characters: OTPZap would put its own in its place.",
            hint="Make it of 32 random letters and digits or more.",
            id="gerbang.E022",
        )
    if not {*settings.OTPZAP_WEBHOOK_ENCODINGS} <= {"hex", "base64"}:
        yield Error("OTPZAP_WEBHOOK_ENCODINGS knows hex and base64.", hint="Leave it out for hex.", id="gerbang.E023")
    if settings.OTPZAP_FLOAT_ALERT < settings.OTPZAP_FLOAT_STOP:
        yield checks.Warning(
            "OTPZAP_FLOAT_ALERT is below OTPZAP_FLOAT_STOP: orders stop before anybody is told.",
            hint="Put the alert above the stop.",
            id="gerbang.W004",
        )


def _sms() -> Iterator[CheckMessage]:
    if settings.SMS_GATEWAY not in {"", "simulator", "http"}:
        yield Error(
            "SMS_GATEWAY names no gateway.", hint="Use http or simulator, or leave it empty.", id="gerbang.E013"
        )
    if settings.SMS_GATEWAY and not (settings.SMS_GATEWAY_URL and settings.SMS_GATEWAY_KEY):
        yield Error("SMS_GATEWAY is set without SMS_GATEWAY_URL and _KEY.", hint="Set all three.", id="gerbang.E014")
    if not re.fullmatch(r"\d{1,6}(\.\d{1,2})?", settings.SMS_PRICE_PER_SEGMENT, re.ASCII):
        yield Error("SMS_PRICE_PER_SEGMENT is no amount.", hint="Leones, such as 0.25.", id="gerbang.E015")
    if not re.fullmatch(r"[A-Za-z0-9 ]{1,11}", settings.SMS_SENDER_ID, re.ASCII):
        yield Error("SMS_SENDER_ID cannot be sent.", hint="1 to 11 letters, digits and spaces.", id="gerbang.E016")
    if settings.SMS_REPORT_TOKEN and not re.fullmatch(r"[A-Za-z0-9_-]{20,200}", settings.SMS_REPORT_TOKEN, re.ASCII):
        yield Error("SMS_REPORT_TOKEN is short or odd.", hint="20 letters, digits, - and _ or more.", id="gerbang.E017")
    if settings.SMS_GATEWAY == "http":
        yield from _sms_wire()


def _sms_wire() -> Iterator[CheckMessage]:
    wire = settings.SMS_HTTP
    way, _colon, name = wire["auth"].partition(":")
    known = way in {"bearer", "basic", "none"} or (way in {"header", "field"} and name)
    if not known or wire["format"] not in {"json", "form", "query"} or not {"to", "text"} <= set(wire["fields"]):
        hint = "docs/sms.md says what SMS_HTTP_AUTH, SMS_HTTP_FORMAT and SMS_HTTP_FIELDS take."
        yield Error("The gateway of SMS_HTTP_* cannot be called like this.", hint=hint, id="gerbang.E018")


def _cards() -> Iterator[CheckMessage]:
    for key in settings.CARD_ENCRYPTION_KEYS:
        if not _is_raw_key(key):
            yield Error("CARD_ENCRYPTION_KEYS holds something that is no key.", hint=_MAKE_A_RAW_KEY, id="gerbang.E050")
        if key in {settings.SECRET_KEY, *settings.FILE_ENCRYPTION_KEYS}:
            yield Error("A key of cards is used for other things.", hint=_MAKE_A_RAW_KEY, id="gerbang.E051")
    if settings.CARD_FINGERPRINT_KEY and len(settings.CARD_FINGERPRINT_KEY) < 32:
        yield Error("CARD_FINGERPRINT_KEY is short.", hint="32 characters or more, by chance.", id="gerbang.E052")
    if settings.CARD_PROCESSOR_URL and not (settings.CARD_ENCRYPTION_KEYS and settings.CARD_FINGERPRINT_KEY):
        yield Error(
            "CARD_PROCESSOR_URL is set without keys to keep cards under.",
            hint="Set CARD_ENCRYPTION_KEYS and CARD_FINGERPRINT_KEY; docs/cards.md says how.",
            id="gerbang.E053",
        )
    if _is_simulator(settings.CARD_PROCESSOR_URL) and not settings.SANDBOX_ENABLED:
        yield checks.Warning(
            "Live payments by card go to a simulator: nobody's card is charged.",
            hint="Set CARD_PROCESSOR_URL to a real processor, or leave it empty.",
            id="gerbang.W050",
        )
    names = [settings.CARD_PROCESSOR_NAME, settings.CARD_PROCESSOR_BEFORE_NAME]
    # The clearing accounts of play money end in -test.
    if not all(re.fullmatch(r"(?!.*-test$)[a-z0-9-]{0,16}", name) for name in names) or not names[0]:
        hint = "CARD_PROCESSOR_NAME, _BEFORE_NAME: at most 16 small letters, digits and hyphens, not ending in -test."
        yield Error("A processor of cards has a name that the books cannot bear.", hint=hint, id="gerbang.E054")
    if names[0] == names[1]:
        hint = "Give the new processor a CARD_PROCESSOR_NAME of its own; docs/runbook.md says how it is exchanged."
        yield Error("Two processors of cards have one name.", hint=hint, id="gerbang.E055")


@register(Tags.security, deploy=True)
def open_card_payments_have_a_processor(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Costs one query; where there is no database yet there are no payments either."""
    try:
        found = processors.orphans()
    except (DatabaseError, ImproperlyConfigured):
        return []
    hint = "Set CARD_PROCESSOR_BEFORE_NAME, _URL and _KEY until they have ended; docs/runbook.md says how."
    return [
        Error(
            f"{one.count} open payments by card are at {one.processor!r}, which is not configured"
            f" {'in the sandbox' if one.is_sandbox else 'for live cards'}.",
            hint=hint,
            id="gerbang.E056",
        )
        for one in found
    ]


def _is_simulator(url: str) -> bool:
    base = settings.SANDBOX_CARDS_URL
    return bool(url) and (bool(base and url.startswith(base)) or urlsplit(url).hostname in _LOOPBACK)


def _is_raw_key(key: str) -> bool:
    try:
        read_key(key)
    except ValueError:
        return False
    return True


def _file_keys() -> Iterator[CheckMessage]:
    for key in settings.FILE_ENCRYPTION_KEYS:
        if not _is_fernet_key(key):
            yield Error("FILE_ENCRYPTION_KEYS holds something that is no key.", hint=_MAKE_A_KEY, id="gerbang.E006")


def _is_fernet_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True


@register(Tags.security, deploy=True)
def documents_can_be_kept(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if settings.FILE_ENCRYPTION_KEYS:
        return []
    return [
        Error("FILE_ENCRYPTION_KEYS is empty: no identity document can be kept.", hint=_MAKE_A_KEY, id="gerbang.E005")
    ]
