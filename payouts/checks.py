"""What the ledger check asks of money out."""

from collections.abc import Iterator


def ledger_problems() -> Iterator[str]:
    """Each sentence is something that cannot be: money on its way that no payout explains, and the reverse."""
    yield from ()
