"""What the pay page may load and where it may send: written out, script by script (docs/checkout.md)."""

from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static

# The whole inventory: the page draws these and the browser runs nothing else.
SCRIPTS = {
    "dist/theme.js": "light or dark, before the first picture",
    "django_htmx/htmx-4.min.js": "asks for news and puts them in place",
    "dist/app.js": "countdowns, copying, and one press of a button at a time",
}


def protect(request: HttpRequest, answer: HttpResponse, *, bank_url: str = "") -> HttpResponse:
    """Set the page's own security policy; forms go to us, and to the bank while it asks the holder of the card."""
    scripts = " ".join(request.build_absolute_uri(static(name)) for name in SCRIPTS)
    targets = " ".join(["'self'", *([_origin(bank_url)] if bank_url else [])])
    answer["Content-Security-Policy"] = "; ".join(
        (
            "default-src 'none'",
            f"script-src {scripts}",
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            "connect-src 'self'",
            f"form-action {targets}",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )
    return answer


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
