"""The accounts of the house, as staff look them up: what stands on each, and every line of one."""

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.permissions import ActorRequest, permission_required
from config.lib import times
from config.lib.pagination import keyset
from wallets import selectors
from wallets.forms import BookForm
from wallets.lines import word_of
from wallets.models import Account, Posting

# Where staff find what a line is about: the beginning of its subject -> name of a URL that takes its id.
_PAGES = {
    "batch": "staff:batch",
    "card": "staff:card",
    "case": "staff:case",
    "deposit": "staff:deposit",
    "funding": "staff:funding",
    "order": "staff:order",
    "payout": "staff:payout",
}


@dataclass(frozen=True)
class Line:
    """A posting in words, and the page of what it is about."""

    posting: Posting
    word: str | Promise
    url: str


@never_cache
@require_safe
@permission_required("Reconciliation.Read")
def ledger(request: ActorRequest) -> HttpResponse:
    """What is where? With an account in the address: how it came there, line by line."""
    if not request.actor.is_gateway_staff:
        raise Http404
    form = BookForm(request.GET)
    form.is_valid()
    code, currency = form.cleaned_data.get("account", ""), form.cleaned_data.get("currency", "")
    context: dict[str, Any] = {"accounts": list(selectors.house_accounts()), "last_check": selectors.last_check()}
    if code:
        context |= _lines(_account(code, currency), form, request.GET.get("cursor", ""))
    return render(request, "staff/ledger.html", context)


def _account(code: str, currency: str) -> Account:
    """One of the house, also of the sandbox's; wallets of customers and clients have pages of their own."""
    found = Account.objects.filter(customer=None, client=None, code=code, currency=currency).first()
    if found is None:
        raise Http404
    return found


def _lines(account: Account, form: BookForm, cursor: str) -> dict[str, Any]:
    first, last = form.cleaned_data.get("first"), form.cleaned_data.get("last")
    found = Posting.objects.filter(account=account).select_related("transaction__caused_by")
    page = keyset(times.within(found, first, last), order_by="-version", cursor=cursor, size=50)
    is_toy = account.code.endswith(":sandbox")
    lines = [_line(posting, is_toy=is_toy) for posting in page.items]
    return {"account": account, "page": page, "lines": lines, "form": form, "as_of": timezone.now()}


def _line(posting: Posting, *, is_toy: bool) -> Line:
    moved = posting.transaction
    return Line(posting, word_of(moved.kind), "" if is_toy else _page_of(moved.subject))


def _page_of(subject: str) -> str:
    kind, _colon, key = subject.partition(":")
    try:
        return reverse(_PAGES[kind], args=[key]) if kind in _PAGES else ""
    except NoReverseMatch:
        return ""
