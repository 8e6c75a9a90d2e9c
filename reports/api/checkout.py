"""TeraPay contract, section Reports."""

from ninja import Router

router = Router(tags=["Reports"])
