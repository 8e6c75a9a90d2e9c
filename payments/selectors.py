"""Reading deposits. config.views.home calls open_deposits(customer), config.staff_views calls staff_counts()."""

from typing import Any

from accounts.models import Customer


def open_deposits(customer: Customer) -> list[Any]:
    """Deposits that wait for money, newest first, at most three."""
    return []


def staff_counts() -> dict[str, int]:
    """How many deposits stand in each state that matters to staff."""
    return {}
