"""Figures for staff."""

from django.db.models import Count

from otp.models import Order


def staff_counts() -> dict[str, int]:
    """Live orders by state, and how many of them need a person; none of the sandbox. Three queries."""
    real = Order.objects.filter(customer__is_sandbox=False)
    by_state = dict(real.live().values_list("state").annotate(Count("pk")).order_by("state"))
    late = {"overdue": real.overdue().count(), "no_answer": real.stuck().count()}
    return {**by_state, **{name: number for name, number in late.items() if number}}
