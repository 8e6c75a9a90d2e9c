from reports.models.reading import Export, SavedView

__all__ = ["Export", "SavedView"]
