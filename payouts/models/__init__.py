"""Money out: where it can go, what it costs, payouts and their codes, batches, and the clients' top-ups."""

from payouts.models.batches import Batch, BatchRow
from payouts.models.fundings import Funding
from payouts.models.payouts import Attempt, Payout, TransferCode
from payouts.models.places import Bank, BlockedReceiver, FeeRule, Telco
from payouts.models.rails import Contradiction, Feed, Lane

__all__ = [
    "Attempt",
    "Bank",
    "Batch",
    "BatchRow",
    "BlockedReceiver",
    "Contradiction",
    "FeeRule",
    "Feed",
    "Funding",
    "Lane",
    "Payout",
    "Telco",
    "TransferCode",
]
