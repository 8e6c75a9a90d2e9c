"""Who may do what, and why: both ways round."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import policy
from accounts.errors import ChangedMeanwhile
from accounts.forms.roles import AccessForm
from accounts.models import ApiUser, Permission
from accounts.permissions import ActorRequest, permission_required, step_up_required
from accounts.selectors import access as selectors
from accounts.selectors import portal_users as people
from accounts.selectors import roles as role_selectors
from accounts.services import overrides as services
from config.lib.errors import ServiceError

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


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("ApiUserPermissions.ReadOne", "ApiUserPermissions.Update")
def rights(request: ActorRequest, api_user_id: UUID) -> HttpResponseBase:
    """What one API user may beyond its role, or not although its role says so; POST stores all choices or none."""
    is_editor = policy.allows(request.actor, "ApiUserPermissions.Update")
    return _editor(request, api_user_id) if is_editor else _rights(request, api_user_id)


def _rights(request: ActorRequest, api_user_id: UUID) -> HttpResponse:
    found = selectors.api_user(request.actor, str(api_user_id))
    in_company = request.resolver_match is not None and request.resolver_match.namespace == "company"
    if found is None or in_company != (request.actor.client is not None):
        raise Http404
    return _save(request, found) if request.method == "POST" else _choices(request, found)


_editor = step_up_required(_rights)


def _choices(request: ActorRequest, found: ApiUser, **more: Any) -> HttpResponse:
    status = more.pop("status", 200)
    choices = selectors.choices(request.actor, found)
    context = {
        "api_user": found,
        "choices": choices,
        "version": selectors.version_of(found),
        "count_may": sum(choice.verdict.is_allowed for choice in choices),
        **more,
    }
    return render(request, "accounts/access/rights.html", context, status=status)


def _save(request: ActorRequest, found: ApiUser) -> HttpResponse:
    if request.POST.get("version") != selectors.version_of(found):
        stale = ChangedMeanwhile([found.developer_name])
        return _choices(request, found, refusal=stale, status=stale.status)
    wanted = {"role": None, "grant": True, "revoke": False}
    overrides = {
        choice.permission.public_id: wanted[sent]
        for choice in selectors.choices(request.actor, found)
        if (sent := request.POST.get(f"o{choice.permission.pk}", "")) in wanted
    }
    try:
        services.apply_overrides(actor=request.actor, api_user=found, overrides=overrides)
    except ServiceError as refusal:
        return _choices(request, found, refusal=refusal, status=refusal.status)
    messages.success(request, _("Saved. It counts from the next call of this API user."))
    return redirect(request.get_full_path())
