"""Money in and out: deposits, payouts, cards, checkouts, balances of clients, reports."""

from config.settings.base import env

# --- money in -------------------------------------------------------------------------------------
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

# Where clients send money to: a currency and our account in words ("SLE=Rokel 002…, Gerbang Ltd"); and the most play
# money they may give themselves at a time.
CLIENT_FUNDING_ACCOUNTS = env.dict("CLIENT_FUNDING_ACCOUNTS", default={})
CLIENT_PLAY_MONEY_MAXIMUM = env.int("CLIENT_PLAY_MONEY_MAXIMUM", default=1_000_000)

# --- reports --------------------------------------------------------------------------------------
# Reports: up to so many rows are sent at once, more are prepared by a worker; how long a prepared file is kept, how
# many rows one may have, how long the database may take for it, and how many one person may have under way.
EXPORT_AT_ONCE = env.int("EXPORT_AT_ONCE", default=10_000)
EXPORT_MOST_ROWS = env.int("EXPORT_MOST_ROWS", default=5_000_000)
EXPORT_DAYS = env.int("EXPORT_DAYS", default=3)
EXPORT_SECONDS = env.int("EXPORT_SECONDS", default=600)
EXPORTS_UNDER_WAY = env.int("EXPORTS_UNDER_WAY", default=3)
