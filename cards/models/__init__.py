from cards.models.cards import Card
from cards.models.closings import Closing
from cards.models.payments import CardAct, CardPayment
from cards.models.states import Act, ActState, Reason, State

__all__ = ["Act", "ActState", "Card", "CardAct", "CardPayment", "Closing", "Reason", "State"]
