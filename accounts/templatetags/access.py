from django import template

from accounts.access import policy
from accounts.access.actors import Actor

register = template.Library()


@register.filter
def may(actor: Actor, permission: str) -> bool:
    """``{% if actor|may:"Clients.Approve" %}``: the same decision as the view's and the API's."""
    return policy.allows(actor, permission)
