"""Who wants to know that a card payment has changed: a plain list, filled once when an app is ready."""

from collections.abc import Callable

from cards.models import CardPayment

Listener = Callable[[CardPayment], None]

_listeners: list[Listener] = []


def on_change(listener: Listener) -> None:
    """Have ``listener`` called inside the transaction of every change of a payment's state, with its row locked.

    What it raises undoes the change, so it raises only when the change must not stand.
    """
    if listener not in _listeners:
        _listeners.append(listener)


def forget(listener: Listener) -> None:
    """Tell ``listener`` nothing more."""
    _listeners.remove(listener)


def tell(payment: CardPayment) -> None:
    """``payment`` has another state now; call this inside the transaction that gave it that."""
    for listener in _listeners:
        listener(payment)
