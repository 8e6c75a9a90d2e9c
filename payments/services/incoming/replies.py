"""What goes back to whoever called."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes
    content_type: str = "application/json"
