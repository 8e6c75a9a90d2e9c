"""The words of our pages: money, times, states, and the small components every page is built from.

How to use them: docs/pages.md.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django import template
from django.template.loader_tags import BLOCK_CONTEXT_KEY
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from heroicons.templatetags.heroicons import heroicon_mini, heroicon_outline, heroicon_solid

from config.lib import times
from config.lib.charts import Chart
from config.lib.money import format_money
from config.lib.states import look_of

register = template.Library()

# How long the ring of a countdown takes when the page does not say when it began.
_USUAL_SECONDS = {"cancel": 120, "replace": 120, "resend": 60, "expiry": 20 * 60, "payment": 24 * 3600}


@register.filter
def money(amount: Decimal | int | None, currency: str = "IDR") -> str:
    """``{{ deposit.amount|money:deposit.currency }}`` -> ``Rp50.000``; nothing for no amount."""
    return "" if amount in (None, "") else format_money(Decimal(amount), currency)


@register.inclusion_tag("components/amount.html")
def amount(value: Decimal, currency: str = "IDR", *, signed: bool = False, size: str = "") -> dict[str, Any]:
    """Money in tabular digits; ``signed`` shows plus and minus with a word for screen readers."""
    return {"text": format_money(abs(value) if signed else value, currency), "signed": signed, "size": size} | {
        "negative": value < 0
    }


@lru_cache(maxsize=256)
def _svg(name: str, size: int, style: str, label: str) -> SafeString:
    draw = {"outline": heroicon_outline, "solid": heroicon_solid, "mini": heroicon_mini}[style]
    if not label:
        return SafeString(draw(name, size=size, **{"class": "icon"}))
    svg = draw(name, size=size, **{"class": "icon", "role": "img", "aria-label": label})
    return SafeString(svg.replace(' aria-hidden="true"', ""))


@register.simple_tag
def icon(name: str, size: int = 20, *, style: str = "outline", label: str = "") -> SafeString:
    """A heroicon, drawn into the page; silent for screen readers unless it has a ``label``."""
    return _svg(str(name), size, style, str(label))


@register.simple_tag(takes_context=True)
def block_again(context: template.Context, name: str) -> SafeString:
    """What the block ``name`` holds, a second time: the title of the window is the heading of most pages."""
    block = context.render_context[BLOCK_CONTEXT_KEY].get_block(name)
    return SafeString(block.render(context).strip())


@register.inclusion_tag("components/copy_button.html")
def copy_button(value: object, label: str, *, text: str = "", key: str = "", css: str = "") -> dict[str, Any]:
    """A button that copies ``value``; ``label`` says what it is ("account number").

    A Decimal is copied as bare digits. ``text`` is shown beside the icon, ``key`` is a one-letter shortcut.
    """
    if isinstance(value, Decimal):
        value = f"{value.normalize():f}"
    return {"value": value, "label": label, "text": text, "key": key, "css": css}


@register.inclusion_tag("components/status_badge.html")
def status_badge(state: str) -> dict[str, Any]:
    """A state in words, colour and icon."""
    return {"state": state, "look": look_of(str(state))}


@register.filter
def local_time(moment: datetime | None, form: str = "full") -> str:
    """``21 Nov 2026 09:02 WIB`` in the reader's zone; ``form``: full, date, clock, seconds, text (no markup)."""
    if not moment:
        return ""
    if form == "text":
        return times.in_words(moment)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        times.stamp(moment),
        times.in_words(moment),
        times.in_words(moment, form=form),
    )


@register.filter
def span(seconds: int | None) -> str:
    """``{{ chance.median_seconds|span }}`` -> ``1 min 20 s``; nothing for None."""
    return "" if seconds is None else times.span(seconds)


@register.inclusion_tag("components/countdown.html")
def countdown(
    deadline: datetime,
    kind: str = "expiry",
    *,
    start: datetime | None = None,
    label: str = "",
    key: str = "",
) -> dict[str, Any]:
    """Time left until ``deadline``: words for readers, a ring for eyes, announced at 5 min, 1 min and the end.

    ``kind`` chooses the words: expiry, payment, cancel, replace, resend. ``start`` makes the ring exact. ``key``
    names the countdown when several of one kind share a page, ``label`` says of what ("+62 812 3456 7890").
    """
    left = max(0, int((deadline - timezone.now()).total_seconds()))
    total = int((deadline - start).total_seconds()) if start else max(_USUAL_SECONDS.get(kind, left), left)
    return {
        "deadline": deadline,
        "stamp": times.stamp(deadline),
        "kind": kind,
        "label": label,
        "key": key or f"{kind}-{times.stamp(deadline)}",
        "digits": times.clock_digits(left),
        "left": left,
        "is_today": timezone.localdate(deadline) == timezone.localdate(),
        "total": max(1, total),
        "part": round(100 * left / max(1, total)),
    }


