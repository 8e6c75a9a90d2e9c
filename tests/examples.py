"""How many examples a test draws: a few in `make test`, many in `make soak`, which runs the mark ``examples`` too."""

import os

MANY = os.environ.get("MANY_EXAMPLES") == "1"


def examples(few: int, many: int) -> int:
    return many if MANY else few
