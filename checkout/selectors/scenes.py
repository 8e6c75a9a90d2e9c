"""What the page of a checkout shows, worked out from what is stored: reading it at any moment tells the truth."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from checkout import stages
from checkout.models import Method, Session, State, Try
from checkout.wording import OVO_REASONS, UNDERPAID, Words, words_for
from config.lib.clock import now
from payments import selectors as deposits
from payments.models import Deposit
from payments.selectors import Picture

# Tries that the page needs to know: the newest decide, and money may come by any of them. More than anybody may make.
_NEWEST = 60
# What the payer left for another way is no failure.
_SILENT = {"", "left", "paid_twice"}
# The page is put together anew when it passes from one of these to another.
_FRAMES = {"choose": "open", "deposit": "open", "confirming": "busy", "challenge": "asked", "checked": "checked"}


@dataclass(frozen=True)
class Scene:
    """``stage``: choose (a way to pay), deposit (a number, a QR or a push is there or nearly so), challenge (the bank
    asks the holder), confirming (money is on its way), checked (it came, and a person looks at it), or how it ended.
    ``every``: seconds between two looks of the page, 0 when nothing more will come by itself."""

    session: Session
    stage: str
    attempt: Try | None
    picture: Picture | None
    failure: Words | None
    every: int

    @property
    def frame(self) -> str:
        """Of what kind the whole page is."""
        return _FRAMES.get(self.stage, self.stage)

    @property
    def seen(self) -> str:
        """What the page tells with its next look."""
        deposit = self.picture.deposit.version if self.picture else 0
        pay_stage = self.picture.stage if self.picture else ""
        return f"{self.session.version}.{deposit}.{self.every}.{pay_stage}.{self.stage}"

    @property
    def is_over(self) -> bool:
        return self.stage in State.values

    @property
    def is_slow(self) -> bool:
        """Whether the payer waits longer than people expect."""
        return self.attempt is not None and self.attempt.created_at < now() - timedelta(seconds=30)


def session_of(public_id: UUID) -> Session | None:
    """The only way to a checkout without an account: by its whole id, which nobody can guess."""
    return Session.objects.select_related("client").filter(public_id=public_id).first()


def scene_of(session: Session) -> Scene:
    """Three queries at most."""
    tries = list(
        session.tries.select_related("card_payment__card", "deposit")
        .prefetch_related("deposit__attempts")
        .order_by("-id")[:_NEWEST]
    )
    current = next((attempt for attempt in tries if not attempt.is_over), None)
    picture = deposits.picture_of(current.deposit) if current and current.deposit else None
    is_checked = any(stages.is_checked(attempt) for attempt in tries)
    stage = _stage(session, current, picture, is_checked=is_checked)
    is_shown = stage in {"deposit", "confirming"}
    return Scene(
        session=session,
        stage=stage,
        attempt=current,
        picture=picture if is_shown else None,
        failure=_failure(stage, tries),
        every=_pace(session, stage, current, picture),
    )


def _stage(session: Session, current: Try | None, picture: Picture | None, *, is_checked: bool) -> str:
    if session.state == State.COMPLETED:
        return session.state
    # A card that is being charged comes first: it may pay before anybody has looked.
    is_charged = current is not None and current.method == Method.CARD and stages.is_confirming(current)
    if is_checked and not is_charged:
        return "checked"
    if session.state != State.OPEN:
        return session.state
    if current is not None:
        if stages.is_confirming(current):
            return "confirming"
        if stages.is_challenged(current):
            return "challenge"
        if picture is not None and picture.stage in {"preparing", "in_doubt", "waiting", "ending"}:
            return "deposit"
    # Whether it waits for something was answered above.
    return "choose" if session.expires_at > now() else str(State.EXPIRED)


def _failure(stage: str, tries: list[Try]) -> Words | None:
    """Of the try before, while the payer chooses what to do next; and of money that was too little."""
    last = tries[0] if tries else None
    if stage == State.FAILED:
        return UNDERPAID if any(attempt.reason == "underpaid" for attempt in tries) else None
    if last is None or stage != "choose":
        return None
    if last.is_over:
        return None if last.reason in _SILENT else words_for(last.method, last.reason)
    # Over, and not swept yet.
    return words_for(last.method, _reason_of(last.deposit) if last.deposit else "challenge_too_late")


def _reason_of(deposit: Deposit) -> str:
    """Why it can be paid that way no more; of OVO what it said."""
    account = deposits.picture_of(deposit).account
    said = account.reason if account is not None and account.method == Method.OVO else ""
    return said if said in OVO_REASONS else "expired"


def _pace(session: Session, stage: str, current: Try | None, picture: Picture | None) -> int:
    if stage in {"confirming", "challenge"}:
        is_fresh = current is not None and current.created_at > now() - timedelta(minutes=2)
        return 2 if is_fresh else 5
    if stage == "deposit" and picture is not None:
        return picture.every or 3
    if stage == "choose":
        return 15
    if stage == "checked":
        return 30
    # Money on its way may still come.
    is_late = stage in {State.EXPIRED, State.CANCELLED} and session.expires_at > now() - timedelta(hours=1)
    return 30 if is_late else 0
