"""OTPZap, Faspay, BTCPay Server: where they are and how we speak with them; what customers may order."""

from config.settings.base import env

OTPZAP_BASE_URL = env.str("OTPZAP_BASE_URL", default="https://otpzap.com/api/v1").rstrip("/")
OTPZAP_API_KEY = env.str("OTPZAP_API_KEY", default="")
# More keys, if we have any; orders are spread evenly over all of them.
OTPZAP_API_KEYS = env.list("OTPZAP_API_KEYS", default=[])
# Calls a minute with each key.
OTPZAP_RATE_PER_MINUTE = env.int("OTPZAP_RATE_PER_MINUTE", default=300)
# Rupiah of ours that a key has left there: from where staff is told, and where no new orders are taken.
OTPZAP_FLOAT_ALERT = env.int("OTPZAP_FLOAT_ALERT", default=500_000)
OTPZAP_FLOAT_STOP = env.int("OTPZAP_FLOAT_STOP", default=20_000)
# Notes of theirs come to /otpzap/webhook/<token>, signed with one of the secrets; without either none is taken. How
# they sign is not documented: header names, what stands before the signature ("none" for nothing), hex or base64.
OTPZAP_WEBHOOK_TOKEN = env.str("OTPZAP_WEBHOOK_TOKEN", default="")
OTPZAP_WEBHOOK_SECRETS = env.list("OTPZAP_WEBHOOK_SECRETS", default=[])
OTPZAP_WEBHOOK_HEADERS = env.list(
    "OTPZAP_WEBHOOK_HEADERS", default=["X-Webhook-Signature", "X-OTPZap-Signature", "X-Signature"]
)
OTPZAP_WEBHOOK_PREFIXES = env.list("OTPZAP_WEBHOOK_PREFIXES", default=["sha256=", "none"])
OTPZAP_WEBHOOK_ENCODINGS = env.list("OTPZAP_WEBHOOK_ENCODINGS", default=["hex"])
OTPZAP_NOTES_KEPT_DAYS = env.int("OTPZAP_NOTES_KEPT_DAYS", default=30)

# What one customer may order by how well we know them: alive at one time, in 24 hours, and rupiah in 24 hours.
ORDER_LIMITS = {
    "basic": env.list("ORDER_LIMITS_BASIC", cast=int, default=[10, 100, 1_000_000]),
    "verified": env.list("ORDER_LIMITS_VERIFIED", cast=int, default=[20, 1_000, 10_000_000]),
}
# Buying pauses when more than this share of a day's numbers was given back unused, judged from so many numbers on; a
# customer may start afresh so many times in 30 days. So many messages kept back in 30 days stop buying.
ORDER_CANCEL_PERCENT = env.int("ORDER_CANCEL_PERCENT", default=80)
ORDER_CANCEL_FREE = env.int("ORDER_CANCEL_FREE", default=10)
ORDER_FRESH_STARTS = env.int("ORDER_FRESH_STARTS", default=3)
ORDER_STRIKES = env.int("ORDER_STRIKES", default=3)

FASPAY_BASE_URL = env.str("FASPAY_BASE_URL", default="").rstrip("/")
FASPAY_PARTNER_ID = env.str("FASPAY_PARTNER_ID", default="")
FASPAY_PARTNER_SERVICE_ID = env.str("FASPAY_PARTNER_SERVICE_ID", default="")
FASPAY_CHANNEL_ID = env.str("FASPAY_CHANNEL_ID", default="77001")
FASPAY_PRIVATE_KEY_FILE = env.str("FASPAY_PRIVATE_KEY_FILE", default="")
FASPAY_PUBLIC_KEY_FILES = env.list("FASPAY_PUBLIC_KEY_FILES", default=[])
FASPAY_TIMESTAMP_TOLERANCE_SECONDS = env.int("FASPAY_TIMESTAMP_TOLERANCE_SECONDS", default=24 * 3600)
# For Faspay's acceptance test: an X-EXTERNAL-ID used again is always a conflict, even with the same body.
FASPAY_STRICT_EXTERNAL_ID = env.bool("FASPAY_STRICT_EXTERNAL_ID", default=False)
# Their sandbox has been seen to sign wider blanks than it sends; never in production (Faspay contract 1.4).
FASPAY_REPAD_BEFORE_HASHING = env.bool("FASPAY_REPAD_BEFORE_HASHING", default=False)
FASPAY_READ_TIMEOUT_SECONDS = env.int("FASPAY_READ_TIMEOUT_SECONDS", default=15)

