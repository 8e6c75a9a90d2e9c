"""The rails of this installation: which one carries a payout, and how much at a time (docs/payouts.md)."""

from payouts.rails.registry import Line, holder_of, line, line_of, lines, on, rail, rail_for

__all__ = ["Line", "holder_of", "line", "line_of", "lines", "on", "rail", "rail_for"]
