"""Is what was uploaded payable? Row by row, and against the file and the days before.

rows = one row as given to one row as understood, history = what the client has paid lately, stored = what the database
adds up of the rows of a batch, reading = a whole upload from its file to its rows.
"""

from payouts.checking.reading import read_so_far
from payouts.checking.stored import BankTotal, digest_of, has_barred, judge_again, totals_by_bank

__all__ = ["BankTotal", "digest_of", "has_barred", "judge_again", "read_so_far", "totals_by_bank"]
