"""What workers do. Each task picks up rows that are due, so missing or doubling a run is harmless."""
