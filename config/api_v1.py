"""The OTPZap-compatible API under /api/v1: one place where its routers meet."""
