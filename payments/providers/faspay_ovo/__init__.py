"""Faspay OVO Tokenize. client = HTTP, signing = pure, repair = broken text, schemas = wire, adapter = our words."""
