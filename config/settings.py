"""One settings file; everything that differs between machines comes from the environment.

The table of variables stands in README.md. Mistakes are reported by config/system_checks.py with a hint.
"""

import logging
from pathlib import Path
from typing import Any

import django_stubs_ext
from csp.constants import NONCE, NONE, SELF

from config.lib.surroundings import Surroundings

# Lets classes such as ModelAdmin[User] be written as the type checker wants them.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent

env = Surroundings()
VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var")))
if env.bool("READ_LOCAL_ENV", default=True) and (VAR_DIR / "local.env").is_file():
    env.read_env(VAR_DIR / "local.env")

DEBUG = env.bool("DEBUG", default=False)
SANDBOX_ENABLED = env.bool("SANDBOX_ENABLED", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
BASE_URL = env.str("BASE_URL", default="http://127.0.0.1:8000").rstrip("/")
HTTPS = BASE_URL.startswith("https://")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = [BASE_URL] if HTTPS else []

INSTALLED_APPS = [
    "config.apps.ConfigConfig",
    "accounts",
    "kyc",
    "notifications",
    "wallets",
    "otp",
    "payments",
    "payouts",
    "cards",
    "checkout",
    "reports",
    "sandbox",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "django_htmx",
    "heroicons",
    "pgtrigger",
    "template_partials",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.lib.request_log.RequestLogMiddleware",
    "config.lib.doors.DoorMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.TimezoneMiddleware",
    "accounts.middleware.ApiMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.FirstThingsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.lib.body_limit.BodyLimitMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context_processors.shell",
            ],
            "libraries": {"gerbang": "config.lib.templatetags.gerbang"},
            "builtins": [
                "config.lib.templatetags.gerbang",
                "accounts.templatetags.access",
                "template_partials.templatetags.partials",
            ],
        },
    },
]

# --- data -----------------------------------------------------------------------------------------
DATABASES = {
    "default": {
        **env.db("DATABASE_URL", default="postgres://gerbang@127.0.0.1:5432/gerbang"),
        "CONN_MAX_AGE": env.int("DATABASE_CONN_MAX_AGE", default=60),
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": env.bool("DATABASE_BEHIND_POOLER", default=False),
    }
}
DATABASES["default"]["OPTIONS"] = {
    **DATABASES["default"].get("OPTIONS", {}),
    "options": "-c statement_timeout=30000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=60000",
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "config.lib.redis_cache.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "gerbang",
    }
}
SESSION_ENGINE = "config.lib.sessions"
SESSION_COOKIE_AGE = 14 * 24 * 3600

# --- jobs -----------------------------------------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "global_keyprefix": "gerbang:celery:",
    # A page must not wait six seconds for a broker that is away: the sweep does what was not queued.
    "max_retries": 0,
    "interval_start": 0,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 240
CELERY_TASK_SOFT_TIME_LIMIT = 210
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_ENABLE_UTC = True
CELERY_TIMEZONE = "Asia/Jakarta"

