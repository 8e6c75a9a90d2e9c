"""A card is kept behind a token (TeraPay contract 11)."""

from accounts.models import ApiUser, Client
from cards.models import Card


def tokenize(
    *,
    client: Client,
    is_sandbox: bool,
    number: str,
    expiry_month: int,
    expiry_year: int,
    code: str,
    api_user: ApiUser | None = None,
) -> Card:
    """Keep a card behind a reusable token of ``client``. Raises `BadCard`."""
    raise NotImplementedError
