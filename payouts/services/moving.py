"""What services that change a batch need: its lock, its state, and that an edit voids what was approved."""

from payouts.moving import EDITABLE, hold, move, name_of, touch, void, with_maker

__all__ = ["EDITABLE", "hold", "move", "name_of", "touch", "void", "with_maker"]
