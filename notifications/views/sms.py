"""SMS of a client: what was sent, and sending. Nothing leaves before its cost was looked at."""

import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import policy
from accounts.models import Client
from accounts.permissions import ActorRequest, permission_required
from accounts.services import idempotency
from config.lib.errors import ServiceError
from config.lib.pagination import keyset
from config.lib.refusals import tell
from config.lib.states import look_of
from notifications import charges
from notifications.forms.sms import STATES, ComposeForm, ListForm, numbers_in
from notifications.models import Sms
from notifications.selectors import sms as selectors
from notifications.services import sms as services
from notifications.services import texting
from notifications.services.texting import Plan

_GOOD_FOR = timedelta(minutes=30)


def own_client(request: ActorRequest) -> Client:
    """The client of whoever asks; staff of the gateway have none, and no desk here."""
    if request.actor.client is None:
        raise Http404
    return request.actor.client


@never_cache
@require_safe
@permission_required("Sms.Read")
def listing(request: ActorRequest) -> HttpResponse:
    """What was sent, newest first, with what became of it."""
    client, wanted = own_client(request), ListForm(request.GET).wanted()
    found = selectors.listed(request.actor, state=wanted["state"], search=wanted["q"], together=wanted["together"])
    page = keyset(found, cursor=request.GET.get("cursor", ""))
    context = {
        "page": page,
        "wanted": wanted,
        "is_narrowed": any(wanted.values()),
        "states": STATES,
        "is_moving": any(one.is_open for one in page.items),
        "left_today": services.left_today(client, is_sandbox=False),
        "balance": texting.balance_of(request.actor),
        "currency": charges.CURRENCY,
    }
    template = "notifications/sms/list.html"
    return render(request, f"{template}#live" if request.headers.get("HX-Request") else template, context)


@never_cache
@require_safe
@permission_required("Sms.Read")
def message(request: ActorRequest, public_id: UUID) -> HttpResponse:
    """One message: how far it is, what it cost, what happened when."""
    own_client(request)
    found = selectors.listed(request.actor).filter(public_id=public_id).first()
    if found is None:
        raise Http404
    context = {
        "message": found,
        "together": selectors.of_request(request.actor, found).count(),
        "events": _story(found),
        "next_step": _next_step(found),
        "currency": charges.CURRENCY,
    }
    template = "notifications/sms/message.html"
    return render(request, f"{template}#live" if request.headers.get("HX-Request") else template, context)


def _next_step(found: Sms) -> str:
    if found.reason == Sms.Reason.BAD_NUMBER:
        return _("Check the number, then write again.")
    if found.reason in {Sms.Reason.BAD_SENDER, Sms.Reason.BAD_TEXT}:
        return _("Write again, in other words or under another name.")
    return _("Write again later.")


def _story(found: Sms) -> list[dict[str, Any]]:
    by = _("by %(who)s") % {"who": found.sent_by} if found.sent_by else ""
    events: list[dict[str, Any]] = [
        {"at": found.created_at, "title": _("Written"), "text": by, "icon": "pencil-square"}
    ]
    if found.sent_at:
        taken = _("The gateway broke off") if found.state == Sms.State.UNCLEAR else _("Handed to the gateway")
        events.append({"at": found.sent_at, "title": taken, "reference": found.gateway_id, "icon": "paper-airplane"})
    if found.ended_at:
        tone = "success" if found.state == Sms.State.DELIVERED else "danger"
        words = found.get_reason_display()
        title = look_of(found.look).word
        events.append({"at": found.ended_at, "title": title, "text": words, "tone": tone, "icon": "flag"})
    return events


@never_cache
@sensitive_post_parameters("message", "confirmed")
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("Sms.Send")
@sensitive_variables()
def new(request: ActorRequest) -> HttpResponseBase:
    """Write a message, look at what it takes, send it."""
    own_client(request)
    if request.method != "POST":
        return _form_page(request, _form(request, initial={"phone_numbers": request.GET.get("to", "")[:50]}))
    if request.POST.get("step") in {"do", "edit"}:
        return _with_facts(request)
    form = _form(request, request.POST)
    if form.is_valid():
        try:
            return _confirm_page(request, _plan(request, form.cleaned_data))
        except ServiceError as refusal:
            tell(form, refusal)
    return _form_page(request, form, status=422)


