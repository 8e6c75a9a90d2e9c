"""The simulated processor as `CardProcessor`."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from django.views.decorators.debug import sensitive_variables

from cards.providers.simulator import schemas
from cards.providers.simulator.client import Client, strange
from cards.providers.types import Outcome, Plain, Wanted, Word

_PAYMENTS = "/authorizations"
_Read = Callable[[str, Mapping[str, Any]], Word]


class Simulator:
    """One address. ``challenge_key`` tells its signature under an answer to a challenge from anybody else's;
    ``name`` is what payments and the books call it."""

    def __init__(self, client: Client, challenge_key: str = "", *, name: str = "simulator") -> None:
        self._client, self._challenge_key, self.name = client, challenge_key, name

    @sensitive_variables()
    def authorize(self, wanted: Wanted, card: Plain) -> Word:
        row = self._client.post(_PAYMENTS, schemas.written(wanted, card))
        word = _read(_PAYMENTS, schemas.payment, wanted.reference, row)
        return _about(_PAYMENTS, word, wanted.amount, wanted.currency)

    def could_be(self, reference: str, pa_res: str) -> bool:
        return not self._challenge_key or schemas.is_signed(reference, pa_res, self._challenge_key)

    def verify(self, reference: str, pa_res: str) -> Word:
        path = f"{_PAYMENTS}/{reference}/verify"
        return _read(path, schemas.payment, reference, self._client.post(path, {"paRes": pa_res.strip()}))

    def capture(self, reference: str, act: str, amount: Decimal, currency: str) -> Word:
        return self._moved(reference, "captures", act, amount, currency)

    def void(self, reference: str, act: str) -> Word:
        path = f"{_PAYMENTS}/{reference}/voids"
        return _read(path, schemas.act, act, self._client.post(path, {"reference": act}))

    def refund(self, reference: str, act: str, amount: Decimal, currency: str) -> Word:
        return self._moved(reference, "refunds", act, amount, currency)

    def _moved(self, reference: str, what: str, act: str, amount: Decimal, currency: str) -> Word:
        path = f"{_PAYMENTS}/{reference}/{what}"
        row = self._client.post(path, {"reference": act, "amount": f"{amount:.2f}", "currency": currency})
        return _about(path, _read(path, schemas.act, act, row), amount, currency)

    def ask(self, reference: str, act: str = "") -> Word:
        path = f"{_PAYMENTS}/{reference}" + (f"/acts/{act}" if act else "")
        row = self._client.ask(path)
        if row is None:
            return Word(act or reference, Outcome.UNKNOWN)
        return _read(path, schemas.act if act else schemas.payment, act or reference, row)


def _read(path: str, read: _Read, reference: str, row: Mapping[str, Any]) -> Word:
    try:
        return read(reference, row)
    except schemas.Strange as error:
        raise strange(path, error) from error


def _about(path: str, word: Word, amount: Decimal, currency: str) -> Word:
    try:
        return schemas.about(word, amount, currency)
    except schemas.Strange as error:
        raise strange(path, error) from error
