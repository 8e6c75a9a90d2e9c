"""Read what providers report in tables, whatever the table looks like. Pure: no database, no request, no clock.

tables = bytes to rows of text, columns = which column means what, values = amounts, times and words, lines = a row to
what it says.
"""
