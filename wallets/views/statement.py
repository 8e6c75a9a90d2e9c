from typing import Any

from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.permissions import CustomerRequest, customer_required
from wallets import selectors
from wallets.export import csv_lines
from wallets.forms import DIRECTIONS, PeriodForm
from wallets.lines import lines_of, page_of
from wallets.models import Account, Posting


@require_safe
@customer_required
def statement(request: CustomerRequest) -> HttpResponse:
    """Where did my money go: every line with its reason, its cause and the balance after it."""
    form = PeriodForm(request.GET or None)
    account = _account(request)
    context: dict[str, Any] = {"form": form, "directions": DIRECTIONS, "account": account}
    context["balance"] = selectors.balance_of(account, request.GET.get("currency", "IDR"))
    if account is not None:
        found = selectors.statement(account, form.period(), cursor=request.GET.get("cursor", ""))
        context |= {
            "statement": found,
            "lines": lines_of(account, found.page.items),
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
    lines = csv_lines(account, postings)
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="gerbang-{timezone.localdate():%Y-%m-%d}.csv"'
    return response


def _account(request: CustomerRequest) -> Account | None:
    currency = request.GET.get("currency", "IDR")
    if currency not in {"IDR", "SLE", "USD"}:
        raise Http404
    return Account.objects.filter(customer=request.customer, currency=currency).first()
