"""The accounts of the house that money out passes through; play money has books of its own (docs/payouts.md)."""


def in_flight(is_sandbox: bool) -> str:
    """Money of clients that is on its way: the sum of amount and fee of every payout that is reserved."""
    return "payable:payouts" + _suffix(is_sandbox)


def clearing(rail: str, is_sandbox: bool) -> str:
    """What we owe the rail for what it has paid out."""
    return f"clearing:rail-{rail}" + _suffix(is_sandbox)


def fees(is_sandbox: bool) -> str:
    return "revenue:payouts" + _suffix(is_sandbox)


def funding(is_sandbox: bool) -> str:
    """Money of clients that has reached our bank account."""
    return "clearing:client-funding" + _suffix(is_sandbox)


def _suffix(is_sandbox: bool) -> str:
    return "-test" if is_sandbox else ""
