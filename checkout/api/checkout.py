"""TeraPay contract, section Checkout."""

from ninja import Router

router = Router(tags=["Checkout"])
