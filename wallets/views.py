import csv
from collections.abc import Iterator
from typing import Any

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.permissions import CustomerRequest, customer_required
from config.lib.times import zone_name
from wallets import selectors
from wallets.forms import DIRECTIONS, PeriodForm
from wallets.kinds import word_for
from wallets.models import Account, Posting

# What a line was caused by, and the page that tells its story.
_PAGES = {"deposit": "payments:deposit", "order": "otp:order"}


@require_safe
@customer_required
def statement(request: CustomerRequest) -> HttpResponse:
    """Where did my money go: every line with its reason, its cause and the balance after it."""
    form = PeriodForm(request.GET or None)
    account = _account(request)
    context: dict[str, Any] = {"form": form, "directions": DIRECTIONS, "account": account}
    if account is not None:
        found = selectors.statement(account, form.period(), cursor=request.GET.get("cursor", ""))
        context |= {
            "statement": found,
            "lines": [_line(posting) for posting in found.page.items],
            "holds": [{"hold": hold, "url": page_of(hold.subject)} for hold in selectors.open_holds(account)[:20]],
            "direction": form.period().direction,
        }
    return render(request, "wallets/statement.html", context)


@require_safe
@customer_required
def statement_csv(request: CustomerRequest) -> StreamingHttpResponse:
    """The same lines as the page, all of them, for a spreadsheet."""
    form = PeriodForm(request.GET or None)
    account = _account(request)
    postings = selectors.entries(account, form.period()) if account else Posting.objects.none()
    writer = csv.writer(_Echo())
    rows = (writer.writerow(row) for row in _table(postings.iterator(chunk_size=1000)))
    response = StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="gerbang-{timezone.localdate():%Y-%m-%d}.csv"'
    return response


def page_of(subject: str) -> str:
    """The address of what caused a line ("order:<id>"), or nothing when it has no page."""
    kind, _colon, key = subject.partition(":")
    try:
        return reverse(_PAGES[kind], args=[key]) if kind in _PAGES else ""
    except NoReverseMatch:
        return ""


def harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell


def _account(request: CustomerRequest) -> Account | None:
    currency = request.GET.get("currency", "IDR")
    if currency not in {"IDR", "SLE", "USD"}:
        raise Http404
    return Account.objects.filter(customer=request.customer, currency=currency).first()


def _line(posting: Posting) -> dict[str, Any]:
    moved = posting.transaction
    return {"posting": posting, "moved": moved, "word": word_for(moved.kind), "url": page_of(moved.subject)}


class _Echo:
    def write(self, text: str) -> str:
        return text


def _table(postings: Iterator[Posting]) -> Iterator[list[str]]:
    head = [
        _("Time"),
        _("Zone"),
        _("Reason"),
        _("Details"),
        _("Money in"),
        _("Money out"),
        _("Balance"),
        _("Reference"),
    ]
    yield ["\ufeff" + head[0], *head[1:]]
    for posting in postings:
        moved, amount = posting.transaction, posting.amount
        cells = [
            f"{timezone.localtime(posting.created_at):%Y-%m-%d %H:%M:%S}",
            zone_name(posting.created_at),
            str(word_for(moved.kind)),
            moved.memo,
            _plain(posting, max(amount, type(amount)(0))),
            _plain(posting, max(-amount, type(amount)(0))),
            _plain(posting, posting.balance_after),
            moved.reference,
        ]
        yield [harmless(cell) for cell in cells]


def _plain(posting: Posting, amount: Any) -> str:
    """Digits only, so that a spreadsheet can add them up; nothing for zero in the two columns of movement."""
    return f"{amount.normalize():f}" if amount else ("0" if amount is posting.balance_after else "")
