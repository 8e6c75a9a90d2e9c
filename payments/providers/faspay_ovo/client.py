"""HTTP to OVO Tokenize: addresses, signature, JSON or XML, and what an answer means. No business words here."""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings

from config.lib import http
from config.lib.errors import ProviderError
from payments.providers.faspay_ovo import repair, schemas, signing

SUCCESS, FAILED, REGENERATE = "00", "01", "02"
_TYPES = {repair.JSON: "application/json", repair.XML: "application/xml"}

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Service:
    """One of the operations: its number, what its requests call it, and the first digits of its XML address."""

    name: str
    number: str
    request: str
    xml_family: str = "183"


ACTIVATE = Service("activate", "100037", "Account Activation OVO OpenAPI")
PAY = Service("pay", "100038", "Transfer OVO OpenAPI", xml_family="189")
BALANCE = Service("balance", "100039", "Check Balance OVO OpenAPI")
UNLINK = Service("unlink", "100040", "Unlink OVO Open API")
HISTORY = Service("history", "100041", "History OVO Open API")
TOPUP = Service("topup", "100042", "Top Up Instruction OVO Open API")


@dataclass(frozen=True)
class Reply:
    """An answer with a code that the caller expected."""

    code: str
    tree: repair.Tree


class Refused(ProviderError):
    """Code 01: they understood, and did not do it."""


def call(service: Service, phone: str, fields: Mapping[str, str], *, also: tuple[str, ...] = ()) -> Reply:
    """Send one signed request about ``phone`` (as `schemas.phone_of` writes it); return the answer of code 00.

    A code in ``also`` is returned as well. Raises `Refused` for 01 and `ProviderError` else: ``retryable`` when
    nothing was sent or they asked us to come back, ``outcome_unknown`` for a timeout, 4xx, 5xx, an unknown code, and
    whatever is neither JSON nor XML (Faspay contract 5.3, 5.5).
    """
    form = settings.FASPAY_OVO_FORMAT
    url = _address(service, form)
    try:
        reply = http.send(
            "POST",
            url,
            headers={"Content-Type": _TYPES[form], "Accept": f"{_TYPES[form]}, */*;q=0.5"},
            body=schemas.render(form, _signed(service, phone, fields)),
            label=f"ovo {service.name}",
            read_timeout=settings.FASPAY_READ_TIMEOUT_SECONDS,
        )
    except http.HttpError as error:
        raise ProviderError(
            f"ovo {service.name}: no answer", retryable=not error.sent, outcome_unknown=error.sent
        ) from error
    return _read(service, reply, (SUCCESS, *also))


def _address(service: Service, form: str) -> str:
    wanted = ["FASPAY_OVO_BASE_URL", "FASPAY_OVO_USER_ID", "FASPAY_OVO_PASSWORD", "FASPAY_PARTNER_ID"]
    wanted += ["FASPAY_OVO_XML_DIGITS"] if form == repair.XML else []
    for name in wanted:
        if not getattr(settings, name):
            raise ProviderError(f"{name} is not set", retryable=True, outcome_unknown=False)
    if form not in _TYPES:
        raise ProviderError("FASPAY_OVO_FORMAT is neither json nor xml", retryable=True, outcome_unknown=False)
    if form == repair.XML:
        path = f"/pws/{service.number}/{service.xml_family}{settings.FASPAY_OVO_XML_DIGITS}00010100000/"
    else:
        path = f"/cvr/{service.number}/10"
    return str(settings.FASPAY_OVO_BASE_URL) + path


def _signed(service: Service, phone: str, fields: Mapping[str, str]) -> dict[str, str]:
    signature = signing.request_signature(settings.FASPAY_OVO_USER_ID, settings.FASPAY_OVO_PASSWORD, phone)
    return {
        "request": service.request,
        "merchant_id": settings.FASPAY_PARTNER_ID,
        **fields,
        "payment_channel": schemas.CHANNEL,
        "phone_no": phone,
        "signature": signature,
    }


def _read(service: Service, reply: http.HttpReply, wanted: tuple[str, ...]) -> Reply:
    if reply.status == 429:
        raise ProviderError(
            f"ovo {service.name}: HTTP 429",
            retryable=True,
            outcome_unknown=False,
            status=429,
            retry_after=_seconds(reply.headers.get("Retry-After", "")),
        )
    tree = _tree_of(reply.body)
    code = repair.code_of(tree.get("response_code"))
    if reply.status == 200 and code in wanted:
        return Reply(code, tree)
    logger.warning("ovo %s answered HTTP %d, code %r", service.name, reply.status, code)
    if reply.status == 200 and code == FAILED:
        raise Refused(f"ovo {service.name}: 01", retryable=False, outcome_unknown=False, code=code, status=200)
    raise ProviderError(
        f"ovo {service.name}: HTTP {reply.status}, code {code or 'none'}",
        retryable=False,
        outcome_unknown=True,
        code=code,
        status=reply.status,
    )


def _tree_of(body: bytes) -> repair.Tree:
    try:
        return repair.read_answer(body)
    except repair.Unreadable:
        return {}


def _seconds(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[0-9]{1,5}", text, re.ASCII) else None