# --- people ---------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "display_name")},
    },
    # Length and a list of common ones, nothing about digits or capitals (TeraPay contract 2).
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "config.lib.passwords.MaximumLength"},
    {"NAME": "config.lib.passwords.NotCommon"},
]
PASSWORD_RESET_TIMEOUT = 3600
# How long after a sign-in (or after proving it again) keys, roles and payouts may be touched.
STEP_UP_SECONDS = env.int("STEP_UP_SECONDS", default=900)
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.forms.people.SignupDetails"
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_CONFIRM_EMAIL_ON_GET = False
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_EMAIL_NOTIFICATIONS = True
# Works nothing out for an address with an account that it would not for another.
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"
ACCOUNT_FORMS = {
    "login": "accounts.forms.sign_in.LoginForm",
    "signup": "accounts.forms.sign_in.SignupForm",
    "change_password": "accounts.forms.sign_in.ChangePasswordForm",
    "set_password": "accounts.forms.sign_in.SetPasswordForm",
    "reset_password": "accounts.forms.sign_in.ResetPasswordForm",
    "reset_password_from_key": "accounts.forms.sign_in.ResetPasswordKeyForm",
    "reauthenticate": "accounts.forms.sign_in.ReauthenticateForm",
}
ACCOUNT_REAUTHENTICATION_TIMEOUT = STEP_UP_SECONDS
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_RATE_LIMITS = {
    "login": env.str("RATE_LIMIT_LOGIN", default="30/m/ip"),
    # Wrong passwords are counted by accounts.services.lockout, for pages and API alike.
    "login_failed": None,
    "signup": env.str("RATE_LIMIT_SIGNUP", default="20/m/ip"),
    "reset_password": env.str("RATE_LIMIT_RESET_PASSWORD", default="5/h/ip,5/h/key"),
    "confirm_email": "1/3m/key",
}
MFA_ADAPTER = "accounts.adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Gerbang"
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_FORMS = {
    "authenticate": "accounts.forms.second_factor.AuthenticateForm",
    "reauthenticate": "accounts.forms.second_factor.ReauthenticateForm",
    "activate_totp": "accounts.forms.second_factor.ActivateForm",
    "add_webauthn": "accounts.forms.second_factor.PasskeyForm",
    "edit_webauthn": "accounts.forms.second_factor.PasskeyNameForm",
}
# Who gets nowhere without a second factor.
MFA_REQUIRED_ROLES = env.list("MFA_REQUIRED_ROLES", default=[] if SANDBOX_ENABLED else ["SuperAdmin", "CompanyAdmin"])
CLIENT_REGISTRATIONS_PER_HOUR = env.int("CLIENT_REGISTRATIONS_PER_HOUR", default=10)
LOGIN_FAILURES_PER_ADDRESS = env.int("LOGIN_FAILURES_PER_ADDRESS", default=50)

# --- the gateway API: calls a minute with one key; with keys that do not work, from one place; days calls are kept
API_RATE_PER_MINUTE = env.int("API_RATE_PER_MINUTE", default=300)
API_REFUSED_PER_MINUTE = env.int("API_REFUSED_PER_MINUTE", default=30)
API_CALLS_KEPT_DAYS = env.int("API_CALLS_KEPT_DAYS", default=90)

