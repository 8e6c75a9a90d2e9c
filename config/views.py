"""Pages that belong to no app: home, health, language, errors."""

import sys
from collections.abc import Callable
from typing import Any

import redis
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.template import loader
from django.templatetags.static import static
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.access.credentials import actor_of
from accounts.models import User
from accounts.permissions import CustomerRequest, customer_of, customer_required, open_to_all
from config.lib import heartbeat, languages, outage, problems
from otp import selectors as otp
from payments import selectors as payments
from reports.overviews import customers
from wallets import selectors as wallets
from wallets.lines import line_of


@open_to_all
@require_safe
def home(request: HttpRequest) -> HttpResponseBase:
    """The landing page for strangers, the dashboard for customers, the desk for staff."""
    if not request.user.is_authenticated:
        return render(request, "landing.html")
    if customer_of(request.user):
        return dashboard(request)
    return redirect(_desk_of(actor_of(request)))


def _desk_of(actor: Actor) -> str:
    """Where the work of somebody without a wallet begins; for those who only look at identities, with their queue."""
    if policy.allows(actor, "KycAdmin.Overview") and not policy.allows(actor, "Staff.Search"):
        return "review:overview"
    if policy.allows(actor, "Staff.Overview"):
        return "staff:overview"
    return "company:overview" if actor.client else "accounts:preferences"


@customer_required
def dashboard(request: CustomerRequest) -> HttpResponse:
    context = {
        "balances": wallets.balances(request.customer),
        "recent_entries": [line_of(posting) for posting in wallets.recent_entries(request.customer)],
        "open_deposits": payments.open_deposits(request.customer),
        **otp.dashboard(request.customer),
        **customers.home(request.customer),
    }
    return render(request, "home.html", context)


@open_to_all
@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when web, database, Redis, worker and scheduler are all alive; 503 and which are not otherwise."""
    parts = health()
    healthy = all(parts.values())
    words = {name: "ok" if alive else "down" for name, alive in parts.items()}
    return JsonResponse({"status": "ok" if healthy else "down", **words}, status=200 if healthy else 503)


def health() -> dict[str, bool]:
    """Which parts of the portal answer right now."""
    return {
        "web": True,
        "database": _alive(_ask_database),
        "redis": _alive(_ask_redis),
        "worker": _alive(lambda: heartbeat.heard("worker")),
        "scheduler": _alive(lambda: heartbeat.heard("scheduler")),
    }


def _alive(ask: Callable[[], bool]) -> bool:
    try:
        return ask()
    except Exception:
        return False


def _ask_database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(cursor.fetchone())


def _ask_redis() -> bool:
    client: redis.Redis = cache._cache.get_client(write=True)  # type: ignore[attr-defined]
    return bool(client.ping())


@open_to_all
@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Browsers ask here by habit; pages that are not ours (the administration) name no icon."""
    return redirect(static("dist/favicon.svg"), permanent=True)


@open_to_all
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Change the language and come back to the same page; a signed-in person keeps the choice."""
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()):
        back = "/"
    response = HttpResponseRedirect(back)
    language = request.POST.get("language", "")
    if language in dict(settings.LANGUAGES) and check_for_language(language):
        languages.remember(response, language)
        if isinstance(request.user, User):
            User.objects.filter(pk=request.user.pk).update(language=language)
    return response


@open_to_all
def no_such_thing(request: HttpRequest) -> HttpResponseBase:
    """An address that is kept, so that nothing redirects from it."""
    raise Http404


def bad_request(request: HttpRequest, exception: Any) -> HttpResponse:
    return _error(request, "400.html", 400)


def permission_denied(request: HttpRequest, exception: Any) -> HttpResponse:
    return _error(request, "403.html", 403)


def page_not_found(request: HttpRequest, exception: Any) -> HttpResponse:
    return _error(request, "404.html", 404)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _error(request, "403_csrf.html", 403)


def _error(request: HttpRequest, template: str, status: int) -> HttpResponse:
    if problems.is_api(request):
        return problems.problem(request, status)
    return render(request, template, {"request_id": getattr(request, "request_id", "")}, status=status)


def server_error(request: HttpRequest) -> HttpResponse:
    """Rendered without context processors: the database may be what failed."""
    if outage.is_outage(sys.exc_info()[1]):
        return outage.answer(request)
    if problems.is_api(request):
        return problems.problem(request, 500)
    context = {"request_id": getattr(request, "request_id", "")}
    return HttpResponse(loader.render_to_string("500.html", context), status=500)
