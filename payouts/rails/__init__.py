"""The rails of this installation: which one carries a payout, and how much at a time (docs/payouts.md)."""

from payouts.rails.registry import holder_of, lines, rail, rail_for

__all__ = ["holder_of", "lines", "rail", "rail_for"]
