"""Money in: deposits and attempts, what providers send, what arrived, and what needs a person."""

from payments.models.deposits import Deposit, DepositRequest, PaymentAttempt
from payments.models.messages import ProviderExchange, ProviderMessage
from payments.models.ovo import OvoLink
from payments.models.receipts import PaymentCase, Receipt
from payments.models.reconciliation import ReconciliationRun, SettlementFile, SettlementLine
from payments.models.static import StaticAccount, StaticPayment

__all__ = [
    "Deposit",
    "DepositRequest",
    "OvoLink",
    "PaymentAttempt",
    "PaymentCase",
    "ProviderExchange",
    "ProviderMessage",
    "Receipt",
    "ReconciliationRun",
    "SettlementFile",
    "SettlementLine",
    "StaticAccount",
    "StaticPayment",
]
