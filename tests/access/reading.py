"""Reports in the small world: one of them, and what the people of two clients keep of it."""

from accounts.models import User
from reports.models import Export, SavedView

KINDS = [
    ("reports/exports/", "public_id", "export"),
    ("reports/views/", "public_id", "saved_view"),
    ("reports/", "slug", "report"),
]
_OWN = {"portal_a": "a", "portal_b": "b"}
_READERS = ("super", "company", "support", "auditor", "portal_a", "portal_b")
SEEN: dict[str, dict[str, str]] = {"export": _OWN, "saved_view": _OWN, "report": dict.fromkeys(_READERS, "any")}
# Who has no reports at all: for them there are no such pages.
NO_READERS = {"ayu", "budi", "approver", "portal_pending"}
# What a reader who may change nothing still keeps.
OWN_TABLES = {"reports_export", "reports_savedview"}


def fill(people: dict[str, User]) -> dict[str, dict[str, object]]:
    """The things of reports by kind and owner."""
    found: dict[str, dict[str, object]] = {"export": {}, "saved_view": {}, "report": {"any": "retries"}}
    for name in ("a", "b"):
        user = people[f"portal_{name}"]
        found["export"][name] = Export.objects.create(user=user, report="retries").public_id
        found["saved_view"][name] = SavedView.objects.create(user=user, report="retries", name="Mine").public_id
    return found
