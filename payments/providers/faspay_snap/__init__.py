"""Faspay SNAP virtual accounts. client = HTTP, signing = pure, schemas = wire names, adapter = our dataclasses."""
