"""One settings file; everything that differs between machines comes from the environment.

The table of variables stands in README.md. Mistakes are reported by config/system_checks.py with a hint.
"""

from pathlib import Path

import django_stubs_ext
import environ
from csp.constants import NONCE, NONE, SELF

# Lets classes such as ModelAdmin[User] be written as the type checker wants them.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
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
    "django_htmx.middleware.HtmxMiddleware",
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
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
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
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
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
ACCOUNT_RATE_LIMITS = {
    "login": env.str("RATE_LIMIT_LOGIN", default="30/m/ip"),
    # Wrong passwords are counted by accounts.services.lockout, for pages and API alike.
    "login_failed": None,
    "signup": env.str("RATE_LIMIT_SIGNUP", default="20/m/ip"),
    "reset_password": "20/m/ip,5/m/key",
    "confirm_email": "1/3m/key",
}
LOGIN_FAILURES_PER_ADDRESS = env.int("LOGIN_FAILURES_PER_ADDRESS", default=50)

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

# What customers may do by how well we know them: the most a wallet holds, one payment, a day's payments, in rupiah.
KYC_LEVELS = {
    "basic": env.list("KYC_LIMITS_BASIC", cast=int, default=[2_000_000, 1_000_000, 2_000_000]),
    "verified": env.list("KYC_LIMITS_VERIFIED", cast=int, default=[20_000_000, 10_000_000, 20_000_000]),
}

LEDGER_CHECKS = [
    "wallets.checks.ledger_problems",
    "payments.checks.ledger_problems",
    "otp.checks.ledger_problems",
]

# --- providers ------------------------------------------------------------------------------------
OTPZAP_BASE_URL = env.str("OTPZAP_BASE_URL", default="https://otpzap.com/api/v1").rstrip("/")
OTPZAP_API_KEY = env.str("OTPZAP_API_KEY", default="")
OTPZAP_RATE_PER_MINUTE = env.int("OTPZAP_RATE_PER_MINUTE", default=300)

FASPAY_BASE_URL = env.str("FASPAY_BASE_URL", default="").rstrip("/")
FASPAY_PARTNER_ID = env.str("FASPAY_PARTNER_ID", default="")
FASPAY_PARTNER_SERVICE_ID = env.str("FASPAY_PARTNER_SERVICE_ID", default="")
FASPAY_CHANNEL_ID = env.str("FASPAY_CHANNEL_ID", default="77001")
FASPAY_PRIVATE_KEY_FILE = env.str("FASPAY_PRIVATE_KEY_FILE", default="")
FASPAY_PUBLIC_KEY_FILES = env.list("FASPAY_PUBLIC_KEY_FILES", default=[])
FASPAY_TIMESTAMP_TOLERANCE_SECONDS = env.int("FASPAY_TIMESTAMP_TOLERANCE_SECONDS", default=24 * 3600)
FASPAY_READ_TIMEOUT_SECONDS = env.int("FASPAY_READ_TIMEOUT_SECONDS", default=15)

SANDBOX_OTPZAP_URL = env.str("SANDBOX_OTPZAP_URL", default="").rstrip("/")
SANDBOX_FASPAY_URL = env.str("SANDBOX_FASPAY_URL", default="").rstrip("/")

# --- mail: stored in a table first, sent by a task ----------------------------------------------
EMAIL_BACKEND = "notifications.mail.QueuedBackend"
MAIL_TRANSPORT = env.str("MAIL_TRANSPORT", default="smtp")
EMAIL_FILE_PATH = VAR_DIR / "mail"
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
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if not WHITENOISE_USE_FINDERS
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024

# --- the browser's side of safety ---------------------------------------------------------------
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "gerbang_session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "gerbang_csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "config.views.csrf_failure"
SECURE_SSL_REDIRECT = HTTPS and env.bool("SSL_REDIRECT", default=True)
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
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
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "urllib3": {"level": "WARNING"},
    },
}
