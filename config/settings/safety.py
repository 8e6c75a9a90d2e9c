"""What a request may be, what a browser may do with an answer, and what is logged and watched."""

import logging

from csp.constants import NONCE, NONE, SELF

from config.settings.base import HTTPS, env
from config.settings.money import PAYOUT_FILE_BYTES
from config.settings.people import KYC_FILE_BYTES

# --- requests -------------------------------------------------------------------------------------
DATA_UPLOAD_MAX_MEMORY_SIZE = FILE_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
# Bytes of a whole request by address; BODY_LIMIT where none is named (config/lib/body_limit.py).
BODY_LIMIT = 1024 * 1024
# Addresses at which providers call us, by name. They look at sizes themselves, and answer in the caller's own words.
DOORS = (
    "faspay_inquiry",
    "faspay_payment",
    "faspay_qr_notify",
    "faspay_notification",
    "btcpay_webhook",
)
# The same below an address, for those that end in a token.
DOORS_BELOW = ("/otpzap/webhook/",)
BODY_LIMITS = {
    "/api/kyc/upload": KYC_FILE_BYTES + 64 * 1024,
    "/api/kyc/upload-multiple": 10 * KYC_FILE_BYTES + 256 * 1024,
    "/identity/documents/": KYC_FILE_BYTES + 64 * 1024,
    "/staff/reconciliation/files/": 8 * 1024 * 1024 + 64 * 1024,
    "/company/batches/new/": PAYOUT_FILE_BYTES + 64 * 1024,
    "/identity/upload/": 10 * KYC_FILE_BYTES + 256 * 1024,
}

# --- the browser's side of safety ---------------------------------------------------------------
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "gerbang_session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "gerbang_csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "config.views.csrf_failure"
SECURE_SSL_REDIRECT = HTTPS and env.bool("SSL_REDIRECT", default=True)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 63_072_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
# Rate limits count people, not the proxy they come through.
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if env.bool("BEHIND_PROXY", default=False) else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", default=False) else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}

# --- logs: one line each, with the request's id, never a body or a secret --------------------------
LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
# A level that is none is named by a check, which must not fall over it first.
_LEVEL = LOG_LEVEL if LOG_LEVEL in logging.getLevelNamesMapping() else "INFO"
LOG_FORMAT = env.str("LOG_FORMAT", default="text")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {
            "()": "config.lib.log_lines.TextLines",
            "format": "{asctime} {levelname} {name} {message}",
            "style": "{",
        },
        "json": {"()": "config.lib.log_lines.JsonLines"},
    },
    "filters": {"route_only": {"()": "config.lib.request_log.RouteOnly"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "json" if LOG_FORMAT == "json" else "text",
            "filters": ["route_only"],
        }
    },
    "root": {"handlers": ["stderr"], "level": _LEVEL},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "urllib3": {"level": "WARNING"},
    },
}

# --- for whoever looks after it: figures for Prometheus, open to who has the token; errors for Sentry, scrubbed ----
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
SENTRY_DSN = env.str("SENTRY_DSN", default="")
SENTRY_ENVIRONMENT = env.str("SENTRY_ENVIRONMENT", default="production")
SENTRY_RELEASE = env.str("SENTRY_RELEASE", default="")
