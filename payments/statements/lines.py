"""A row of a report to what it says, or why it says nothing."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from config.lib.clock import JAKARTA
from config.lib.money import EXPONENTS
from payments.methods import BTCPAY, FASPAY_OVO, channels_of
from payments.statements import columns as roles
from payments.statements import values
from payments.statements.tables import Row, Table

_QR = re.compile(r"qr|shopee|linkaja|\b(?:711|713|715|836|842)\b", re.IGNORECASE)
_MOST = Decimal(10) ** 14
# What can be wrong with a row (it is left out), and what only looks odd (it counts).
ERRORS = {
    "no_amount": _("no amount"),
    "bad_amount": _("an amount that cannot be read"),
    "bad_fee": _("a fee that cannot be read"),
    "no_date": _("no date"),
    "bad_date": _("a date that cannot be read"),
    "nameless": _("no id, no reference and no number"),
    "bad_status": _("a status that we do not know"),
    "bad_currency": _("a currency that we do not have"),
    "rounded": _("an id that the spreadsheet has rounded; export it as text"),
    "short": _("fewer columns than the head"),
}
WARNINGS = {
    "net_differs": _("amount less fee is not the net"),
    "twice": _("stands in this file twice"),
    "before": _("stood in an earlier file"),
}


class BadRow(ValueError):
    """The row is left out; ``code`` is a key of `ERRORS`, ``value`` what stood there."""

    def __init__(self, code: str, value: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.value = value


@dataclass(frozen=True)
class Said:
    """One payment as the report tells of it. Amounts are positive, ``paid_at`` is UTC, ``day`` is Jakarta's."""

    row: int
    channel: str
    external_id: str
    reference: str
    number: str
    amount: Decimal
    fee: Decimal | None
    net: Decimal | None
    currency: str
    paid_at: datetime
    status: str
    raw: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def day(self) -> date:
        return self.paid_at.astimezone(JAKARTA).date()

    @property
    def net_differs(self) -> bool:
        return self.fee is not None and self.net is not None and self.amount - self.fee != self.net


def ident_of(
    provider: str, external_id: str, reference: str, number: str, amount: Decimal, paid_at: datetime | None
) -> str:
    """What makes two lines of one provider speak of one payment. OVO's ids are unique for a day only (contract 5.3)."""
    day = f":{paid_at.astimezone(JAKARTA):%Y%m%d}" if provider == FASPAY_OVO and paid_at else ""
    if external_id:
        return f"x:{external_id}{day}"
    if reference:
        return f"r:{reference}"
    return f"n:{number}:{amount.normalize():f}:{paid_at.isoformat() if paid_at else ''}"


def read_all(table: Table, columns: Mapping[str, int], provider: str) -> Iterator[Said | tuple[Row, BadRow]]:
    """Every row, read or refused, in the order of the file. Sums at the end of a report are passed over."""
    dates = [row.cell(columns.get(roles.PAID_AT)) for row in table.rows]
    day_first = not values.is_month_first(dates)
    for row in table.rows:
        if _is_sum(row, columns):
            continue
        try:
            yield read_row(row, columns, provider, table.headers, day_first=day_first)
        except BadRow as problem:
            yield row, problem


def _is_sum(row: Row, columns: Mapping[str, int]) -> bool:
    named = [row.cell(columns.get(role)) for role in (roles.EXTERNAL_ID, roles.REFERENCE, roles.NUMBER, roles.PAID_AT)]
    words = " ".join(row.cells).lower()
    return re.search(r"\b(?:grand )?(?:total|jumlah|sum)\b", words) is not None and sum(map(bool, named)) <= 1


def read_row(
    row: Row, columns: Mapping[str, int], provider: str, headers: Sequence[str] = (), *, day_first: bool = True
) -> Said:
    """What one row says. Raises `BadRow`."""
    amount = _money(row, columns, roles.AMOUNT, "bad_amount")
    if amount is None or amount == 0:
        raise BadRow("no_amount")
    fee = _money(row, columns, roles.FEE, "bad_fee")
    return Said(
        row=row.number,
        channel=_channel(row, columns, provider),
        **_names(row, columns),
        amount=abs(amount),
        fee=abs(fee) if fee is not None else None,
        net=_money(row, columns, roles.NET, "bad_amount"),
        currency=_currency(row, columns),
        paid_at=_moment(row, columns, day_first=day_first),
        status=values.REVERSED if amount < 0 else _status(row, columns),
        raw={(headers[at] if at < len(headers) else "") or str(at): cell for at, cell in enumerate(row.cells) if cell},
    )


def _names(row: Row, columns: Mapping[str, int]) -> dict[str, str]:
    places = {role: columns.get(role) for role in (roles.EXTERNAL_ID, roles.REFERENCE, roles.NUMBER)}
    if any(place in row.rounded for place in places.values()):
        raise BadRow("rounded")
    # Spreadsheets are told by an apostrophe or ="…" that digits are text.
    found = {role: re.sub(r'^=?["\']?|["\']$', "", row.cell(place)).strip()[:64] for role, place in places.items()}
    found[roles.NUMBER] = re.sub(r"[\s.-]", "", found[roles.NUMBER])[:32]
    found = {role: "" if text in {"-", "null", "NULL", "N/A"} else text for role, text in found.items()}
    if not any(found.values()):
        raise BadRow("nameless")
    return found


def _money(row: Row, columns: Mapping[str, int], role: str, code: str) -> Decimal | None:
    text = row.cell(columns.get(role))
    if not text or text == "-":
        return None
    amount = values.read_amount(text)
    if amount is None or abs(amount) > _MOST:
        raise BadRow(code, text)
    return amount


def _currency(row: Row, columns: Mapping[str, int]) -> str:
    text = row.cell(columns.get(roles.CURRENCY)).upper()
    if text in {"", "RP", "RUPIAH"}:
        return "IDR"
    if text not in EXPONENTS:
        raise BadRow("bad_currency", text)
    return text


def _moment(row: Row, columns: Mapping[str, int], *, day_first: bool) -> datetime:
    text = row.cell(columns.get(roles.PAID_AT))
    if not text:
        raise BadRow("no_date")
    moment = values.read_moment(text, row.cell(columns.get(roles.CLOCK)), day_first=day_first)
    if moment is None:
        raise BadRow("bad_date", text)
    return moment


def _status(row: Row, columns: Mapping[str, int]) -> str:
    """Reports without such a column list what was paid."""
    text = row.cell(columns.get(roles.STATUS))
    if roles.STATUS not in columns or not text:
        return values.PAID
    status = values.read_status(text)
    if status is None:
        raise BadRow("bad_status", text)
    return status


def _channel(row: Row, columns: Mapping[str, int], provider: str) -> str:
    known = channels_of(provider)
    if provider in {FASPAY_OVO, BTCPAY} or len(known) == 1:
        return known[0]
    return "faspay_qris" if _QR.search(row.cell(columns.get(roles.CHANNEL))) else "faspay_va"
