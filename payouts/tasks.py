"""The worker's tasks of money out: thin, ids in, one call."""
