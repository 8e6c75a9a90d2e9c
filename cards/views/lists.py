"""What the lists of card payments have in common: their filters, and the same rows as a file."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.permissions import ActorRequest
from accounts.services import audit
from cards.forms.payments import PaymentFilter
from cards.models import CardPayment
from cards.selectors import search
from config.lib import sheets
from config.lib.states import look_of

GROUPS = [
    ("", gettext_lazy("All")),
    ("waiting", gettext_lazy("Waiting")),
    ("authorized", gettext_lazy("To capture")),
    ("captured", gettext_lazy("Captured")),
    ("refunded", gettext_lazy("Refunded")),
    ("declined", gettext_lazy("Declined")),
    ("ended", gettext_lazy("Released or expired")),
]
CURRENCIES = [("", gettext_lazy("Any currency")), ("SLE", "SLE"), ("IDR", "IDR")]


@dataclass(frozen=True)
class Line:
    """A payment, and its state as a reader thinks of it."""

    payment: CardPayment
    state: str


def lines_of(payments: list[CardPayment]) -> list[Line]:
    return [Line(payment, f"card:{search.shown_state(payment)}") for payment in payments]


def without_number(request: ActorRequest) -> HttpResponseBase | None:
    """The same search by the last four digits, where somebody looks for the whole number of a card."""
    text = request.GET.get("q", "")
    shorter = search.without_number(text)
    if shorter == text:
        return None
    asked = request.GET.copy()
    asked["q"] = shorter
    return redirect(f"{request.path}?{asked.urlencode()}")


def exported(request: ActorRequest, *, with_client: bool = False) -> HttpResponseBase:
    """The rows of the list, all of them, for a spreadsheet. The export is on record."""
    wanted = PaymentFilter(request.GET).wanted()
    found = search.listed(request.actor, wanted)
    rows = found[: search.MOST_ROWS + 1].count()
    if rows > search.MOST_ROWS:
        words = _("That is more than %(most)s rows. Narrow the list first.")
        messages.error(request, words % {"most": search.MOST_ROWS})
        return redirect(f"{request.path.removesuffix('export/')}?{request.GET.urlencode()}")
    filters = {name: str(value) for name, value in asdict(wanted).items() if value}
    audit.record(request.actor, "card_payment.exported", after={"filters": filters, "rows": rows})
    text = sheets.lines(search.csv_head(with_client=with_client), _rows(found, with_client))
    response = StreamingHttpResponse(text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="cards-{timezone.localtime():%Y-%m-%d-%H%M}.csv"'
    return response


def _rows(found: QuerySet[CardPayment], with_client: bool) -> Iterator[list[str]]:
    for line in found[: search.MOST_ROWS].iterator(chunk_size=500):
        words = str(look_of(f"card:{search.shown_state(line)}").word)
        yield search.csv_row(line, words, with_client=with_client)
