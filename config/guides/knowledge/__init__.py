"""What we know about every refusal, by subject. A test looks that no code of ours is missing and none is left over."""

from config.guides.knowledge import calls, desk, money, papers, purchases
from config.guides.knowledge.words import Group, Refusal

GROUPS: tuple[Group, ...] = (
    calls.FORM,
    calls.CREDENTIALS,
    calls.RIGHTS,
    calls.LIMITS,
    calls.STATES,
    calls.FAULTS,
    money.WALLETS,
    money.PAYOUTS,
    money.BATCHES,
    money.FUNDING,
    money.CARDS,
    purchases.NUMBERS,
    purchases.LIMITS,
    purchases.DEPOSITS,
    papers.IDENTITY,
    papers.FILES,
    papers.MESSAGES,
    papers.REPORTS,
    desk.DESK,
)

__all__ = ["GROUPS", "Group", "Refusal"]
