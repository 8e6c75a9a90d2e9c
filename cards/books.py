"""The accounts of the house that money of cards passes through; play money has books of its own (docs/cards.md)."""


def clearing(processor: str, is_sandbox: bool) -> str:
    """What the processor owes us for what it has collected."""
    return f"clearing:cards-{processor}" + _suffix(is_sandbox)


def refunds(is_sandbox: bool) -> str:
    """Money of clients on its way back to holders of cards."""
    return "payable:card-refunds" + _suffix(is_sandbox)


def fees(is_sandbox: bool) -> str:
    return "revenue:cards" + _suffix(is_sandbox)


def _suffix(is_sandbox: bool) -> str:
    return "-test" if is_sandbox else ""
