"""Mails that arrive in a rented inbox: what a person would read of them, the code, the link, the customer's filters.

Pure: nothing here knows a table or a request, and nothing is ever fetched. Every pattern of a customer runs in RE2,
whose time grows with the length of the text and with nothing else.
"""

from otp.mails.filters import BadPattern, BadSubject, check_pattern, check_subject
from otp.mails.links import Part, host_of, parts
from otp.mails.reading import Reading, read
from otp.mails.text import plain

__all__ = [
    "BadPattern",
    "BadSubject",
    "Part",
    "Reading",
    "check_pattern",
    "check_subject",
    "host_of",
    "parts",
    "plain",
    "read",
]
