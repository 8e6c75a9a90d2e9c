"""The SMS gateway calls us. The service decides what it means."""

import json
from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from accounts.permissions import open_to_all
from notifications.services import reports


@open_to_all
@csrf_exempt
@require_http_methods(["GET", "POST"])
@sensitive_variables("token")
def report(request: HttpRequest, token: str) -> HttpResponse:
    """What became of a message, as JSON, a form or in the query. What is not ours is thanked for as well."""
    if not reports.is_our_token(token):
        raise Http404
    told = _told(request)
    if told is None or "\\u0000" in json.dumps(told):
        return HttpResponse(b'{"received": false}', status=400, content_type="application/json")
    reports.receive(told)
    return HttpResponse(b'{"received": true}', content_type="application/json")


def _told(request: HttpRequest) -> Mapping[str, Any] | None:
    query = dict(request.GET.items())
    if request.method == "GET":
        return query
    if request.content_type != "application/json":
        return query | dict(request.POST.items())
    try:
        found = json.loads(request.body)
    except (UnreadablePostError, ValueError, RecursionError):
        return None
    return query | found if isinstance(found, dict) else None
