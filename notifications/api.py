"""TeraPay contract, section Sms."""

from ninja import Router

router = Router(tags=["Sms"])
