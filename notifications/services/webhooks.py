"""Telling customers' programs."""

from collections.abc import Callable, Mapping
from typing import Any

from accounts.models import Customer


def emit(*, customer: Customer, event: str, subject: str, key: str, data: Callable[[], Mapping[str, Any]]) -> None:
    """Write a delivery for the webhook of ``customer`` in the caller's transaction, if it is wanted there.

    ``event`` as in OTPZap contract 10.1 or one of ours; ``subject`` is the object's id on the wire; a second call with
    the same ``key`` does nothing; ``data`` is asked for only when somebody listens.
    """
