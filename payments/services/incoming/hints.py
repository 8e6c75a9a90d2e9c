"""What comes without a signature: OVO says that a link is made or not (Faspay contract 5.3). A hint, never a fact."""

import json
import logging
from collections.abc import Mapping
from urllib.parse import urlencode

from django.db import Error as DatabaseError

from config.lib.masking import masked_phone
from payments.methods import FASPAY_OVO
from payments.models import ProviderMessage
from payments.providers.faspay_ovo import incoming
from payments.providers.faspay_ovo.incoming import LinkHint, Unreadable
from payments.providers.faspay_snap.incoming import Call
from payments.services import ovo
from payments.services.incoming import keeping
from payments.services.incoming.keeping import Record
from payments.services.incoming.replies import Reply

Decision = ProviderMessage.Decision
Kind = ProviderMessage.Kind
# The token that follows is a secret: it is not kept.
PATH = "/faspay/ovo/linked"

logger = logging.getLogger(__name__)


def receive_link_hint(token: str, call: Call, query: Mapping[str, str]) -> Reply:
    """Take what is said of an activation, by GET or POST, in the query, JSON or XML, and keep a bounded part of it.

    404 for a token that is nobody's.
    """
    try:
        hint = incoming.read_link_callback(query, call.body)
    except Unreadable:
        status = 400 if ovo.is_open(token) else 404
        _keep(call, query, None, Decision.REFUSED, str(status))
        return _answer(status, "01", "Failed")
    decision = ovo.take_link_hint(token, hint)
    if decision is Decision.REFUSED:
        _keep(call, query, hint, decision, "404")
        return _answer(404, "01", "Failed")
    _keep(call, query, hint, decision, "200")
    return _answer(200, "00", "Success")


def _keep(call: Call, query: Mapping[str, str], hint: LinkHint | None, decision: Decision, code: str) -> None:
    record = Record(
        provider=FASPAY_OVO,
        path=PATH,
        external_id="",
        kind=Kind.LINK,
        headers=call.headers,
        content=call.body or urlencode(query).encode(),
        matched_key="",
        decision=decision,
        code=code,
        body="",
        reference=masked_phone(hint.phone) if hint else "",
    )
    try:
        keeping.keep_unsigned(record)
    except DatabaseError:
        logger.exception("a link callback could not be kept")


def _answer(status: int, code: str, words: str) -> Reply:
    return Reply(status, json.dumps({"response_code": code, "response_desc": words}).encode())
