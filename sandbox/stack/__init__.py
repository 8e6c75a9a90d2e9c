"""The local stack: everything `make run` and `make test` start, on a machine that has only Python.

Knows processes, folders and ports, and nothing of Django: the site is one more program to start.
"""
