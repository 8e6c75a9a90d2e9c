"""TeraPay contract, section BulkDisbursement."""

from ninja import Router

router = Router(tags=["BulkDisbursement"])
