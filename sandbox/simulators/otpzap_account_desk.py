"""The account on the wire of the simulated OTPZap: balance, deposits, webhook (OTPZap contract 3 and 10.4)."""

from collections.abc import Callable

from flask import Response

from .otpzap_house import Account
from .otpzap_wire import success


class AccountDesk:
    def views(self) -> dict[str, Callable[[Account], Response]]:
        return {
            "balance": self.balance,
        }

    def balance(self, account: Account) -> Response:
        return success({"balance": account.balance, "currency": "IDR"})
