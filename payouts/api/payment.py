"""TeraPay contract, section Payment."""

from ninja import Router

router = Router(tags=["Payment"])
