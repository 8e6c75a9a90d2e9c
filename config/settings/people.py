"""People: signing in, second factors, limits of attempts, the gateway API's callers, identity checks, customers."""

from config.settings.base import HTTPS, SANDBOX_ENABLED, env

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

# --- identity checks and customers ---------------------------------------------------------------
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
