"""What can be asked of the ledger: `movements` for the other apps, `spending` for what customers do themselves."""

from wallets.ledger import Held, Posted
from wallets.services.clients import Purse, client_account, credit_client, pay_from_client, post_legs
from wallets.services.movements import (
    capture_hold,
    credit_from_house,
    credit_from_provider,
    hold_funds,
    house_account_id,
    move_in_house,
    open_for,
    pass_hold_on,
    pay_house,
    release_hold,
    reverse,
    transfer,
    wallet_of,
)
from wallets.services.recipients import find_recipient
from wallets.services.spending import (
    Moved,
    check_room,
    credit_in_sandbox,
    look_ahead,
    pay_merchant,
    send_money,
)

__all__ = [
    "Held",
    "Moved",
    "Posted",
    "Purse",
    "capture_hold",
    "check_room",
    "client_account",
    "credit_client",
    "credit_from_house",
    "credit_from_provider",
    "credit_in_sandbox",
    "find_recipient",
    "hold_funds",
    "house_account_id",
    "look_ahead",
    "move_in_house",
    "open_for",
    "pass_hold_on",
    "pay_from_client",
    "pay_house",
    "pay_merchant",
    "post_legs",
    "release_hold",
    "reverse",
    "send_money",
    "transfer",
    "wallet_of",
]
