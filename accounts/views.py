from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts import services
from accounts.forms import PreferencesForm
from accounts.models import User


@login_required
def preferences(request: HttpRequest) -> HttpResponse:
    """Name, language and time zone of whoever is signed in."""
    assert isinstance(request.user, User)
    form = PreferencesForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        services.change_preferences(user=request.user, **form.cleaned_data)
        return _saved(request, form.cleaned_data["language"])
    return render(request, "accounts/preferences.html", {"form": form})


def _saved(request: HttpRequest, language: str) -> HttpResponse:
    assert isinstance(request.user, User)
    request.session["timezone"] = request.user.timezone
    with override(language):
        messages.success(request, _("Your settings are saved."))
    response = redirect("accounts:preferences")
    response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, samesite="Lax")
    return response
