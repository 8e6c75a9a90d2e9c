"""Every phone we write to, as a page: the messages with their codes, and the gateway's moods."""

from collections.abc import Callable

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import sign_in_required
from sandbox import remote_sms as remote
from sandbox.forms import SmsEndForm, SmsMoodForm
from sandbox.views import act, or_error, sandbox_only

LISTED = 30
PAGE = "sandbox:sms"


@sandbox_only
@sign_in_required
@never_cache
@require_safe
def phones(request: HttpRequest) -> HttpResponse:
    """The messages that phones have got; ``q`` finds those of a number by its last digits."""
    search = "".join(letter for letter in request.GET.get("q", "")[:30] if letter in "+0123456789")
    messages, error = or_error(lambda: remote.messages(LISTED, search))
    found = {"phone_messages": messages, "search": search, "moods": or_error(remote.moods)[0], "sms_error": error}
    template = "sandbox/sms.html#phones" if request.headers.get("HX-Request") else "sandbox/sms.html"
    return render(request, template, found)


def _posted(form_class: type[Form], action: Callable[[Form], str]) -> Callable[[HttpRequest], HttpResponse]:
    def view(request: HttpRequest) -> HttpResponse:
        return act(request, form_class(request.POST), action, PAGE)

    return view


def _end(form: Form) -> str:
    remote.end(reference=form.cleaned_data["reference"], way=form.cleaned_data["way"])
    return _("The phone network has decided. Gerbang hears of it within a moment.")


def _change_mood(form: Form) -> str:
    mood = form.cleaned_data["mood"]
    if mood == "well":
        remote.behave()
        return _("The gateway behaves again.")
    remote.misbehave(mood=mood)
    return _("As you wish. It lasts until it has happened, or until you let the gateway behave again.")


end = sandbox_only(sign_in_required(require_POST(_posted(SmsEndForm, _end))))
mood = sandbox_only(sign_in_required(require_POST(_posted(SmsMoodForm, _change_mood))))
