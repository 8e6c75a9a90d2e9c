"""Walking through the pages of sending and paying as a browser without JavaScript does."""

import html
import re
from typing import Any

from django.test import Client

SEND, PAY = "/wallet/send/", "/wallet/pay/"


def hidden(page: Any, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page.content.decode())
    assert found, page.content.decode()
    return html.unescape(found.group(1))


def text_of(page: Any) -> str:
    """What a reader sees."""
    content = page.content.decode()
    main = content[content.index("<main") : content.index("</main>")]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split())


def look(client: Client, path: str = SEND, **fields: str) -> Any:
    usual = {"recipient": "budi@example.id"} if path == SEND else {"external_reference": "INV-1"}
    return client.post(path, {**usual, "amount": "30.000", "note": "lunch", **fields})


def press(client: Client, page: Any, path: str = SEND, step: str = "do") -> Any:
    return client.post(path, {"confirmed": hidden(page, "confirmed"), "step": step})