@register.inclusion_tag("components/empty_state.html")
def empty_state(
    icon_name: str, title: str, text: str = "", *, action_url: str = "", action_label: str = ""
) -> dict[str, Any]:
    """Nothing here yet, and the first step."""
    return {
        "icon_name": icon_name,
        "title": title,
        "text": text,
        "action_url": action_url,
        "action_label": action_label,
    }


@register.inclusion_tag("components/failure_card.html")
def failure_card(
    title: str,
    *,
    side: str = "",
    money: str = "",
    next: str = "",  # noqa: A002 - the word that reads well in a page
    action_url: str = "",
    action_label: str = "",
    tone: str = "danger",
) -> dict[str, Any]:
    """A failure in plain words: what happened, whose side, where the money is, what happens next, one action.

    ``side`` is "ours", "bank", "provider", "yours" or a sentence; ``tone`` is danger or warning.
    """
    return {
        "title": title,
        "side": side,
        "money_text": money,
        "next_text": next,
        "action_url": action_url,
        "action_label": action_label,
        "tone": tone,
    }


@register.inclusion_tag("components/timeline.html")
def timeline(events: Iterable[Any]) -> dict[str, Any]:
    """What happened, newest last. Each event: ``at``, ``title``, and maybe ``text``, ``who``, ``tone``, ``icon``,
    ``amount`` with ``currency``, ``reference``, ``url``."""
    return {"events": events}


@register.inclusion_tag("components/stepper.html")
def stepper(steps: Sequence[str], current: int) -> dict[str, Any]:
    """Steps in order; ``current`` counts from 1, one more than the last means all done."""
    return {"steps": [(number, text) for number, text in enumerate(steps, 1)], "current": current}


@register.inclusion_tag("components/chart.html")
def chart(chart: Chart, *, empty: str = "") -> dict[str, Any]:
    """A chart of `config.lib.charts` with its table and the moment it tells; ``empty`` is said when all is nothing."""
    return {"chart": chart, "empty": empty}


@register.inclusion_tag("components/key_figures.html")
def key_figures(figures: Iterable[Any]) -> dict[str, Any]:
    """The few figures a page begins with. Each: ``label``, ``text``, and maybe ``url`` and ``note``."""
    return {"figures": figures}


@register.inclusion_tag("components/pager.html", takes_context=True)
def pager(context: template.Context, page: Any, name: str = "cursor") -> dict[str, Any]:
    """Links to the newer and older page of a `config.lib.pagination.Page`, keeping the filters in the URL."""
    return {
        "request": context["request"],
        "previous": page.previous_cursor and _with_query(context, name, page.previous_cursor),
        "next": page.next_cursor and _with_query(context, name, page.next_cursor),
    }


@register.inclusion_tag("components/filter_chips.html", takes_context=True)
def filter_chips(
    context: template.Context, name: str, choices: Iterable[tuple[str, str]], label: str, *, current: str = ""
) -> dict[str, Any]:
    """Links that set ``?name=value`` and keep the other filters; the first chip clears the filter."""
    chips = [
        {"text": text, "url": _with_query(context, name, value), "chosen": str(value) == str(current or "")}
        for value, text in choices
    ]
    return {"chips": chips, "label": label}


def _with_query(context: template.Context, name: str, value: str) -> str:
    query = context["request"].GET.copy()
    query.pop("cursor", None)
    query.pop(name, None)
    if value:
        query[name] = value
    return f"?{query.urlencode()}"


@register.inclusion_tag("components/confirm_attrs.html")
def confirm_attrs(
    title: str, *, amount: str = "", recipient: str = "", text: str = "", action: str = "", tone: str = "primary"
) -> dict[str, Any]:
    """Attributes for a ``<form>`` that asks before it is sent and repeats the amount and the recipient."""
    return {
        "title": title,
        "amount": amount,
        "recipient": recipient,
        "text": text,
        "action": action,
        "tone": tone,
    }
