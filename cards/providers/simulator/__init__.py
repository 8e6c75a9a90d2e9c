"""The simulated processor: JSON over HTTP, references that act at most once (docs/cards.md, the wire)."""
