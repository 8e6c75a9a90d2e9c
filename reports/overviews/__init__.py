"""What each role sees first: a few figures, charts, and where each of them leads."""
