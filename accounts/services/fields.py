"""What pages and API both ask of a text before it is stored. Problems are collected, not raised one by one."""

import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.services import phone_numbers
from config.lib.errors import Invalid
from config.lib.mailable import check_mailable

_WRONG = _("Some fields are not right.")


class Fields:
    """The given texts by name; each reader returns the clean one, or "" and remembers what is wrong with it."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given
        self.problems: dict[str, list[str | Promise]] = {}

    def line(self, name: str, *, most: int, required: bool = False) -> str:
        """One line of at most ``most`` characters, spaces made single. No links: our mails repeat these texts."""
        text = " ".join(str(self._given.get(name) or "").split())
        if not text:
            return self._wrong(name, _("This field is required.")) if required else ""
        if len(text) > most:
            return self._wrong(name, _("At most %(most)d characters.") % {"most": most})
        if "://" in text or any(unicodedata.category(letter) in {"Cc", "Cf", "Cs"} for letter in text):
            return self._wrong(name, _("Write this without links and special characters."))
        return text

    def email(self, name: str, *, most: int = 200) -> str:
        """An e-mail address in lower case."""
        text = self.line(name, most=most, required=True).lower()
        return self._try(name, text, _check_email)

    def phone(self, name: str) -> str:
        """A phone number in E.164."""
        text = self.line(name, most=50, required=True)
        return self._try(name, text, lambda number: phone_numbers.normalise(number, field=name))

    def choice(self, name: str, choices: Mapping[str, Any]) -> str:
        """One of ``choices``, spelled as there."""
        text = self.line(name, most=50, required=True)
        if text and text not in choices:
            return self._wrong(name, _("Choose one of: %(choices)s.") % {"choices": ", ".join(choices)})
        return text

    def check(self) -> None:
        """Raise `Invalid` with every problem found so far."""
        if self.problems:
            raise Invalid(_WRONG, code="invalid", fields=self.problems)

    def _try(self, name: str, text: str, clean: Callable[[str], str]) -> str:
        if name in self.problems:
            return ""
        try:
            return clean(text)
        except ValidationError as error:
            return self._wrong(name, *error.messages)
        except Invalid as error:
            return self._wrong(name, *error.fields[name])

    def _wrong(self, name: str, *messages: str | Promise) -> str:
        self.problems.setdefault(name, []).extend(messages)
        return ""


def _check_email(text: str) -> str:
    check_mailable(text)
    return text
