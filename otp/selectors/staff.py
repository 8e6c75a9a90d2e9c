"""Figures for staff."""

from django.db.models import Count

from otp.models import Order


def staff_counts() -> dict[str, int]:
    """Live orders by state, and how many of them need a person. Three queries."""
    by_state = dict(Order.objects.live().values_list("state").annotate(Count("pk")).order_by("state"))
    late = {"overdue": Order.objects.overdue().count(), "no_answer": Order.objects.stuck().count()}
    return {**by_state, **{name: number for name, number in late.items() if number}}
