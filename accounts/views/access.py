"""Who may do what, and why: both ways round."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.access import policy
from accounts.forms.roles import AccessForm
from accounts.models import Permission
from accounts.permissions import ActorRequest, permission_required
from accounts.selectors import access as selectors
from accounts.selectors import portal_users as people
from accounts.selectors import roles as role_selectors

MOST_FOUND = 12


@require_safe
@permission_required("Access.Explain")
def access(request: ActorRequest) -> HttpResponse:
    """Choose somebody: every right with what decides it. Choose a right: everybody who has it."""
    permissions = list(role_selectors.permissions())
    form = AccessForm(request.GET, permissions=permissions)
    form.is_valid()
    words, permission = form.cleaned_data.get("q") or "", form.cleaned_data.get("permission") or ""
    context: dict[str, Any] = {"form": form, "words": words, "shows": _shown(request)}
    if words:
        context |= _found(request, words)
    if permission:
        context |= _holders(request, next(one for one in permissions if str(one.public_id) == permission))
    context |= _subject(request)
    return render(request, "accounts/access/access.html", context)


def _shown(request: ActorRequest) -> str:
    wanted = request.GET.get("show", "")
    return wanted if wanted in {"may", "not"} else ""


def _found(request: ActorRequest, words: str) -> dict[str, Any]:
    api_users = policy.api_users_seen_by(request.actor).select_related("client")
    for word in words.split()[:5]:
        api_users = api_users.filter(developer_name__icontains=word) | api_users.filter(developer_email__icontains=word)
    return {
        "people": people.search(request.actor, people.Wanted(words=words)).order_by("user_name")[:MOST_FOUND],
        "api_users": api_users.order_by("developer_name")[:MOST_FOUND],
    }


def _holders(request: ActorRequest, permission: Permission) -> dict[str, Any]:
    return {
        "permission": permission,
        "roles_with": permission.roles.order_by("name"),
        "people_holding": selectors.people_who_may(request.actor, permission),
        "api_users_holding": selectors.api_users_who_may(request.actor, permission),
    }


def _subject(request: ActorRequest) -> dict[str, Any]:
    """The person or API user that was chosen, and the verdicts wanted."""
    if request.GET.get("person"):
        portal = people.person(request.actor, request.GET["person"])
        if portal is None:
            raise Http404
        return _verdicts(request, selectors.explain_person(portal)) | {"portal": portal}
    if request.GET.get("api_user"):
        api_user = selectors.api_user(request.actor, request.GET["api_user"])
        if api_user is None:
            raise Http404
        return _verdicts(request, selectors.explain_api_user(api_user)) | {"api_user": api_user}
    return {}


def _verdicts(request: ActorRequest, verdicts: list[selectors.Verdict]) -> dict[str, Any]:
    wanted = {"": None, "may": True, "not": False}[_shown(request)]
    shown = [one for one in verdicts if wanted is None or one.is_allowed == wanted]
    count = sum(one.is_allowed for one in verdicts)
    return {
        "verdicts": shown,
        "count_may": count,
        "count_all": len(verdicts),
        "choices": [("", _("All")), ("may", _("May")), ("not", _("May not"))],
    }
