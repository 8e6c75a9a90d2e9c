"""The digest of Faspay's legacy API: hex sha1 over the hex text of md5. Pure functions.

It is what the other side demands, not what keeps us safe: it covers a phone number, or a bill and its status, never an
amount. Source: Faspay contract 4.1 and 5.1.
"""

import hashlib
import hmac


def request_signature(user_id: str, password: str, phone: str) -> str:
    """Signs every request to OVO Tokenize; ``phone`` exactly as it is sent. The same for one customer for ever."""
    return _digest(user_id + password + phone)


def notification_signature(user_id: str, password: str, bill_no: str, status: str) -> str:
    """What a legacy payment notification of this bill and status carries."""
    return _digest(user_id + password + bill_no + status)


def same(given: str, expected: str) -> bool:
    """Compare two digests in constant time, in capitals or not."""
    return hmac.compare_digest(given.strip().lower().encode(errors="replace"), expected.encode())


def _digest(text: str) -> str:
    inner = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    return hashlib.sha1(inner.encode(), usedforsecurity=False).hexdigest()
