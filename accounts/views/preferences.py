from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.forms.people import PreferencesForm
from accounts.permissions import ActorRequest, sign_in_required
from accounts.services import people as services
from config.lib import languages


@sign_in_required
def preferences(request: ActorRequest) -> HttpResponse:
    """Name, language and time zone of whoever is signed in."""
    user = request.user
    form = PreferencesForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        services.change_preferences(user=user, **form.cleaned_data)
        return _saved(request, form.cleaned_data["language"], user.timezone)
    return render(request, "accounts/preferences.html", {"form": form})


def _saved(request: HttpRequest, language: str, timezone: str) -> HttpResponse:
    request.session["timezone"] = timezone
    with override(language):
        messages.success(request, _("Your settings are saved."))
    response = redirect("accounts:preferences")
    languages.remember(response, language)
    return response
