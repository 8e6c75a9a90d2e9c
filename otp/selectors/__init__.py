"""Reading orders: the live board, what a card shows, history, one order's story, figures for staff."""

from otp.selectors.board import Board, board, board_is, dashboard, favourites, order_for
from otp.selectors.cards import Card, Step, card_of, latest_of, shown_state
from otp.selectors.endings import Ending, ending_of
from otp.selectors.history import KIND_FILTERS, STATE_FILTERS, HistoryFilter, history, with_codes
from otp.selectors.staff import staff_counts
from otp.selectors.story import MoneyStory, money_of, story

__all__ = [
    "KIND_FILTERS",
    "STATE_FILTERS",
    "Board",
    "Card",
    "Ending",
    "HistoryFilter",
    "MoneyStory",
    "Step",
    "board",
    "board_is",
    "card_of",
    "dashboard",
    "ending_of",
    "favourites",
    "history",
    "latest_of",
    "money_of",
    "order_for",
    "shown_state",
    "staff_counts",
    "story",
    "with_codes",
]
