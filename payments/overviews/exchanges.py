"""Everything that came from providers and went to them, in one list by time, and each of them whole."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from xml.parsers.expat import ExpatError

from defusedxml import DefusedXmlException
from defusedxml.minidom import parseString
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.fields.json import KT
from django.utils.functional import Promise

from payments.methods import PROVIDER_NAMES
from payments.models import Deposit, PaymentAttempt, ProviderExchange, ProviderMessage, StaticAccount

IN, OUT = "in", "out"
SIZE = 30
_CURSOR = re.compile(r"([np])(\d{1,17})\.([01])\.(\d{1,18})", re.ASCII)
_RANK = {IN: 1, OUT: 0}
Outcome, Decision = ProviderExchange.Outcome, ProviderMessage.Decision
TONES = {
    Outcome.OK: "success",
    Outcome.REFUSED: "neutral",
    Outcome.UNKNOWN: "warning",
    Outcome.UNSENT: "danger",
    Decision.WAITING: "info",
    Decision.CREDITED: "success",
    Decision.REPEATED: "neutral",
    Decision.ACKNOWLEDGED: "neutral",
    Decision.ASKED: "info",
    Decision.UNMATCHED: "warning",
    Decision.FLAGGED: "warning",
    Decision.CONFLICT: "warning",
    Decision.REFUSED: "danger",
}


@dataclass(frozen=True)
class Wanted:
    """What the reader looks for; empty means everything."""

    provider: str = ""
    direction: str = ""
    outcome: str = ""
    decision: str = ""
    text: str = ""

    @property
    def is_set(self) -> bool:
        return any((self.provider, self.direction, self.outcome, self.decision, self.text))

    @property
    def directions(self) -> tuple[str, ...]:
        """What has an outcome went out, what has a decision came in."""
        if self.direction:
            return (self.direction,)
        return (OUT,) if self.outcome else (IN,) if self.decision else (IN, OUT)


@dataclass(frozen=True)
class Line:
    """One row of the list. ``state`` is the decision about what came, or the outcome of what went."""

    direction: str
    pk: int
    at: datetime
    provider: str
    what: str | Promise
    reference: str
    state: str
    state_text: str
    tone: str
    code: str
    status: int | None
    elapsed_ms: int | None
    verified: bool
    times: int = 1

    @property
    def cursor(self) -> str:
        micros = (self.at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        return f"{micros}.{_RANK[self.direction]}.{self.pk}"


@dataclass(frozen=True)
class Slice:
    """One page of lines; the cursors are those of `config.lib.pagination`."""

    items: Sequence[Line]
    next_cursor: str | None
    previous_cursor: str | None


def page(wanted: Wanted, *, cursor: str = "", size: int = SIZE) -> Slice:
    """The newest first. ``cursor`` is text of an earlier page; anything else counts as the first page."""
    found = _CURSOR.fullmatch(cursor)
    backwards = found is not None and found[1] == "p"
    edge = _edge(found) if found else None
    attempts = _attempts_named(wanted.text)
    lines: list[Line] = []
    if IN in wanted.directions:
        rows = _before(_messages(wanted, attempts), "received_at", IN, edge, backwards)
        lines += [_of_message(row) for row in rows[: size + 1]]
    if OUT in wanted.directions:
        sent = _before(_exchanges(wanted, attempts), "sent_at", OUT, edge, backwards)
        lines += [_of_exchange(row) for row in sent[: size + 1]]
    lines.sort(key=lambda line: (line.at, _RANK[line.direction], line.pk), reverse=not backwards)
    more, items = len(lines) > size, lines[:size]
    if backwards:
        items.reverse()
    return _sliced(items, more=more, backwards=backwards, at_start=edge is None)


def _sliced(items: list[Line], *, more: bool, backwards: bool, at_start: bool) -> Slice:
    if not items:
        return Slice(items, None, None)
    older = backwards or more
    newer = more if backwards else not at_start
    return Slice(items, f"n{items[-1].cursor}" if older else None, f"p{items[0].cursor}" if newer else None)


def _edge(found: "re.Match[str]") -> tuple[datetime, int, int] | None:
    try:
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(found[2]))
    except OverflowError:
        return None
    return at, int(found[3]), int(found[4])


def _before(
    rows: "QuerySet[Any]", at: str, direction: str, edge: tuple[datetime, int, int] | None, backwards: bool
) -> "QuerySet[Any]":
    """Rows beyond ``edge``, in the order time, direction, id; nearest to the edge first."""
    order = "" if backwards else "-"
    if edge is not None:
        moment, rank, pk = edge
        beyond = "gt" if backwards else "lt"
        same = Q()
        if _RANK[direction] == rank:
            same = Q(**{at: moment, f"pk__{beyond}": pk})
        elif (_RANK[direction] < rank) != backwards:
            same = Q(**{at: moment})
        rows = rows.filter(Q(**{f"{at}__{beyond}": moment}) | same if same else Q(**{f"{at}__{beyond}": moment}))
    return rows.order_by(f"{order}{at}", f"{order}pk")


def _attempts_named(text: str) -> list[int] | None:
    """The attempts that a number, a trxId, a provider's id or a deposit's id speaks of; None without a search."""
    if not text:
        return None
    digits = re.sub(r"[\s.-]", "", text)
    named = Q(trx_id__in={text, text.upper()}) | Q(provider_trx_id=text) | Q(number=digits)
    uuid = _uuid(text)
    if uuid:
        named |= Q(deposit__in=Deposit.objects.filter(public_id=uuid))
    return list(PaymentAttempt.objects.filter(named).order_by("-id").values_list("pk", flat=True)[:200])


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _messages(wanted: Wanted, attempts: list[int] | None) -> QuerySet[ProviderMessage]:
    rows = ProviderMessage.objects.defer("body", "answer_body")
    if wanted.provider:
        rows = rows.filter(provider=wanted.provider)
    if wanted.decision:
        rows = rows.filter(decision=wanted.decision)
    if attempts is not None:
        rows = rows.filter(_message_named(wanted.text, attempts))
    return rows


def _message_named(text: str, attempts: list[int]) -> Q:
    digits = re.sub(r"[\s.-]", "", text)
    accounts = StaticAccount.objects.filter(pk=OuterRef("static_account"), number=digits)
    named = Q(external_id=text) | Q(reference__in={text, digits, text.upper()}) | Q(attempt__in=attempts)
    number = text.removeprefix("#")
    if number.isascii() and number.isdigit() and len(number) < 16:
        named |= Q(pk=int(number))
    return named | Q(Exists(accounts))


def _exchanges(wanted: Wanted, attempts: list[int] | None) -> QuerySet[ProviderExchange]:
    rows = ProviderExchange.objects.defer("request_body", "response_body", "response_headers")
    if wanted.provider:
        rows = rows.filter(provider=wanted.provider)
    if wanted.outcome:
        rows = rows.filter(outcome=wanted.outcome)
    if attempts is not None:
        rows = rows.alias(external=KT("request_headers__X-EXTERNAL-ID"))
        text = wanted.text
        rows = rows.filter(Q(reference__in={text, text.upper()}) | Q(external=text) | Q(attempt__in=attempts))
    return rows


def _of_message(row: ProviderMessage) -> Line:
    return Line(
        direction=IN,
        pk=row.pk,
        at=row.received_at,
        provider=PROVIDER_NAMES.get(row.provider, row.provider),
        what=row.get_kind_display(),
        reference=row.reference or row.external_id,
        state=row.decision,
        state_text=row.get_decision_display(),
        tone=TONES.get(Decision(row.decision), "neutral"),
        code=row.answer_code,
        status=None,
        elapsed_ms=None,
        verified=row.verified,
        times=row.times_received,
    )


def _of_exchange(row: ProviderExchange) -> Line:
    return Line(
        direction=OUT,
        pk=row.pk,
        at=row.sent_at,
        provider=PROVIDER_NAMES.get(row.provider, row.provider),
        what=row.operation,
        reference=row.reference,
        state=row.outcome,
        state_text=row.get_outcome_display(),
        tone=TONES.get(Outcome(row.outcome), "neutral"),
        code=row.code,
        status=row.status,
        elapsed_ms=row.elapsed_ms,
        verified=True,
    )


def exchange(pk: int) -> ProviderExchange | None:
    """One call of ours, with the attempt and the deposit it was about."""
    return ProviderExchange.objects.select_related("attempt__deposit").filter(pk=pk).first()


def message(pk: int) -> ProviderMessage | None:
    """One message of a provider, with what it was about."""
    related = ("attempt__deposit", "static_account", "repeat_of")
    return ProviderMessage.objects.select_related(*related).filter(pk=pk).first()


def around(attempt: PaymentAttempt | None, *, limit: int = 20) -> list[Line]:
    """What else was said about an attempt, newest first."""
    if attempt is None:
        return []
    came = ProviderMessage.objects.defer("body", "answer_body").filter(attempt=attempt).order_by("-id")[:limit]
    went = ProviderExchange.objects.defer("request_body", "response_body").filter(attempt=attempt).order_by("-id")
    lines = [_of_message(row) for row in came] + [_of_exchange(row) for row in went[:limit]]
    return sorted(lines, key=lambda line: line.at, reverse=True)[:limit]


def pretty(text: str) -> str:
    """JSON or XML in lines and steps; anything else as it is."""
    bare = text.strip()
    if bare[:1] in {"{", "["}:
        try:
            # Numbers keep their text: 16 digits and more must not be rounded.
            return json.dumps(json.loads(bare, parse_float=str, parse_int=_whole), indent=2, ensure_ascii=False)
        except (ValueError, RecursionError):
            return text
    return _pretty_xml(bare) if bare[:1] == "<" else text


def _whole(text: str) -> int | str:
    return int(text) if len(text) < 16 else text


def _pretty_xml(text: str) -> str:
    try:
        lines = parseString(text).toprettyxml(indent="  ").splitlines()
    except (ExpatError, ValueError, DefusedXmlException):
        return text
    return "\n".join(line for line in lines if line.strip())


def headers_of(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """By name, as text; of a signature enough to recognise it."""
    short = {name: f"{value[:16]}…" for name, value in headers.items() if name.upper() == "X-SIGNATURE"}
    return sorted((name, str(value)) for name, value in {**headers, **short}.items())
