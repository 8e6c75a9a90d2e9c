"""TeraPay contract, section Banks."""

from ninja import Router

router = Router(tags=["Banks"])
