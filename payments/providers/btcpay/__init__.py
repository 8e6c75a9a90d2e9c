"""A BTCPay Server of our own: bitcoin in, rupiah on the invoice (docs/crypto.md)."""
