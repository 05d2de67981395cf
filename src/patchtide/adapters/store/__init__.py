"""The event log in a SQLite file."""

from patchtide.adapters.store.schema import StoreError
from patchtide.adapters.store.sqlite import SqliteStore

__all__ = ["SqliteStore", "StoreError"]
