"""Rails by name, and the lines they share: one line is one company behind one address, with its own limits."""

from payouts.providers.types import Holder, PayoutRail


def rail_for(kind: str, is_sandbox: bool) -> str:
    """The name of the rail that carries ``kind`` (BankTransfer, MobileMoney). Raises `NoRail` when none is open."""
    raise NotImplementedError


def rail(name: str, *, is_sandbox: bool = False) -> PayoutRail:
    """The rail called ``name``; of the sandbox always the simulated one. Raises `NoRail`."""
    raise NotImplementedError


def holder_of(kind: str, code: str, receiver: str, *, is_sandbox: bool = False) -> Holder | None:
    """Whose account or number it is, as its bank says; None when that cannot be known just now. Three seconds at most.

    Answers are kept for some minutes. Raises nothing.
    """
    raise NotImplementedError


def lines() -> list[str]:
    """The lines that are open, live first."""
    raise NotImplementedError
