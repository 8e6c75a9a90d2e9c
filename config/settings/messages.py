"""What goes out to people and their programs: SMS, webhooks, mail."""

from typing import Any

from config.settings.base import VAR_DIR, env

# --- SMS: "" (none), "simulator" or "http", see docs/sms.md -----------------------------------------
SMS_GATEWAY = env.str("SMS_GATEWAY", default="")
SMS_GATEWAY_URL = env.str("SMS_GATEWAY_URL", default="")
SMS_GATEWAY_KEY = env.str("SMS_GATEWAY_KEY", default="")
SMS_SENDER_ID = env.str("SMS_SENDER_ID", default="Gerbang")
SMS_PRICE_PER_SEGMENT = env.str("SMS_PRICE_PER_SEGMENT", default="0.25")
SMS_PER_CLIENT_AND_DAY = env.int("SMS_PER_CLIENT_AND_DAY", default=5_000)
SMS_GATEWAY_PER_SECOND = env.int("SMS_GATEWAY_PER_SECOND", default=20)
# The last part of the address where the gateway tells what became of messages; none, none.
SMS_REPORT_TOKEN = env.str("SMS_REPORT_TOKEN", default="")
# What the gateway "http" looks like: ours=theirs for to, from, text and reference; paths such as messages.0.id.
SMS_HTTP: dict[str, Any] = {
    "method": env.str("SMS_HTTP_METHOD", default="POST"),
    "format": env.str("SMS_HTTP_FORMAT", default="json"),
    "fields": env.dict("SMS_HTTP_FIELDS", default={"to": "to", "from": "from", "text": "text", "reference": ""}),
    "extra": env.dict("SMS_HTTP_EXTRA", default={}),
    "auth": env.str("SMS_HTTP_AUTH", default="bearer"),
    "plus": env.bool("SMS_HTTP_PLUS", default=True),
    "ok": env.str("SMS_HTTP_OK", default=""),
    "id": env.str("SMS_HTTP_ID", default="id"),
    "repeats": env.bool("SMS_HTTP_REPEATS", default=False),
    "status_url": env.str("SMS_HTTP_STATUS_URL", default=""),
    "status": env.str("SMS_HTTP_STATUS", default="status"),
    "delivered": env.list("SMS_HTTP_DELIVERED", default=["delivered"]),
    "undelivered": env.list("SMS_HTTP_UNDELIVERED", default=["undelivered", "expired"]),
    "rejected": env.list("SMS_HTTP_REJECTED", default=["rejected"]),
    "report_id": env.str("SMS_HTTP_REPORT_ID", default="id"),
    "report_reference": env.str("SMS_HTTP_REPORT_REFERENCE", default="reference"),
    "report_status": env.str("SMS_HTTP_REPORT_STATUS", default="status"),
}

# --- webhooks out: the plain signature's header, seconds a receiver has, days deliveries are kept -----------------
WEBHOOK_SIGNATURE_HEADER = env.str("WEBHOOK_SIGNATURE_HEADER", default="X-Webhook-Signature")
WEBHOOK_TIMEOUT_SECONDS = env.float("WEBHOOK_TIMEOUT_SECONDS", default=10.0)
WEBHOOK_KEPT_DAYS = env.int("WEBHOOK_KEPT_DAYS", default=30)
# Public networks we never send to, such as our own addresses; and receivers on a developer's own machine (host:port),
# which count in the sandbox only.
WEBHOOK_REFUSED_NETWORKS = env.list("WEBHOOK_REFUSED_NETWORKS", default=[])
WEBHOOK_LOCAL_RECEIVERS = env.list("WEBHOOK_LOCAL_RECEIVERS", default=[])

# --- mail: stored in a table first, sent by a task ----------------------------------------------
EMAIL_BACKEND = "notifications.mail.QueuedBackend"
MAIL_TRANSPORT = env.str("MAIL_TRANSPORT", default="smtp")
EMAIL_FILE_PATH = VAR_DIR / "mail"
# Below so many rupiah a customer hears of it, unless they chose another figure; days notices stay in the inbox.
LOW_BALANCE = env.int("LOW_BALANCE", default=10_000)
NOTICES_KEPT_DAYS = env.int("NOTICES_KEPT_DAYS", default=180)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Gerbang <no-reply@gerbang.example>")
EMAIL_HOST = env.str("EMAIL_HOST", default="localhost")
EMAIL_PORT = env.int("EMAIL_PORT", default=587)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=True)
EMAIL_TIMEOUT = 10
