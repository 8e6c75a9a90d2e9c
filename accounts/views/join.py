"""The public door for companies and developers: choose what you are, tell who you are, read what happens next."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access.credentials import actor_of
from accounts.forms.clients import COUNTRIES, JoinAloneForm, JoinForm
from accounts.permissions import open_to_all
from accounts.services import clients
from accounts.services.clients import HOME
from config.lib.errors import ServiceError, TooMany
from config.lib.refusals import tell

_JOINED = "joined"


@require_safe
@open_to_all
def choose(request: HttpRequest) -> HttpResponse:
    """Company or individual: what each means."""
    return render(request, "accounts/join/choose.html")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@open_to_all
def company(request: HttpRequest) -> HttpResponseBase:
    return _registration(request, JoinForm)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@open_to_all
def individual(request: HttpRequest) -> HttpResponseBase:
    return _registration(request, JoinAloneForm)


def _registration(request: HttpRequest, kind: type[JoinForm]) -> HttpResponseBase:
    form = kind(request.POST or None, initial={"country": HOME})
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                made = clients.register(actor=actor_of(request), language=get_language() or "en", **form.facts())
            except ServiceError as refusal:
                tell(form, refusal)
                status = refusal.status
                wait = refusal.retry_after if isinstance(refusal, TooMany) else 0.0
                return _page(request, form, status, wait=wait)
            request.session[_JOINED] = made.email
            return redirect("join:done")
    return _page(request, form, status)


def _page(request: HttpRequest, form: JoinForm, status: int, *, wait: float = 0.0) -> HttpResponse:
    context = {"form": form, "countries": COUNTRIES, "wait_minutes": max(1, round(wait / 60)) if wait else 0}
    answer = render(request, "accounts/join/register.html", context, status=status)
    if wait:
        answer["Retry-After"] = str(max(1, round(wait)))
    return answer


@never_cache
@require_safe
@open_to_all
def done(request: HttpRequest) -> HttpResponseBase:
    """What happens next; for whoever has just registered."""
    email = request.session.get(_JOINED)
    return render(request, "accounts/join/done.html", {"email": email}) if email else redirect("join:choose")
