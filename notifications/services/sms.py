"""Sending short messages: those of the house, and those of clients."""

from notifications.segments import Segments, segments_of

__all__ = ["Segments", "segments_of", "send_code"]


def send_code(*, to: str, text: str, subject: str, is_sandbox: bool) -> None:
    """Write a message of the house that carries a code, in the caller's transaction; it goes once that has committed.

    ``to`` is a number with its country code; ``subject`` what it is about (``payout:<id>``). The text is in no log and
    no list, and is forgotten once sent. Nobody is charged. A number nobody can have is left out without a word.
    """
