from typing import Any

from allauth.mfa.totp.views import ActivateTOTPView
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.forms.people import CodePhoneForm
from accounts.permissions import ActorRequest, sign_in_required, step_up_required
from accounts.selectors import sign_ins
from accounts.services import people, second_factor, sessions, sign_in
from config.lib.errors import ServiceError
from config.lib.refusals import tell


@never_cache
@sign_in_required
def security(request: ActorRequest) -> HttpResponse:
    """Is it only me? Second factor, passkeys, where I am signed in, what happened lately."""
    proofs = second_factor.proofs_of(request.user)
    return render(
        request,
        "accounts/security/security.html",
        {
            "proofs": proofs,
            "is_required": second_factor.is_required(request.actor),
            "places": sessions.places_of(request.user, request.session.session_key),
            "events": sign_ins.recent(request.user),
            "password_given": request.user.has_usable_password(),
            "portal": request.actor.portal,
        },
    )


@never_cache
@sign_in_required
@step_up_required
def code_phone(request: ActorRequest) -> HttpResponseBase:
    """The phone that codes for payments go to, beside the e-mail address."""
    portal = request.actor.portal
    if portal is None:
        return redirect("accounts:security")
    form = CodePhoneForm(request.POST or None, initial={"phone_number": portal.phone_number})
    if request.method == "POST" and form.is_valid():
        try:
            people.change_code_phone(actor=request.actor, **form.cleaned_data)
        except ServiceError as refusal:
            tell(form, refusal)
        else:
            messages.success(request, _("Your settings are saved."))
            return redirect("accounts:security")
    return render(request, "accounts/security/phone.html", {"form": form}, status=400 if form.errors else 200)


@require_POST
@sign_in_required
def end_session(request: ActorRequest, number: int) -> HttpResponse:
    if not sessions.end(request.user, number):
        raise Http404
    sign_in.note(request, request.user, "user.sessions_ended", count=1)
    messages.success(request, _("That device is signed out."))
    return redirect("accounts:security")


@require_POST
@sign_in_required
def end_other_sessions(request: ActorRequest) -> HttpResponse:
    ended = sessions.end_all(request.user, but=request.session.session_key or "")
    if ended:
        sign_in.note(request, request.user, "user.sessions_ended", count=ended)
    messages.success(
        request,
        ngettext("%(count)d other device is signed out.", "%(count)d other devices are signed out.", ended)
        % {"count": ended},
    )
    return redirect("accounts:security")


class AddApp(ActivateTOTPView):  # type: ignore[misc]
    """allauth's page, where the code that proved the app is used up with it: it opens no door a moment later."""

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        answer: HttpResponse = super().form_valid(form)
        second_factor.use_code(form.user, form.cleaned_data["code"])
        return answer
