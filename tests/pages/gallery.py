"""Every component on one page, for the tests of the shell; part of the tests, not of the portal."""

from datetime import datetime, timedelta
from decimal import Decimal

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone

from config.lib.pagination import Page
from config.urls import handler400, handler403, handler404, handler500
from config.urls import urlpatterns as portal

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

STATES = ["created", "submitting", "in_doubt", "pending", "otp_received", "success", "cancelled", "failed", "expired"]


def gallery(request: HttpRequest) -> HttpResponse:
    moment = timezone.now()
    messages.success(request, "Saved.")
    return render(request, "gallery.html", {"sent": request.session.get("sent", 0), **_things(moment)})


def _things(moment: datetime) -> dict[str, object]:
    return {
        "states": STATES,
        "moment": moment,
        "ends": moment + timedelta(minutes=6),
        "cancel_at": moment + timedelta(seconds=90),
        "price": Decimal("3500.00"),
        "page": Page([], next_cursor="n3", previous_cursor="p9"),
        "choices": [("", "All"), ("pending", "Pending")],
        "steps": ["Amount", "Transfer", "Arrived"],
        "events": [
            {"at": moment, "title": "Order created", "amount": Decimal("3500"), "currency": "IDR", "who": "You"},
            {"at": moment, "title": "Code received", "tone": "success", "reference": "ord_1"},
        ],
    }


def part(request: HttpRequest) -> HttpResponse:
    """The live part: a code arrives with the second poll, and the polling stops."""
    count = int(request.GET.get("count", "0")) + 1
    return render(request, "gallery.html#part", {"count": count, **_things(timezone.now())})


def sent(request: HttpRequest) -> HttpResponse:
    request.session["sent"] = request.session.get("sent", 0) + 1
    return redirect("gallery")


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("broken on purpose")


urlpatterns = [
    path("gallery", gallery, name="gallery"),
    path("gallery/part", part, name="gallery_part"),
    path("gallery/sent", sent, name="gallery_sent"),
    path("gallery/broken", broken),
    *portal,
]
