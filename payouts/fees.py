"""What a payout costs: the client's own rule, else the one for all (docs/payouts.md)."""

from decimal import ROUND_HALF_UP, Decimal

from accounts.models import Client
from config.lib.money import EXPONENTS
from payouts.models import FeeRule

NOTHING = Decimal(0)


class Fees:
    """The rules that hold for one client in one currency, read once."""

    def __init__(self, client: Client, currency: str = "SLE") -> None:
        rules = FeeRule.objects.filter(currency=currency).filter(client=client) | FeeRule.objects.filter(
            currency=currency, client=None
        )
        self._unit = Decimal(1).scaleb(-EXPONENTS[currency])
        # The client's own come last, and win.
        self._rules = {rule.kind: rule for rule in sorted(rules, key=lambda rule: rule.client_id is not None)}

    def of(self, kind: str, amount: Decimal) -> Decimal:
        """The fee for ``amount``, in the same currency, half units rounded up; nothing where no rule speaks."""
        rule = self._rules.get(kind)
        if rule is None:
            return NOTHING
        fee = max(rule.fixed + amount * rule.percent / 100, rule.minimum)
        if rule.maximum is not None:
            fee = min(fee, rule.maximum)
        return fee.quantize(self._unit, ROUND_HALF_UP)
