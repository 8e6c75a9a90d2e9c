"""What people look at the portal with."""

import pytest

SCREENS = {"desktop": (1280, 860), "phone": (360, 740)}


def walked_on(*names: str) -> pytest.MarkDecorator:
    """Walk on these screens in every run, and on the others in the long one.

    That nothing sticks out is seen for all screens at each stop of every walk.
    """
    others = [pytest.param(name, marks=pytest.mark.soak) for name in SCREENS if name not in names]
    return pytest.mark.parametrize("screen", [*names, *others], indirect=True)
