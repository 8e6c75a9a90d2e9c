"""The pages for developers: everybody may read them; a reader with keys finds the own one in the examples."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from accounts.permissions import open_to_all
from config.guides import changes, feed, llms, machines, quickstart, refusals
from config.guides.forms import VerifyForm
from config.guides.readers import Reader, reader_of
from config.lib import times
from config.lib.clock import now
from config.lib.problems import type_of
from config.openapi import asked_language
from config.reference import address_of
from config.samples import VERIFICATION
from notifications.forms.webhooks import CLIENT_EVENT_WORDS, EVENT_WORDS
from notifications.services import verifying
from notifications.services.promises import promises

_LONGEST_SEARCH = 100


@open_to_all
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Where a developer begins, and how far this one has come."""
    reader = reader_of(request)
    return render(request, "developers/guide_home.html", {"reader": reader, "base_url": settings.BASE_URL})


@open_to_all
@require_safe
def first_calls(request: HttpRequest) -> HttpResponse:
    """From no key to the first 200, and on to the first thing of use."""
    reader = reader_of(request)
    path = request.GET.get("for", "")
    if path not in quickstart.PATHS:
        path = _path_of(reader)
    context = {"reader": reader, "path": path, "calls": quickstart.PATHS[path], "own_prefix": reader.prefix}
    # Asked for at the prompt, so that the key stands in no history.
    context["take_key"] = "read -rs KEY && export KEY"
    return render(request, "developers/guide_quickstart.html", context)


def _path_of(reader: Reader) -> str:
    return "company" if reader.is_company else "wallet"


@open_to_all
@require_safe
def states(request: HttpRequest) -> HttpResponse:
    """What may follow what, drawn."""
    return render(request, "developers/guide_states.html", {"machines": machines.machines()})


@open_to_all
@require_safe
def errors(request: HttpRequest) -> HttpResponse:
    """Every code of a refusal; ``q`` looks for words."""
    words = request.GET.get("q", "")[:_LONGEST_SEARCH].replace("\x00", "").strip()
    context = {
        "words": words,
        "subjects": refusals.catalogue(words),
        "count": len(refusals.rows()),
        "example": _example(),
    }
    return render(request, "developers/guide_errors.html", context)


def _example() -> dict[str, Any]:
    return {"type": type_of("insufficient_funds"), "code": "insufficient_funds", "status": 422}


@open_to_all
@require_safe
def errors_json(request: HttpRequest) -> JsonResponse:
    """The same for programs, in the reader's language."""
    found = [_as_json(row) for row in refusals.rows()]
    return JsonResponse({"errors": found}, json_dumps_params={"ensure_ascii": False})


def _as_json(row: refusals.Row) -> dict[str, Any]:
    about = row.about
    told = {"status": row.told[0], "code": row.told[1]} if row.told else None
    return {
        "code": about.code,
        "type": type_of(about.code),
        "statuses": list(row.statuses),
        "meaning": str(about.meaning),
        "side": str(about.side),
        "again": str(about.again),
        "next": str(about.next),
        "apiV1": told,
    }


@never_cache
@open_to_all
@sensitive_post_parameters()
@sensitive_variables()
@require_http_methods(["GET", "HEAD", "POST"])
def webhooks(request: HttpRequest) -> HttpResponse:
    """What is sent and how it is verified, and a tool that says why a program does not accept it."""
    if request.method != "POST":
        form = VerifyForm(initial=verifying.example() if "example" in request.GET else None)
        return _webhooks(request, form)
    form = VerifyForm(request.POST)
    if not form.is_valid():
        return _webhooks(request, form, status=400)
    return _webhooks(request, form, _findings(form))


@sensitive_variables()
def _findings(form: VerifyForm) -> list[verifying.Finding]:
    given = form.cleaned_data
    headers = verifying.headers_of(given["headers"])
    return verifying.examine(verifying.Pasted(given["secret"], headers, given["body"]))


@sensitive_variables()
def _webhooks(
    request: HttpRequest, form: VerifyForm, findings: list[verifying.Finding] | None = None, *, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "findings": findings,
        "is_genuine": bool(findings) and verifying.is_genuine(findings or []),
        "events": [("wallet", EVENT_WORDS), ("company", CLIENT_EVENT_WORDS)],
        "promises": promises(),
        "pauses": [_in_words(pause) for pause in promises().pauses],
        "verification": VERIFICATION,
        "is_example": "example" in request.GET,
    }
    template = "developers/guide_webhooks.html"
    is_part = request.headers.get("HX-Request") and request.method == "POST"
    return render(request, f"{template}#verdict" if is_part else template, context, status=200 if is_part else status)


def _in_words(pause: timedelta) -> str:
    """``30 s``, ``10 min``, ``6 h``."""
    hours, rest = divmod(int(pause.total_seconds()), 3600)
    return _("%(hours)s h") % {"hours": hours} if hours and not rest else times.span(int(pause.total_seconds()))


@open_to_all
@require_safe
def changelog(request: HttpRequest) -> HttpResponse:
    """What changed for programs, and what they may rely on."""
    context = {
        "releases": changes.RELEASES,
        "version": changes.VERSION,
        "ending": changes.ending(now().date()),
        "days": changes.NOTICE.days,
        "feed": address_of("guides:changelog_feed"),
    }
    return render(request, "developers/guide_changelog.html", context)


@open_to_all
@require_safe
@cache_control(public=True, max_age=300)
def changelog_feed(request: HttpRequest) -> HttpResponse:
    """The same for programs that read news; in the language that the address says."""
    language = asked_language(request)
    answer = HttpResponse(feed.written(language), content_type="application/atom+xml; charset=utf-8")
    answer["Content-Language"] = language
    return answer


@open_to_all
@require_safe
def llms_txt(request: HttpRequest) -> HttpResponse:
    """The guides as one plain text."""
    answer = HttpResponse(llms.text(), content_type="text/plain; charset=utf-8")
    answer["Link"] = f'<{settings.BASE_URL}{reverse("guides:home")}>; rel="canonical"'
    return answer
