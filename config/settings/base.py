"""The frame: where things lie, apps, middleware, templates, database, cache, jobs, languages, files."""

from pathlib import Path

import django_stubs_ext

from config.lib.surroundings import Surroundings

# Lets classes such as ModelAdmin[User] be written as the type checker wants them.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent.parent

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

# --- words, money, time ---------------------------------------------------------------------------
LANGUAGE_CODE = "en"
# Each language by its own name, whatever the page speaks.
LANGUAGES = [("en", "English"), ("id", "Bahasa Indonesia")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Jakarta"

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
