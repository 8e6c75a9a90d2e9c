from wallets.views.spending import pay, payment, send, transfer
from wallets.views.statement import statement, statement_csv

__all__ = ["pay", "payment", "send", "statement", "statement_csv", "transfer"]
