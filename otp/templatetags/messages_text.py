"""Messages as text in a page: ``{% load messages_text %}``."""

from django import template

from otp import mails

register = template.Library()


@register.filter
def in_parts(text: str) -> list[mails.Part]:
    """A message's text cut into words and addresses."""
    return mails.parts(text)


@register.filter
def host(url: str) -> str:
    """Where an address leads; nothing for what is no web address and must not become a link."""
    return mails.host_of(url)
