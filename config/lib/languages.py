"""The language that somebody chose, where a browser keeps it."""

from django.conf import settings
from django.http import HttpResponseBase


def remember(response: HttpResponseBase, language: str) -> None:
    """Let the browser come back in ``language``, for as long as a session may last. No script reads it."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.SESSION_COOKIE_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