def _form(request: ActorRequest, *data: Any, **more: Any) -> ComposeForm:
    may_choose = policy.allows(request.actor, "Sms.SendCustom")
    return ComposeForm(*data, names=selectors.allowed_names(own_client(request)) if may_choose else (), **more)


def _form_page(request: ActorRequest, form: ComposeForm, status: int = 200) -> HttpResponse:
    said = form.data if form.is_bound else form.initial
    context = {"form": form, **_counted(request, said.get("message", ""), said.get("phone_numbers", ""))}
    return render(request, "notifications/sms/compose.html", context, status=status)


def _plan(request: ActorRequest, said: dict[str, Any]) -> Plan:
    plan = texting.look_ahead(
        actor=request.actor, to=said["phone_numbers"], text=said["message"], sender=said["sender_id"]
    )
    policy.require(request.actor, "Sms.Send" if len(plan.numbers) == 1 else "Sms.SendBulk")
    return plan


def _confirm_page(request: ActorRequest, plan: Plan) -> HttpResponse:
    facts = {"to": list(plan.numbers), "text": plan.text, "sender": plan.sender, "key": secrets.token_urlsafe(18)}
    context = {
        "plan": plan,
        "our_name": settings.SMS_SENDER_ID,
        "confirmed": signing.dumps(facts, salt=_salt(request), compress=True),
        "balance_after": plan.balance - plan.quote.total,
        "currency": charges.CURRENCY,
    }
    return render(request, "notifications/sms/confirm.html", context)


def _with_facts(request: ActorRequest) -> HttpResponseBase:
    try:
        facts = signing.loads(request.POST.get("confirmed", ""), salt=_salt(request), max_age=_GOOD_FOR)
    except signing.BadSignature:
        form = _form(request, {})
        form.add_error(None, _("This page was too old. Please enter it once more."))
        return _form_page(request, form, status=422)
    said = {"phone_numbers": "\n".join(facts["to"]), "message": facts["text"], "sender_id": facts["sender"]}
    if request.POST["step"] == "edit":
        return _form_page(request, _form(request, initial=said))
    try:
        return _sent(request, facts)
    except ServiceError as refusal:
        form = _form(request, said)
        tell(form, refusal)
        return _form_page(request, form, status=422)


def _sent(request: ActorRequest, facts: dict[str, Any]) -> HttpResponseBase:
    def act() -> idempotency.Body:
        results = services.send_many(actor=request.actor, to=facts["to"], text=facts["text"], sender=facts["sender"])
        first = next(one.message for one in results if one.message)
        return {"id": str(first.public_id), "together": str(first.request_id), "count": len(results)}

    policy.require(request.actor, "Sms.Send" if len(facts["to"]) == 1 else "Sms.SendBulk")
    answer = idempotency.once(
        actor=request.actor, operation="page.sms", key=facts["key"], content=facts, act=act, wait=True
    ).body
    if answer["count"] == 1:
        return redirect("company:sms_message", public_id=answer["id"])
    return redirect(f"{reverse('company:sms')}?together={answer['together']}")


def _salt(request: ActorRequest) -> str:
    return f"sms:{request.user.pk}"


@never_cache
@sensitive_post_parameters("message")
@require_POST
@permission_required("Sms.Send")
def count(request: ActorRequest) -> HttpResponse:
    """What is being written, as it would be cut and charged; asked while somebody types."""
    own_client(request)
    context = _counted(request, request.POST.get("message", ""), request.POST.get("phone_numbers", ""))
    return render(request, "notifications/sms/_count.html", context)


def _counted(request: ActorRequest, text: str, numbers: str) -> dict[str, Any]:
    recipients = texting.count_numbers(numbers_in(numbers[:40_000])) or 1
    text = text[:2_000]
    return {
        "quote": services.quote(client=own_client(request), text=text, count=recipients),
        "letters": len(text.replace("\r\n", "\n").strip()),
        "most_letters": services.LONGEST_TEXT,
        "currency": charges.CURRENCY,
        "balance": texting.balance_of(request.actor),
    }
