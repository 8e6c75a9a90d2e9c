"""Who is paid by a deposit, and who else wants to know that it was: asked inside the transaction that credits it."""

from collections.abc import Callable

from payments.models import Deposit

Listener = Callable[[Deposit], None]
_listeners: list[Listener] = []


def on_settled(listener: Listener) -> None:
    """Have ``listener`` called with every deposit of a client that has become a success, inside the transaction that
    credited it and under the lock of its row; once for each deposit. What it raises undoes the credit, which is then
    tried again. Call this from `AppConfig.ready`.

    ``received_amount`` and ``outcome`` say what arrived: less, more or later than was asked counts as settled too.
    """
    if listener not in _listeners:
        _listeners.append(listener)


def settled(deposit: Deposit) -> None:
    """Tell those who asked; the caller has just saved the new state."""
    for listener in _listeners:
        listener(deposit)
