"""A table that says which state may follow which, kept by the database itself."""

from collections.abc import Iterable

import pgtrigger


def moves_trigger(name: str, noun: str, moves: Iterable[tuple[str, str]]) -> pgtrigger.Trigger:
    """Refuses an update of ``state`` that is not one of ``moves``, in words that begin with ``noun`` and the row's id.

    Decided without calling a function for each row: a hundred thousand rows may move at once.
    """
    allowed = ", ".join(f"'{was}:{new}'" for was, new in moves)
    changed = 'OLD."state" IS DISTINCT FROM NEW."state"'
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Update,
        condition=pgtrigger.Condition(
            f"""{changed} AND (OLD."state" || ':' || NEW."state") <> ALL (ARRAY[{allowed}])"""
        ),
        func=f"RAISE EXCEPTION '{noun} %: no way from % to %', OLD.id, OLD.state, NEW.state;",
    )
