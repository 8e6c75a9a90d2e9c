"""Errors for Sentry, if somebody wants them there: where it broke and with which words, nothing of whom.

Nothing of the request leaves but its method, its route and its id: no body, query, header, cookie, address, person. No
values of variables, no breadcrumbs; from messages go addresses of mails, long numbers, ids and rows of the database.
"""

import re
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from config.lib import tracing
from config.lib.log_lines import without_rows

_MAIL = re.compile(r"[^\s@<>\"'(),;:=]+@[^\s@<>\"'(),;:=]+")
# Numbers of cards, accounts and phones, however they are spaced; codes; keys; ids in addresses.
_NUMBER = re.compile(r"\+?\d(?:[ \u00a0.-]?\d){3,}")
_SECRET = re.compile(r"\b(?=\w*\d)[\w-]{16,}\b")
_KEPT_CONTEXTS = ("runtime", "trace")


def start() -> None:
    """Begin to report, if ``SENTRY_DSN`` says where to. Raises `ImportError` when the sentry-sdk is not installed."""
    if not settings.SENTRY_DSN:
        return
    # Whoever reports to nobody need not have it.
    import sentry_sdk
    from sentry_sdk.integrations.celery import CeleryIntegration
    from sentry_sdk.integrations.django import DjangoIntegration
    from sentry_sdk.integrations.logging import LoggingIntegration

    _check(settings.SENTRY_DSN)
    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        environment=settings.SENTRY_ENVIRONMENT,
        release=settings.SENTRY_RELEASE or None,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            DjangoIntegration(middleware_spans=False, signals_spans=False),
            CeleryIntegration(propagate_traces=False),
            LoggingIntegration(level=None, event_level=40),
        ],
        send_default_pii=False,
        include_local_variables=False,
        include_source_context=True,
        max_request_body_size="never",
        max_breadcrumbs=0,
        server_name="",
        before_send=scrubbed,
    )


def _check(dsn: str) -> None:
    from sentry_sdk.utils import BadDsn, Dsn

    try:
        Dsn(dsn)
    except BadDsn:
        raise ImproperlyConfigured("SENTRY_DSN is no DSN: https://key@host/number, as Sentry shows it.") from None


def scrubbed(event: Any, hint: Any) -> Any:
    """``event`` as it may leave the house."""
    for name in ("user", "breadcrumbs", "extra", "modules", "server_name"):
        event.pop(name, None)
    request = event.pop("request", None) or {}
    if request.get("method"):
        event["request"] = {"method": request["method"]}
    contexts = event.get("contexts", {})
    event["contexts"] = {name: contexts[name] for name in _KEPT_CONTEXTS if name in contexts}
    event["transaction"] = clean(str(event.get("transaction", "")))
    event["tags"] = {"request_id": tracing.current()} if tracing.current() else {}
    if "logentry" in event:
        words = event["logentry"]
        event["logentry"] = {"formatted": clean(str(words.get("formatted") or words.get("message", "")))}
    for error in event.get("exception", {}).get("values", []):
        error["value"] = clean(str(error.get("value", "")))
        for frame in error.get("stacktrace", {}).get("frames", []):
            frame.pop("vars", None)
    return event


def clean(text: str) -> str:
    """``text`` without what may name or belong to somebody."""
    return _NUMBER.sub("[number]", _SECRET.sub("[secret]", _MAIL.sub("[mail]", without_rows(text))))
