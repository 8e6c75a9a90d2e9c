"""TeraPay contract, section Metrics."""

from ninja import Router

router = Router(tags=["Metrics"])
