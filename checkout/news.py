"""What the client's program is told of its checkouts, in the transaction of the change."""

from checkout.models import Session, State
from checkout.wire import wire_of
from notifications.services import emit_to_client

_EVENTS = {
    State.COMPLETED: "checkout.completed",
    State.EXPIRED: "checkout.expired",
    State.FAILED: "checkout.failed",
}


def tell(session: Session) -> None:
    """Of its end; of one that the client called off itself nothing is told. With its version: late money comes after
    the end, and the higher number is the later truth."""
    event = _EVENTS.get(State(session.state))
    if event is None:
        return
    emit_to_client(
        client=session.client,
        is_sandbox=session.is_sandbox,
        event=event,
        subject=str(session.public_id),
        key=f"{event}:{session.public_id}",
        data=lambda: {**wire_of(session), "version": session.version},
    )
