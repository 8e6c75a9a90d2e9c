"""The states a program meets: our own tables of moves, told in the words of the API.

Several states of ours read the same on the wire; they become one stage, and moves between them are not seen.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain

from django.db.models import Model, TextChoices
from django.utils.translation import gettext_lazy as _

from cards import wire as cards
from cards.models import states as card_states
from checkout import wire as checkout
from checkout.models import sessions as checkout_states
from config.guides.diagrams import Diagram, drawn
from config.guides.knowledge.words import Text
from config.guides.stages import WORDS
from config.lib.states import look_of
from kyc.models import KycDocument
from otp import wire as otp
from otp.models import Order, Server
from otp.models import states as otp_states
from payments import wire as payments
from payments.models import Deposit
from payouts import wire as payouts
from payouts.models import Batch
from payouts.models import states as payout_states
from payouts.selectors.items import batch_status

YES, MOSTLY, NO = "yes", "mostly", "no"


@dataclass(frozen=True)
class Stage:
    """A word of the API. ``end``: yes (no other word follows), mostly (an end, and yet another may follow), no."""

    word: str
    meaning: Text
    money: Text
    inner: Sequence[Text]
    end: str
    onward: list[str]
    tone: str


@dataclass(frozen=True)
class Machine:
    slug: str
    title: Text
    field: str
    stages: list[Stage]
    diagram: Diagram

    def stage(self, word: str) -> Stage:
        return next(one for one in self.stages if one.word == word)

    @property
    def drawn_nodes(self) -> list[tuple[object, Stage]]:
        """Each node of the drawing with what it stands for."""
        return [(node, self.stage(node.word)) for node in self.diagram.nodes]


@dataclass(frozen=True)
class Source:
    """Where one machine comes from: the table of moves, the words of the wire, and which states are ends."""

    slug: str
    title: Text
    # Which answer says it.
    read_in: str
    moves: Sequence[tuple[str, str]]
    told: Callable[[str], str]
    labels: type[TextChoices]
    ends: Sequence[str]
    look: str = ""
    words: Mapping[str, tuple[Text, Text]] = field(default_factory=dict)


def _moves_of(model: type[Model], name: str) -> list[tuple[str, str]]:
    """The moves that a trigger of the database allows."""
    triggers = getattr(model._meta, "triggers")  # noqa: B009 - put there by pgtrigger
    return [(str(was), str(new)) for was, new in next(one for one in triggers if one.name == name).transitions]


def _order(server: Server, state: str) -> str:
    return otp.status_of(Order(server=server, state=state))


def _numbers(slug: str, title: Text, server: Server, read_by: str) -> Source:
    told = partial(_order, server)
    return Source(slug, title, read_by, otp_states.MOVES, told, otp_states.State, otp_states.ENDS, words=WORDS[slug])


SOURCES = (
    _numbers("number-1", _("Number, Server 1"), Server.PRODUCTS, "/api/v1/order/check"),
    _numbers("number-2", _("Number, Server 2"), Server.OPERATORS, "/api/v1/order/check"),
    _numbers("inbox", _("Mail inbox"), Server.MAIL, "/api/v1/order/email-check"),
    Source(
        "deposit",
        _("Deposit"),
        "/api/v1/topup/check",
        _moves_of(Deposit, "legal_moves"),
        lambda state: payments.status_of(Deposit(state=state)),
        Deposit.State,
        [state for state in Deposit.State.values if state != Deposit.State.PENDING],
        words=WORDS["deposit"],
    ),
    Source(
        "transfer",
        _("Transfer"),
        "/api/payment/{id}",
        payout_states.MOVES,
        lambda state: payouts.STATUS[state],
        payout_states.State,
        payout_states.ENDS,
        "payout:",
        WORDS["transfer"],
    ),
    Source(
        "batch",
        _("Batch"),
        "/api/bulk-disbursement/{batchId}/status",
        payout_states.BATCH_MOVES,
        lambda state: batch_status(Batch(state=state)),
        payout_states.BatchState,
        payout_states.BATCH_ENDS,
        "batch:",
        WORDS["batch"],
    ),
    Source(
        "card",
        _("Payment by card"),
        "/api/card-payments/…",
        card_states.MOVES,
        lambda state: cards.STATUS[state],
        card_states.State,
        card_states.ENDS,
        "card:",
        WORDS["card"],
    ),
    Source(
        "checkout",
        _("Checkout"),
        "/api/checkout/sessions/{sessionId}",
        checkout_states.MOVES,
        lambda state: checkout.STATUS[state],
        checkout_states.State,
        [state for state in checkout_states.State.values if state != checkout_states.State.OPEN],
        "checkout:",
        WORDS["checkout"],
    ),
    Source(
        "document",
        _("Identity document"),
        "/api/kyc/{id}/status",
        _moves_of(KycDocument, "kyc_document_moves"),
        str,
        KycDocument.Status,
        [KycDocument.Status.VERIFIED, KycDocument.Status.REJECTED],
        "paper:",
        WORDS["document"],
    ),
)


def machines() -> list[Machine]:
    """Every machine, in the reader's language."""
    return [machine_of(source) for source in SOURCES]


def machine_of(source: Source) -> Machine:
    """One machine, drawn."""
    moves = list(dict.fromkeys(_told_moves(source)))
    words = list(dict.fromkeys(source.told(str(state)) for state in _states(source)))
    stages = [_stage(source, word, moves) for word in words]
    starts = [words[0]]
    return Machine(source.slug, source.title, source.read_in, stages, drawn(words, moves, starts))


def _states(source: Source) -> list[str]:
    """Every state in the order in which the moves name them: the first is where all begins."""
    return list(dict.fromkeys(chain.from_iterable((str(was), str(new)) for was, new in source.moves)))


def _told_moves(source: Source) -> Iterator[tuple[str, str]]:
    for was, new in source.moves:
        before, after = source.told(str(was)), source.told(str(new))
        if before != after:
            yield before, after


def _stage(source: Source, word: str, moves: Sequence[tuple[str, str]]) -> Stage:
    inner = [state for state in _states(source) if source.told(state) == word]
    onward = [new for was, new in moves if was == word]
    over = all(state in source.ends for state in inner)
    meaning, money = source.words[word]
    end = (MOSTLY if over else NO) if onward else YES
    labels = [source.labels(state).label for state in inner]
    return Stage(word, meaning, money, labels, end, onward, _tone(source, word, inner))


def _tone(source: Source, word: str, inner: Sequence[str]) -> str:
    named = next((state for state in inner if state == word.lower()), inner[0])
    return look_of(f"{source.look}{named}").tone
