"""Backups that prove themselves: one moment of the database with its figures, the private files, and a drill that
restores them beside the house and counts again (docs/deploy.md)."""
