"""The banks and operators that we pay to, played by hand: what they paid, sending it back, and their moods."""

from collections.abc import Callable

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import sign_in_required
from sandbox import remote_rail as remote
from sandbox.forms import RailEndForm, RailMoodForm
from sandbox.views import act, or_error, sandbox_only

LISTED = 20
PAGE = "sandbox:rail"


@sandbox_only
@sign_in_required
@never_cache
@require_safe
def rail(request: HttpRequest) -> HttpResponse:
    """What the rail was told to pay, and what became of it."""
    payouts, error = or_error(lambda: remote.payouts(LISTED))
    found = {"payouts": payouts, "moods": or_error(remote.moods)[0], "rail_error": error}
    template = "sandbox/rail.html#rail" if request.headers.get("HX-Request") else "sandbox/rail.html"
    return render(request, template, found)


def _posted(form_class: type[Form], action: Callable[[Form], str]) -> Callable[[HttpRequest], HttpResponse]:
    def view(request: HttpRequest) -> HttpResponse:
        return act(request, form_class(request.POST), action, PAGE)

    return view


def _end(form: Form) -> str:
    remote.end(reference=form.cleaned_data["reference"], way=form.cleaned_data["way"])
    if form.cleaned_data["way"] == "return":
        return _("The bank sends it back. Gerbang hears of it within a moment.")
    return _("The bank has decided. Gerbang hears of it within a moment.")


def _change_mood(form: Form) -> str:
    mood = form.cleaned_data["mood"]
    if mood == "well":
        remote.behave()
        return _("The rail behaves again.")
    remote.misbehave(mood=mood)
    return _("As you wish. It lasts until it has happened, or until you let the rail behave again.")


end = sandbox_only(sign_in_required(require_POST(_posted(RailEndForm, _end))))
mood = sandbox_only(sign_in_required(require_POST(_posted(RailMoodForm, _change_mood))))
