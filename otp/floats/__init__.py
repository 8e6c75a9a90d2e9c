"""Our own money at the supplier: how much is left, when to stop selling, how it is topped up. Whole rupiah."""

from otp.floats.readings import (
    Level,
    Standing,
    Usage,
    check,
    forget_readings,
    read_all,
    standings,
    usage,
)
from otp.floats.topups import ask_for, look_at, topup_of

__all__ = [
    "Level",
    "Standing",
    "Usage",
    "ask_for",
    "check",
    "forget_readings",
    "look_at",
    "read_all",
    "standings",
    "topup_of",
    "usage",
]