# --- words, money, time ---------------------------------------------------------------------------
LANGUAGE_CODE = "en"
# Each language by its own name, whatever the page speaks.
LANGUAGES = [("en", "English"), ("id", "Bahasa Indonesia")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Jakarta"

DEPOSIT_MINIMUM = env.int("DEPOSIT_MINIMUM", default=10_000)
DEPOSIT_MAXIMUM = env.int("DEPOSIT_MAXIMUM", default=10_000_000)
DEPOSIT_PRESETS = [25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000]
DEPOSIT_LIFETIME_MINUTES = env.int("DEPOSIT_LIFETIME_MINUTES", default=24 * 60)
# What differs from that by method: the least and the most in rupiah, and how long one attempt can be paid.
PAYMENT_LIMITS = {
    "qris": env.list("QRIS_LIMITS", cast=int, default=[1_000, 10_000_000]),
    "ovo": env.list("OVO_LIMITS", cast=int, default=[10_000, 10_000_000]),
    "crypto": env.list("CRYPTO_LIMITS", cast=int, default=[100_000, 10_000_000]),
}
PAYMENT_LIFETIME_MINUTES = {"qris": 30, "ovo": 10, "crypto": 25}

# What customers may do by how well we know them: the most a wallet holds, one payment, a day's payments, in rupiah.
KYC_LEVELS = {
    "basic": env.list("KYC_LIMITS_BASIC", cast=int, default=[2_000_000, 1_000_000, 2_000_000]),
    "verified": env.list("KYC_LIMITS_VERIFIED", cast=int, default=[20_000_000, 10_000_000, 20_000_000]),
}
# What must be sent before a case is reviewed: kinds of kyc.models.KycDocument.
KYC_REQUIRED_DOCUMENTS = env.list("KYC_REQUIRED_DOCUMENTS", default=["identity", "selfie"])
KYC_FILE_BYTES = env.int("KYC_FILE_BYTES", default=5 * 1024 * 1024)
KYC_FILES_PER_DAY = env.int("KYC_FILES_PER_DAY", default=30)
KYC_BYTES_PER_CUSTOMER = env.int("KYC_BYTES_PER_CUSTOMER", default=100 * 1024 * 1024)

# Who reviews identity papers keeps a case so long after the last sign of life. Two people must agree from this risk
# (0-100) on, and on so many percent of all cases drawn at random.
KYC_CLAIM_MINUTES = env.int("KYC_CLAIM_MINUTES", default=15)
KYC_SECOND_REVIEW_RISK = env.int("KYC_SECOND_REVIEW_RISK", default=50)
KYC_SECOND_REVIEW_PERCENT = env.int("KYC_SECOND_REVIEW_PERCENT", default=0)

# Every new customer is handed to these: apps above people put beside a customer what it cannot be without.
CUSTOMER_OPENERS = ["wallets.services.open_for"]
# The wallet of the customers' API and of sending and paying. Days, of limits too, are counted in the zone.
CUSTOMER_WALLET_CURRENCY = env.str("CUSTOMER_WALLET_CURRENCY", default="IDR")
CUSTOMER_WALLET_ZONE = env.str("CUSTOMER_WALLET_ZONE", default="Asia/Jakarta")
CUSTOMER_WALLET_BANK = env.str("CUSTOMER_WALLET_BANK", default="702")
REQUIRE_CONFIRMED_EMAIL_FOR_API = env.bool("REQUIRE_CONFIRMED_EMAIL_FOR_API", default=False)
# Registrations by API in an hour from one network address; a third of it for one e-mail address.
CUSTOMER_REGISTRATIONS_PER_HOUR = env.int("CUSTOMER_REGISTRATIONS_PER_HOUR", default=60)

LEDGER_CHECKS = [
    "wallets.checks.ledger_problems",
    "payments.checks.ledger_problems",
    "otp.checks.ledger_problems",
    "payouts.checks.ledger_problems",
    "checkout.checks.ledger_problems",
    "cards.checks.ledger_problems",
    "notifications.checks.ledger_problems",
]

# What says texts for people beside code and templates: the collector of texts asks them.
TEXT_SOURCES = ["config.openapi.texts", "config.reference_v1.texts"]

# Where pg_dump and pg_restore lie, if they are not in the path (manage.py backup, restore_drill).
PG_BIN_DIR = env.str("PG_BIN_DIR", default="")

# --- providers ------------------------------------------------------------------------------------
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

# --- money out ------------------------------------------------------------------------------------
# Rails by name: where their adapter lives, what they carry, where, with which key, how many instructions a second over
# all processes, and how many may be under way at a time. Without a base URL a rail is closed.
PAYOUT_RAIL_URL = env.str("PAYOUT_RAIL_URL", default="").rstrip("/")
PAYOUT_RAIL_KEY = env.str("PAYOUT_RAIL_KEY", default="")
PAYOUT_RAIL_PER_SECOND = env.int("PAYOUT_RAIL_PER_SECOND", default=200)
PAYOUT_RAIL_AT_ONCE = env.int("PAYOUT_RAIL_AT_ONCE", default=16)
PAYOUT_RAIL_TIMEOUT_SECONDS = env.float("PAYOUT_RAIL_TIMEOUT_SECONDS", default=10.0)
# The key of the simulated rail, where payouts of the sandbox go to another address than live ones.
SANDBOX_RAIL_KEY = env.str("SANDBOX_RAIL_KEY", default="")
# Rules against fraud, in leones unless a number says otherwise (TeraPay contract 8): they want an owner's decision.
PAYOUT_RULES = {
    "single_limit": env.int("PAYOUT_SINGLE_LIMIT", default=50_000),
    "large_amount": env.int("PAYOUT_LARGE_AMOUNT", default=10_000),
    "daily_limit": env.int("PAYOUT_DAILY_LIMIT", default=250_000),
    "velocity": env.int("PAYOUT_VELOCITY", default=10),
    "velocity_minutes": env.int("PAYOUT_VELOCITY_MINUTES", default=10),
    "duplicate_minutes": env.int("PAYOUT_DUPLICATE_MINUTES", default=5),
    "new_receiver_large": env.int("PAYOUT_NEW_RECEIVER_LARGE", default=5_000),
}
# The daily limit of batches, which two people have agreed on; rows of a file; days back in which rows are compared.
PAYOUT_BATCH_DAILY_LIMIT = env.int("PAYOUT_BATCH_DAILY_LIMIT", default=5_000_000)
PAYOUT_FILE_ROWS = env.int("PAYOUT_FILE_ROWS", default=100_000)
PAYOUT_FILE_BYTES = env.int("PAYOUT_FILE_BYTES", default=20 * 1024 * 1024)
PAYOUT_DUPLICATE_DAYS = env.int("PAYOUT_DUPLICATE_DAYS", default=7)
# Batches up to this total may be approved by the one who made them; 0: never.
PAYOUT_ONE_PERSON_UP_TO = env.int("PAYOUT_ONE_PERSON_UP_TO", default=0)
# A code lives so long; a transfer waits for it so long at most.
PAYOUT_CODE_SECONDS = env.int("PAYOUT_CODE_SECONDS", default=300)
PAYOUT_PENDING_MINUTES = env.int("PAYOUT_PENDING_MINUTES", default=30)

# --- cards and checkout ---------------------------------------------------------------------------
# The processor of live payments by card; without both nothing is charged. Play money goes to the simulated one only.
CARD_PROCESSOR_URL = env.str("CARD_PROCESSOR_URL", default="").rstrip("/")
CARD_PROCESSOR_KEY = env.str("CARD_PROCESSOR_KEY", default="")
# What payments and its clearing account call it: another company is another name.
CARD_PROCESSOR_NAME = env.str("CARD_PROCESSOR_NAME", default="simulator")
# The one before, for as long as it has payments: asked about them, told to capture, to release and to give back.
CARD_PROCESSOR_BEFORE_NAME = env.str("CARD_PROCESSOR_BEFORE_NAME", default="")
CARD_PROCESSOR_BEFORE_URL = env.str("CARD_PROCESSOR_BEFORE_URL", default="").rstrip("/")
CARD_PROCESSOR_BEFORE_KEY = env.str("CARD_PROCESSOR_BEFORE_KEY", default="")
SANDBOX_CARDS_URL = env.str("SANDBOX_CARDS_URL", default="").rstrip("/")
SANDBOX_CARDS_KEY = env.str("SANDBOX_CARDS_KEY", default="")
CARD_TIMEOUT_SECONDS = env.float("CARD_TIMEOUT_SECONDS", default=15.0)
# What signs answers to challenges of the simulated processor.
CARD_CHALLENGE_KEY = env.str("CARD_CHALLENGE_KEY", default="")
# Numbers of cards: keys of their own (32 bytes in URL-safe base64), newest first; and the key of the hash that knows a
# card again.
CARD_ENCRYPTION_KEYS = env.list("CARD_ENCRYPTION_KEYS", default=[])
CARD_FINGERPRINT_KEY = env.str("CARD_FINGERPRINT_KEY", default="")
# From which amount on the holder is always asked, by currency (TeraPay contract 11); what a capture costs a client.
CARD_3DS_FROM = {
    "SLE": env.int("CARD_3DS_FROM_SLE", default=1_000),
    "IDR": env.int("CARD_3DS_FROM_IDR", default=500_000),
}
CARD_FEE_PERCENT = env.decimal("CARD_FEE_PERCENT", default="2.5")
CARD_FEE_FIXED = {
    "SLE": env.decimal("CARD_FEE_FIXED_SLE", default="1"),
    "IDR": env.decimal("CARD_FEE_FIXED_IDR", default="2000"),
}
CARD_AUTHORIZATION_DAYS = env.int("CARD_AUTHORIZATION_DAYS", default=7)
CARD_CHALLENGE_MINUTES = env.int("CARD_CHALLENGE_MINUTES", default=15)
# A checkout is open so long, unless the client or the caller says otherwise.
CHECKOUT_MINUTES = env.int("CHECKOUT_MINUTES", default=30)

# Reports: up to so many rows are sent at once, more are prepared by a worker; how long a prepared file is kept, how
# many rows one may have, how long the database may take for it, and how many one person may have under way.
EXPORT_AT_ONCE = env.int("EXPORT_AT_ONCE", default=10_000)
EXPORT_MOST_ROWS = env.int("EXPORT_MOST_ROWS", default=5_000_000)
EXPORT_DAYS = env.int("EXPORT_DAYS", default=3)
EXPORT_SECONDS = env.int("EXPORT_SECONDS", default=600)
EXPORTS_UNDER_WAY = env.int("EXPORTS_UNDER_WAY", default=3)

# Where clients send money to: a currency and our account in words ("SLE=Rokel 002…, Gerbang Ltd"); and the most play
# money they may give themselves at a time.
CLIENT_FUNDING_ACCOUNTS = env.dict("CLIENT_FUNDING_ACCOUNTS", default={})
CLIENT_PLAY_MONEY_MAXIMUM = env.int("CLIENT_PLAY_MONEY_MAXIMUM", default=1_000_000)

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

SANDBOX_OTPZAP_URL = env.str("SANDBOX_OTPZAP_URL", default="").rstrip("/")
SANDBOX_FASPAY_URL = env.str("SANDBOX_FASPAY_URL", default="").rstrip("/")
SANDBOX_BTCPAY_URL = env.str("SANDBOX_BTCPAY_URL", default="").rstrip("/")
SANDBOX_RAIL_URL = env.str("SANDBOX_RAIL_URL", default="").rstrip("/")
SANDBOX_SMS_URL = env.str("SANDBOX_SMS_URL", default="").rstrip("/")

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

# --- files, forms ---------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = env.bool("WHITENOISE_USE_FINDERS", default=False)
PRIVATE_FILES_DIR = env.str("PRIVATE_FILES_DIR", default=str(VAR_DIR / "private"))
# Newest first: the first one encrypts, all of them open.
FILE_ENCRYPTION_KEYS = env.list("FILE_ENCRYPTION_KEYS", default=[])
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if not WHITENOISE_USE_FINDERS
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
    # Identity documents: encrypted, outside every folder that is served, and without an address of their own.
    "private": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": PRIVATE_FILES_DIR,
            "base_url": None,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
}
# Several machines share them in a bucket that speaks S3's language; then PRIVATE_FILES_DIR counts for nothing.
PRIVATE_FILES_BUCKET = env.str("PRIVATE_FILES_BUCKET", default="")
if PRIVATE_FILES_BUCKET:
    STORAGES["private"] = {
        "BACKEND": "config.lib.bucket.Bucket",
        "OPTIONS": {
            "bucket_name": PRIVATE_FILES_BUCKET,
            "endpoint_url": env.str("PRIVATE_FILES_ENDPOINT", default="") or None,
            "region_name": env.str("PRIVATE_FILES_REGION", default="") or None,
            "access_key": env.str("PRIVATE_FILES_KEY_ID", default="") or None,
            "secret_key": env.str("PRIVATE_FILES_KEY", default="") or None,
            "location": "private",
            "default_acl": None,
            "file_overwrite": False,
            "signature_version": "s3v4",
            # Long files are put on a disk while they are read; their bytes are encrypted.
            "max_memory_size": 8 * 1024 * 1024,
        },
    }
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
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
