from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from accounts.models import User
from accounts.services.people import open_customer


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Where allauth asks us: a new account is a customer, and mails speak the reader's language."""

    @transaction.atomic
    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        user.display_name = form.cleaned_data.get("display_name", "")
        user.language = translation.get_language() or "en"
        saved: User = super().save_user(request, user, form, commit)
        if commit:
            open_customer(user=saved)
        return saved

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **kwargs)
        request.session["timezone"] = user.timezone
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, user.language, max_age=settings.SESSION_COOKIE_AGE, samesite="Lax"
        )
        return response

    def populate_username(self, request: HttpRequest, user: User) -> None:
        """There are no user names."""
