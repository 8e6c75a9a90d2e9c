"""What a worker does, safe to repeat: reserve, claim, give to the rail, ask, record."""
