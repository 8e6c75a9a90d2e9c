"""TeraPay contract, section CardPayments."""

from ninja import Router

router = Router(tags=["CardPayments"])
