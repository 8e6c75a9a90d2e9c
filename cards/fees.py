"""What a captured payment by card costs the client."""

from decimal import ROUND_HALF_UP, Decimal

from django.conf import settings

from config.lib.money import EXPONENTS


def currencies() -> list[str]:
    """What cards are charged in: whatever has a price."""
    return sorted(settings.CARD_FEE_FIXED)


def fee_of(captured: Decimal, currency: str) -> Decimal:
    """A share and a fixed part, rounded half up to what the currency allows; never more than was captured."""
    fixed = settings.CARD_FEE_FIXED.get(currency, Decimal(0))
    step = Decimal(1).scaleb(-EXPONENTS[currency])
    exact = captured * settings.CARD_FEE_PERCENT / 100 + fixed
    return min(exact.quantize(step, ROUND_HALF_UP), captured)


def asks_holder(amount: Decimal, currency: str) -> bool:
    """Whether the holder is asked whatever the processor thinks (TeraPay contract 11)."""
    bound = settings.CARD_3DS_FROM.get(currency)
    return bound is not None and amount >= bound
