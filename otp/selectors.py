"""Reading orders. config.views.home calls dashboard(customer), config.staff_views calls staff_counts()."""

from typing import Any

from accounts.models import Customer


def dashboard(customer: Customer) -> dict[str, Any]:
    """Context for templates/home.html: ``live`` (what templates/otp/_cards.html needs), ``favourites``, ``recent_orders``."""
    return {}


def staff_counts() -> dict[str, int]:
    """How many orders stand in each state that matters to staff."""
    return {}
