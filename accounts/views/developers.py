"""The developers' pages: keys, their life, and what was called with them."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import policy
from accounts.errors import AlreadyMade
from accounts.forms.keys import STATUSES, CallsForm, FencesForm, KeyForm, RotateForm
from accounts.models import ApiKey
from accounts.permissions import ActorRequest, View, sign_in_required, step_up_required
from accounts.selectors import keys as selectors
from accounts.services import keys as services
from config.lib.clock import now
from config.lib.errors import ServiceError

P = ParamSpec("P")

_UNUSED_AFTER = timedelta(days=90)
# What a search of the calls keeps of the address it was made at.
_KEPT_BY_A_SEARCH = ("status", "everybody", "first", "last")


def developers_only(view: Callable[Concatenate[ActorRequest, P], HttpResponse]) -> View[P]:
    """Let in who can have keys or may see some."""

    @sign_in_required
    @wraps(view)
    def gate(request: ActorRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not policy.may_develop(request.actor):
            raise Http404
        return view(request, *args, **kwargs)

    return gate


@never_cache
@require_safe
@developers_only
def keys(request: ActorRequest) -> HttpResponse:
    """The keys of both worlds, apart."""
    live, sandbox = (list(selectors.keys_for(request.actor, is_sandbox=mode)) for mode in (False, True))
    context = {
        "live": [key for key in live if key.works],
        "sandbox": [key for key in sandbox if key.works],
        "ended": [key for key in (*live, *sandbox) if not key.works],
        "is_customer": request.actor.portal is None,
        "with_owner": request.actor.client is not None,
        "may_make": bool(_owners(request)),
        "unused": [key for key in (*live, *sandbox) if _is_unused(key)],
        "first_call": _curl("$KEY", is_customer=request.actor.portal is None),
        "rate": settings.API_RATE_PER_MINUTE,
    }
    return render(request, "developers/keys.html", context)


def _owners(request: ActorRequest) -> list[tuple[str, Any]]:
    return KeyForm(actor=request.actor).owners


def _is_unused(key: ApiKey) -> bool:
    return key.works and (key.last_used_at or key.created_at) < now() - _UNUSED_AFTER


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@developers_only
@step_up_required
@sensitive_variables()
def new_key(request: ActorRequest) -> HttpResponse:
    """Make a key and show its secret, this once."""
    if request.method != "POST":
        mode = "live" if request.GET.get("mode") == "live" else "sandbox"
        form = KeyForm(actor=request.actor, initial={"mode": mode})
        if not form.owners:
            raise Http404
        return _new(request, form)
    form = KeyForm(request.POST, actor=request.actor)
    return _make(request, form) if form.is_valid() else _new(request, form, 400)


def _new(request: ActorRequest, form: KeyForm, status: int = 200) -> HttpResponse:
    return render(request, "developers/new_key.html", {"form": form}, status=status)


@sensitive_variables()
def _make(request: ActorRequest, form: KeyForm) -> HttpResponse:
    api_user = form.api_user()
    try:
        issued = services.issue(
            actor=request.actor,
            api_user=api_user,
            user=None if api_user else request.user,
            is_sandbox=form.cleaned_data["mode"] == "sandbox",
            name=form.cleaned_data["name"],
            expires_at=form.expires_at(),
            allowed_addresses=form.cleaned_data["allowed_addresses"],
            public_id=form.cleaned_data["key_id"],
        )
    except AlreadyMade:
        return _gone(request, form.cleaned_data["key_id"])
    except ServiceError as refusal:
        return _new(request, _with_refusal(form, refusal), 409 if refusal.status == 409 else 400)
    return _secret(request, issued)


def _with_refusal(form: Any, refusal: ServiceError) -> Any:
    if refusal.fields:
        form.take(refusal.fields)
    else:
        form.add_error(None, str(refusal.message))
    return form


@sensitive_variables()
def _secret(request: ActorRequest, issued: services.Issued) -> HttpResponse:
    """The only answer that ever holds a secret; nothing may keep it."""
    context = {"key": issued.key, "raw": issued.raw, "first_call": _first_call(issued)}
    context["filename"] = f"{issued.key.prefix}.txt"
    return render(request, "developers/secret.html", context)


@sensitive_variables()
def _first_call(issued: services.Issued) -> str:
    owner = issued.key.user
    return _curl(issued.raw, is_customer=owner is not None and not hasattr(owner, "portal"))


@sensitive_variables()
def _curl(key: str, *, is_customer: bool) -> str:
    path = "/api/customer-wallet/balance" if is_customer else f"/api/customers/{uuid4()}"
    return f'curl -H "Authorization: Bearer {key}" \\\n  {settings.BASE_URL}{path}'


def _gone(request: ActorRequest, public_id: UUID) -> HttpResponse:
    key = policy.keys_seen_by(request.actor).filter(public_id=public_id).first()
    if key is None:
        raise Http404
    return render(request, "developers/secret_gone.html", {"key": key}, status=410)


@never_cache
@require_safe
@sign_in_required
def key(request: ActorRequest, public_id: UUID) -> HttpResponse:
    """One key: its state, its fences, its successor, its last calls."""
    return _page(request, _seen(request, public_id))


def _page(request: ActorRequest, found: ApiKey, *, form: FencesForm | None = None, status: int = 200) -> HttpResponse:
    context = {
        "key": found,
        "form": form or FencesForm.of(found),
        "rotate": RotateForm(),
        "may_change": found.works and policy.keys_changed_by(request.actor).filter(pk=found.pk).exists(),
        "old_use": selectors.use_of_old(found),
        "page": selectors.calls(request.actor, selectors.CallFilter(key=found), size=10),
    }
    return render(request, "developers/key.html", context, status=status)


def _seen(request: ActorRequest, public_id: UUID) -> ApiKey:
    return get_object_or_404(selectors.shown(policy.keys_seen_by(request.actor)), public_id=public_id)


def _changed(request: ActorRequest, public_id: UUID) -> ApiKey:
    return get_object_or_404(selectors.shown(policy.keys_changed_by(request.actor)), public_id=public_id)


@require_POST
@sign_in_required
@step_up_required
def change(request: ActorRequest, public_id: UUID) -> HttpResponse:
    """Name, end and addresses."""
    found, form = _changed(request, public_id), FencesForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form=form, status=400)
    try:
        services.change(
            actor=request.actor,
            key=found,
            name=form.cleaned_data["name"],
            allowed_addresses=form.cleaned_data["allowed_addresses"],
            expires_at=form.expires_at(found.expires_at),
        )
    except ServiceError as refusal:
        return _page(request, found, form=_with_refusal(form, refusal), status=refusal.status)
    messages.success(request, _("Saved. It counts from the next call."))
    return redirect("developers:key", public_id)


@never_cache
@require_POST
@sign_in_required
@step_up_required
@sensitive_variables()
def rotate(request: ActorRequest, public_id: UUID) -> HttpResponse:
    """Make the successor and show its secret, this once."""
    found, form = _changed(request, public_id), RotateForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose when the old key ends."))
        return redirect("developers:key", public_id)
    new_id = form.cleaned_data["key_id"]
    try:
        issued = services.rotate(actor=request.actor, key=found, overlap=form.span(), public_id=new_id)
    except AlreadyMade:
        return _gone(request, new_id)
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
        return redirect("developers:key", public_id)
    return _secret(request, issued)


@require_POST
@sign_in_required
@step_up_required
def revoke(request: ActorRequest, public_id: UUID) -> HttpResponse:
    """End a key at once."""
    found = _changed(request, public_id)
    services.revoke(actor=request.actor, key=found)
    messages.success(request, _("%(key)s is revoked: calls with it are refused from now on.") % {"key": found.prefix})
    return redirect("developers:key", public_id)


@never_cache
@require_safe
@developers_only
def calls(request: ActorRequest) -> HttpResponse:
    """What was called, with search and filters that stay in the address."""
    every = [*selectors.keys_for(request.actor, is_sandbox=False), *selectors.keys_for(request.actor, is_sandbox=True)]
    form = CallsForm(request.GET, keys=every)
    wanted = form.wanted()
    context = {
        "form": form,
        "wanted": wanted,
        "statuses": STATUSES,
        "chosen_key": str(wanted.key.public_id) if wanted.key else "",
        "page": selectors.calls(request.actor, wanted, cursor=request.GET.get("cursor", "")),
        "kept_days": settings.API_CALLS_KEPT_DAYS,
        "kept": _KEPT_BY_A_SEARCH,
    }
    return render(request, "developers/calls.html", context)
