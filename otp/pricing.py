"""What a number or an inbox costs the customer: the supplier's price plus our margin. The only place where prices are
made."""

from collections.abc import Sequence
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


class Rules:
    """The rules that may matter for some services, read at once."""

    def __init__(self, rows: Sequence[PriceRule]) -> None:
        self._rows = sorted(rows, key=lambda row: row.narrowness, reverse=True)

    def of(self, server: int, service_id: str) -> PriceRule:
        """The rule of a service, else its server's, else the one for everything, else the default."""
        fitting = (row for row in self._rows if row.server in (None, server) and row.service_id in (None, service_id))
        return next(fitting, DEFAULT_RULE)

    def price(self, server: int, service_id: str, cost: Decimal) -> Decimal:
        """Our price for a ``cost`` of the supplier, both whole rupiah."""
        return price_of(cost, self.of(server, service_id))


def rules(*service_ids: str) -> Rules:
    """The rules for these services at whatever server, and the general ones. Without any id: all rules. One query."""
    rows = PriceRule.objects.all()
    if service_ids:
        rows = rows.filter(Q(service_id__in=service_ids) | Q(service_id__isnull=True))
    return Rules(list(rows))


def rule_for(server: int, service_id: str) -> PriceRule:
    """The rule in force for a service. One query."""
    return rules(service_id).of(server, service_id)
