"""Numbers of cards at rest."""
