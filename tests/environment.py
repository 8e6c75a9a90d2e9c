"""What every test run is told before the settings are read; named in pyproject.toml as pytest's first plugin."""

import os

for name, value in {
    "SECRET_KEY": "only-for-tests",
    "FILE_ENCRYPTION_KEYS": "b25seS1mb3ItdGVzdHMtb25seS1mb3ItdGVzdHMtMTI=",
    "READ_LOCAL_ENV": "0",
    "SANDBOX_ENABLED": "1",
    "WHITENOISE_USE_FINDERS": "1",
    "MAIL_TRANSPORT": "file",
}.items():
    os.environ[name] = value
