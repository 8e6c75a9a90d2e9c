"""What a number costs the customer: the supplier's price plus our margin. The only place where prices are made."""

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal

from django.db.models import Q

from otp.models import PriceRule

# In force until staff store a rule for everything.
DEFAULT_RULE = PriceRule(percent=Decimal(20), fixed=Decimal(0), step=50)


def price_of(cost: Decimal, rule: PriceRule) -> Decimal:
    """Cost and price in whole rupiah: cost + percent + fixed, rounded up to the rule's step, at least one rupiah."""
    exact = cost * (1 + rule.percent / 100) + rule.fixed
    step = Decimal(max(1, rule.step))
    return max(Decimal(1), (exact / step).to_integral_value(ROUND_CEILING) * step)


def rule_for(service_id: str) -> PriceRule:
    """The rule of a service, else the one for everything, else the default. One query."""
    rows = PriceRule.objects.filter(Q(service_id=service_id) | Q(service_id__isnull=True))
    found: Mapping[str | None, PriceRule] = {row.service_id: row for row in rows}
    return found.get(service_id) or found.get(None) or DEFAULT_RULE