# The QRIS channel of the merchant (711 ShopeePay, 715 LinkAja …); empty: no QRIS.
FASPAY_QRIS_CHANNEL = env.str("FASPAY_QRIS_CHANNEL", default="")
# Permanent numbers: bank code = partner service id, as Faspay gave them; empty: none.
FASPAY_STATIC_SERVICE_IDS = env.dict("FASPAY_STATIC_SERVICE_IDS", default={})
# A payment to one that a bank announced and nobody confirmed is asked about after so long.
FASPAY_FLAG_PATIENCE_MINUTES = env.int("FASPAY_FLAG_PATIENCE_MINUTES", default=5)

FASPAY_OVO_BASE_URL = env.str("FASPAY_OVO_BASE_URL", default="").rstrip("/")
FASPAY_OVO_USER_ID = env.str("FASPAY_OVO_USER_ID", default="")
FASPAY_OVO_PASSWORD = env.str("FASPAY_OVO_PASSWORD", default="")
FASPAY_OVO_FORMAT = env.str("FASPAY_OVO_FORMAT", default="json")
FASPAY_OVO_XML_DIGITS = env.str("FASPAY_OVO_XML_DIGITS", default="")
# Amounts go out in hundredths of rupiah and come back in rupiah.
FASPAY_OVO_AMOUNT_MULTIPLIER = env.int("FASPAY_OVO_AMOUNT_MULTIPLIER", default=100)
FASPAY_OVO_REDIRECT_HOSTS = env.list("FASPAY_OVO_REDIRECT_HOSTS", default=[])
# The last part of the address that OVO calls when an account was linked. Nobody signs that call, so nobody else must
# know the address; empty: it does not exist.
FASPAY_OVO_CALLBACK_TOKEN = env.str("FASPAY_OVO_CALLBACK_TOKEN", default="")

BTCPAY_BASE_URL = env.str("BTCPAY_BASE_URL", default="").rstrip("/")
BTCPAY_API_KEY = env.str("BTCPAY_API_KEY", default="")
BTCPAY_STORE_ID = env.str("BTCPAY_STORE_ID", default="")
BTCPAY_WEBHOOK_SECRET = env.str("BTCPAY_WEBHOOK_SECRET", default="")
BTCPAY_READ_TIMEOUT_SECONDS = env.float("BTCPAY_READ_TIMEOUT_SECONDS", default=10.0)

# Above it (rupiah) a SuperAdmin is the second person of a payment case.
CASE_APPROVAL_LIMIT = env.int("CASE_APPROVAL_LIMIT", default=10_000_000)
# What went out to providers and came back is kept so long.
EXCHANGES_KEPT_DAYS = env.int("EXCHANGES_KEPT_DAYS", default=90)
# When a way to pay is called slow or down (payments/health.py): of the calls of so many minutes, which share must be
# answered, how long half of them may take, and from how many calls on that says anything.
PROVIDER_HEALTH = {"window_minutes": 15, "few_calls": 5, "down_below": 0.5, "slow_below": 0.9, "slow_ms": 5000}

# Comparing days with the providers: questions a minute and at most in one go, and what a payment costs by clearing
# channel, as an amount or a percentage ("4440", "0.7%"); a fee is compared only where one is named.
RECONCILIATION_PER_MINUTE = env.int("RECONCILIATION_PER_MINUTE", default=60)
RECONCILIATION_QUESTIONS = env.int("RECONCILIATION_QUESTIONS", default=500)
SETTLEMENT_FEES = env.dict("SETTLEMENT_FEES", default={})

# --- simulated ones -------------------------------------------------------------------------------
SANDBOX_OTPZAP_URL = env.str("SANDBOX_OTPZAP_URL", default="").rstrip("/")
SANDBOX_FASPAY_URL = env.str("SANDBOX_FASPAY_URL", default="").rstrip("/")
SANDBOX_BTCPAY_URL = env.str("SANDBOX_BTCPAY_URL", default="").rstrip("/")
SANDBOX_RAIL_URL = env.str("SANDBOX_RAIL_URL", default="").rstrip("/")
SANDBOX_SMS_URL = env.str("SANDBOX_SMS_URL", default="").rstrip("/")
