import re
from typing import Any

from django import template
from django.db.models import Model
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.models import User
from accounts.selectors import audit
from config.lib.navigation import url_or_none

register = template.Library()
_NEWEST = 20


@register.filter
def may(actor: Actor, permission: str) -> bool:
    """``{% if actor|may:"Clients.Approve" %}``: the same decision as the view's and the API's."""
    return policy.allows(actor, permission)


@register.filter
def breakable(name: str) -> SafeString:
    """The name of a right with places where a narrow page may break it: ``Clients.ReadOne``."""
    parts = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=\.)", "\0", name).split("\0")
    return format_html_join(SafeString("<wbr>"), "{}", ((part,) for part in parts))


@register.inclusion_tag("components/audit_trail.html", takes_context=True)
def audit_trail(context: template.Context, thing: Model) -> dict[str, Any]:
    """The newest twenty entries about ``thing``, with a way to all of them; nothing for who may not read the audit."""
    return _trail(context, audit.of_object, thing, f"about={audit.name_of(thing)}")


@register.inclusion_tag("components/audit_trail.html", takes_context=True)
def audit_of_person(context: template.Context, user: User) -> dict[str, Any]:
    """The newest twenty things that ``user`` did, for who may read the audit."""
    return _trail(context, audit.done_by, user, f"who=user:{user.pk}")


def _trail(context: template.Context, select: Any, thing: Model, query: str) -> dict[str, Any]:
    actor: Actor = context["actor"]
    everything = actor.is_gateway_staff and policy.allows(actor, "Audit.Read")
    if not everything and not policy.allows(actor, "Audit.ReadClient"):
        return {"may_read": False}
    # Staff who see the entries of clients have them on the clients' pages, not in the search.
    page = "staff:audit" if everything else "" if actor.is_gateway_staff else "company:audit"
    found = list(select(actor, thing)[: _NEWEST + 1])
    return {
        "may_read": True,
        "lines": [audit.line_of(entry, actor) for entry in found[:_NEWEST]],
        "more": len(found) > _NEWEST,
        "all_url": f"{url_or_none(page)}?{query}" if page else "",
    }
