"""One box for everything that has an id. Every look-up is exact or by its beginning, and stands on an index."""

from reports.searching.asking import Asked, read
from reports.searching.finding import Group, find
from reports.searching.things import FINDERS

__all__ = ["FINDERS", "Asked", "Group", "find", "read"]
