"""A view that breaks with data of people all around it. Asked in a program of its own: whoever reports errors hooks
into everything for good."""

import logging
from typing import Any

import sentry_sdk
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from werkzeug.test import Client as Browser

from accounts.permissions import open_to_all
from config.urls import handler500
from config.wsgi import application

__all__ = ["handler500"]

CARD, MAIL, TOKEN, PHONE = "4000 0000 0000 3220", "ayu@example.id", "k7m2p9qx3bq1zzyy7", "+6281255501234"


@csrf_exempt
@open_to_all
def breaks(request: HttpRequest, token: str) -> HttpResponse:
    cvv, body = "737", request.body
    raise ValueError(f"card {CARD} of {MAIL} with {token} at {PHONE}: {cvv[:1]}{bool(body)}")


urlpatterns: list[Any] = [path("verify/<str:token>", breaks)]


def main() -> int:
    """The status of the answer, once everything is reported."""
    with override_settings(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["localhost"], SECURE_SSL_REDIRECT=False):
        # The whole way in, as a web process has it.
        answer = Browser(application).post(
            f"/verify/{TOKEN}?mail={MAIL}",
            data={"cardNumber": CARD, "cvv": "737"},
            headers={
                "Authorization": "Bearer tp_live_secret",
                "Cookie": "gerbang_csrf=of-ayu",
                "X-Request-Id": "an-id-to-find-it-by",
            },
            environ_overrides={"REMOTE_ADDR": "203.0.113.77"},
        )
    logging.getLogger("gerbang.calls").error("no answer for %s", MAIL, extra={"body": CARD})
    sentry_sdk.flush(timeout=10)
    return answer.status_code
