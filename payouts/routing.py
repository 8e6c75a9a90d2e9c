"""From what somebody typed to where the money goes (TeraPay contract 6 and 7).

A phone number is told from an account by its prefix and its length; both come out normalised: digits of an account,
``0`` and eight digits of a phone number. Banks and operators are read once for as many destinations as there are.
"""

import re
from typing import NamedTuple

from payouts.errors import BadDestination
from payouts.models import Bank, Telco
from payouts.models.states import Kind, Problem

_GAPS = str.maketrans("", "", " -.\u00a0\u202f\t")
_ACCOUNT = re.compile(r"[0-9]{3,34}", re.ASCII)
# Abroad is only written before a country code: 0033012345 is an account of bank 003, not 00 and a number.
_PHONE = re.compile(r"(?:(?:\+|00)?232)?0?([0-9]{8})", re.ASCII)
_MANGLED = re.compile(r"[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+", re.ASCII)
USUAL_LENGTH = 18


class Route(NamedTuple):
    """``receiver`` as stored and sent, its first three characters as ``code``, and whose they are."""

    kind: str
    receiver: str
    code: str
    name: str
    warnings: tuple[str, ...] = ()

    @property
    def phone(self) -> str:
        """``+232`` and eight digits; of an account nothing."""
        return f"+232{self.receiver[1:]}" if self.kind == Kind.MOBILE else ""


class Routes:
    """The table of banks and operators, as it is now."""

    def __init__(self) -> None:
        self._banks = {bank.code: bank for bank in Bank.objects.all()}
        self._telcos = {telco.code: telco for telco in Telco.objects.all()}

    def of(self, destination: str) -> Route:
        """An account number or a phone number, told apart. Raises `BadDestination`."""
        bare = destination.strip().translate(_GAPS)
        if not bare:
            raise BadDestination(Problem.NO_DESTINATION)
        if _MANGLED.fullmatch(destination.strip()):
            raise BadDestination(Problem.MANGLED_NUMBER)
        phone = _PHONE.fullmatch(bare)
        if phone and phone[1][:2] in self._telcos:
            return self._mobile(phone[1])
        if bare.startswith("+"):
            raise BadDestination(Problem.UNKNOWN_OPERATOR if phone else Problem.BAD_DESTINATION)
        if bare[:1] == "0" and bare[1:3] in self._telcos and bare[:3] not in self._banks:
            # A phone number with a digit too few or too many: nobody who typed it thinks of banks.
            raise BadDestination(Problem.BAD_DESTINATION)
        return self.account(bare)

    def account(self, number: str) -> Route:
        """A full account number: digits, the first three of them the bank's code. Raises `BadDestination`."""
        bare = number.strip().translate(_GAPS)
        if not _ACCOUNT.fullmatch(bare):
            raise BadDestination(Problem.BAD_DESTINATION if bare else Problem.NO_DESTINATION)
        bank = self._banks.get(bare[:3])
        if bank is None:
            raise BadDestination(Problem.UNKNOWN_BANK)
        if not bank.is_active:
            raise BadDestination(Problem.BANK_CLOSED)
        strange = (Problem.UNUSUAL_LENGTH.value,) if len(bare) != USUAL_LENGTH else ()
        return Route(Kind.BANK, bare, bank.code, bank.name, strange)

    def phone(self, number: str) -> Route:
        """A mobile-money number, with or without its country code. Raises `BadDestination`."""
        bare = number.strip().translate(_GAPS)
        found = _PHONE.fullmatch(bare)
        if not found:
            raise BadDestination(Problem.BAD_DESTINATION if bare else Problem.NO_DESTINATION)
        if found[1][:2] not in self._telcos:
            raise BadDestination(Problem.UNKNOWN_OPERATOR)
        return self._mobile(found[1])

    def name_of(self, code: str) -> str:
        """The bank or operator behind the first three characters of a receiver; the code itself when it is gone."""
        if code in self._banks:
            return self._banks[code].name
        telco = self._telcos.get(code[1:]) if code.startswith("0") else None
        return telco.name if telco else code

    def _mobile(self, national: str) -> Route:
        telco = self._telcos[national[:2]]
        if not telco.is_active:
            raise BadDestination(Problem.BANK_CLOSED)
        return Route(Kind.MOBILE, f"0{national}", f"0{national[:2]}", telco.name)
