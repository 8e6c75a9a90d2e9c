"""Numbers and inboxes in the OTPZap-compatible API (OTPZap contract 4 to 7)."""

from otp.api_v1 import catalogue, inboxes, numbers

routers = (catalogue.router, numbers.router, inboxes.router)
