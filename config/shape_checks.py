"""Settings that have the wrong form: lists of the wrong length, keys that are none, places that cannot be."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register

from kyc.models import KycDocument
from payments.services import key_files

# An allowance, such as 5/h/ip,5/h/key.
_ALLOWANCES = re.compile(r"\d+/\d*[smhd]/(ip|key|user)(,\d+/\d*[smhd]/(ip|key|user))*", re.ASCII)
_HEADER = re.compile(r"[A-Za-z0-9-]{1,60}", re.ASCII)
_FEE = re.compile(r"\d+(\.\d+)?%?", re.ASCII)


@register(Tags.security)
def settings_have_their_form(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [*_servers(), *_limits(), *_names(), *_files(), *_faspay_keys()]


@register(Tags.security, deploy=True)
def nothing_is_pretended(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return list(_pretended())


def _servers() -> Iterator[CheckMessage]:
    database = settings.DATABASES["default"]
    if not str(database.get("ENGINE", "")).endswith(".postgresql") or not database.get("NAME"):
        hint = "postgres://user:password@host:port/name"
        yield Error("DATABASE_URL is no address of a PostgreSQL database.", hint=hint, id="gerbang.E070")
    elif database["DISABLE_SERVER_SIDE_CURSORS"] and database["CONN_MAX_AGE"] != 0:
        hint = "Behind a transaction pooler set DATABASE_CONN_MAX_AGE=0."
        yield checks.Warning("DATABASE_CONN_MAX_AGE keeps connections of a pooler.", hint=hint, id="gerbang.W070")
    if urlsplit(settings.REDIS_URL).scheme not in {"redis", "rediss"} or not urlsplit(settings.REDIS_URL).hostname:
        yield Error("REDIS_URL is no address of a Redis.", hint="redis://:password@host:port/0", id="gerbang.E071")
    if urlsplit(settings.BASE_URL).path:
        hint = "The portal lives at the root of a host of its own: https://host."
        yield Error("BASE_URL has a path.", hint=hint, id="gerbang.E072")


def _limits() -> Iterator[CheckMessage]:
    for name, length, kinds in (
        ("QRIS_LIMITS, OVO_LIMITS or CRYPTO_LIMITS", 2, settings.PAYMENT_LIMITS),
        ("KYC_LIMITS_BASIC or _VERIFIED", 3, settings.KYC_LEVELS),
        ("ORDER_LIMITS_BASIC or _VERIFIED", 3, settings.ORDER_LIMITS),
    ):
        for values in kinds.values():
            if len(values) != length or min(values) <= 0 or (length == 2 and values[0] > values[1]):
                hint = f"{length} whole numbers above zero, comma separated; README.md says which."
                yield Error(f"{name} cannot be read as limits.", hint=hint, id="gerbang.E073")
    rules = {**settings.PAYOUT_RULES, "batch_daily_limit": settings.PAYOUT_BATCH_DAILY_LIMIT}
    if min(rules.values()) <= 0 or settings.PAYOUT_ONE_PERSON_UP_TO < 0:
        yield Error("A rule of PAYOUT_* is not positive.", hint="Leave it out for the usual one.", id="gerbang.E074")
    elif rules["single_limit"] > rules["daily_limit"]:
        hint = "One transfer may then never be as large as PAYOUT_SINGLE_LIMIT says."
        yield checks.Warning("PAYOUT_SINGLE_LIMIT is above PAYOUT_DAILY_LIMIT.", hint=hint, id="gerbang.W071")
    if min(settings.CARD_3DS_FROM.values()) < 0 or not 0 <= settings.KYC_SECOND_REVIEW_RISK <= 100:
        hint = "CARD_3DS_FROM_* are amounts; KYC_SECOND_REVIEW_RISK goes from 0 to 100."
        yield Error("CARD_3DS_FROM_* or KYC_SECOND_REVIEW_RISK makes no sense.", hint=hint, id="gerbang.E075")


def _names() -> Iterator[CheckMessage]:
    for name, text in (("LOGIN", "login"), ("SIGNUP", "signup"), ("RESET_PASSWORD", "reset_password")):
        if not _ALLOWANCES.fullmatch(settings.ACCOUNT_RATE_LIMITS[text] or "1/s/ip"):
            hint = "A number, a time, of whom: 30/m/ip."
            yield Error(f"RATE_LIMIT_{name} is no allowance.", hint=hint, id="gerbang.E076")
    if unknown := sorted({*settings.KYC_REQUIRED_DOCUMENTS} - {*KycDocument.Kind.values}):
        hint = f"Known are {', '.join(KycDocument.Kind.values)}."
        yield Error(f"KYC_REQUIRED_DOCUMENTS asks for {', '.join(unknown)}.", hint=hint, id="gerbang.E077")
    if not all(_FEE.fullmatch(str(fee)) for fee in settings.SETTLEMENT_FEES.values()):
        yield Error("SETTLEMENT_FEES holds what is no fee.", hint="faspay_va=4440,faspay_qris=0.7%", id="gerbang.E078")
    if not _HEADER.fullmatch(settings.WEBHOOK_SIGNATURE_HEADER):
        hint = "Letters, digits and hyphens, or leave it out."
        yield Error("WEBHOOK_SIGNATURE_HEADER cannot be a header.", hint=hint, id="gerbang.E079")
    if "@" not in settings.DEFAULT_FROM_EMAIL.strip("@"):
        yield Error("DEFAULT_FROM_EMAIL is no sender.", hint="Name <address@host>", id="gerbang.E080")
    if settings.SMS_HTTP["method"] not in {"GET", "POST", "PUT"}:
        yield Error("SMS_HTTP_METHOD is unknown.", hint="GET, POST or PUT.", id="gerbang.E081")
    if not all(re.fullmatch("[0-9]*", number, re.ASCII) for number in _of_faspay()):
        hint = "FASPAY_PARTNER_ID, _PARTNER_SERVICE_ID, _CHANNEL_ID and _QRIS_CHANNEL are digits."
        yield Error("A number that Faspay gave is none.", hint=hint, id="gerbang.E082")


def _of_faspay() -> list[str]:
    ours = [settings.FASPAY_PARTNER_ID, settings.FASPAY_PARTNER_SERVICE_ID.strip()]
    return [*ours, settings.FASPAY_CHANNEL_ID, settings.FASPAY_QRIS_CHANNEL]


def _files() -> Iterator[CheckMessage]:
    if not settings.PRIVATE_FILES_BUCKET and not Path(settings.PRIVATE_FILES_DIR).is_absolute():
        hint = "Web, workers and commands start in folders of their own."
        yield Error("PRIVATE_FILES_DIR is not a whole path.", hint=hint, id="gerbang.E083")
    private: Any = settings.STORAGES["private"]
    bucket = private["OPTIONS"] if settings.PRIVATE_FILES_BUCKET else {}
    if bool(bucket.get("access_key")) != bool(bucket.get("secret_key")):
        hint = "Set both, or neither to use the machine's role."
        yield Error("One of PRIVATE_FILES_KEY_ID and PRIVATE_FILES_KEY is missing.", hint=hint, id="gerbang.E084")
    place = urlsplit(bucket.get("endpoint_url") or "https://the.usual")
    if place.scheme not in {"http", "https"} or not place.hostname:
        yield Error("PRIVATE_FILES_ENDPOINT is no address.", hint="https://host", id="gerbang.E085")
    if settings.PG_BIN_DIR and not shutil.which("pg_dump", path=settings.PG_BIN_DIR):
        hint = "The folder of PostgreSQL's programs, such as /usr/lib/postgresql/18/bin."
        yield Error("There is no pg_dump in PG_BIN_DIR.", hint=hint, id="gerbang.E086")


def _faspay_keys() -> Iterator[CheckMessage]:
    for name in key_files.unusable():
        hint = "FASPAY_PRIVATE_KEY_FILE is our RSA key, FASPAY_PUBLIC_KEY_FILES are Faspay's public ones (PEM)."
        yield Error(f"The key file {Path(name).name} cannot be used.", hint=hint, id="gerbang.E087")


def _pretended() -> Iterator[CheckMessage]:
    if settings.SMS_GATEWAY == "simulator" and not settings.SANDBOX_ENABLED:
        yield Error("SMS go to a simulator: nobody receives them.", hint="SMS_GATEWAY=http", id="gerbang.E088")
    if settings.FASPAY_STRICT_EXTERNAL_ID:
        hint = "For Faspay's acceptance test only: unset it, or a repeated notification is refused."
        yield checks.Warning("FASPAY_STRICT_EXTERNAL_ID is on.", hint=hint, id="gerbang.W072")
    if settings.FASPAY_READ_TIMEOUT_SECONDS >= 30:
        hint = "The database ends what takes 30 seconds: stay below."
        yield checks.Warning("FASPAY_READ_TIMEOUT_SECONDS is 30 or more.", hint=hint, id="gerbang.W073")
