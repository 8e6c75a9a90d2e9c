"""Our own names for attempts at providers."""

import secrets

from config.lib.ids import new_trx_id
from payments import methods


def new_reference_for(method: str) -> str:
    """A new ``trx_id``: 16 letters and digits; for OVO, whose bills are numbers, 20 digits."""
    return f"{secrets.randbelow(10**20):020}" if method == methods.OVO else new_trx_id()
