"""The event log in a SQLite file; `care` looks after that file, and costs only those who ask for it."""

from patchtide.adapters.store.schema import StoreError
from patchtide.adapters.store.sqlite import SqliteStore

__all__ = ["SqliteStore", "StoreError"]
