"""What workers do to compare a provider's books with ours: steps that lock, look and act. Safe to repeat.

asking = have them tell (status questions, histories), matching = one line, one receipt, breaks = what does not fit
becomes a case, files = take a settlement file in, runs = one comparison of one day, from beginning to end.
"""

from payments.reconciling import files, runs

__all__ = ["files", "runs"]
