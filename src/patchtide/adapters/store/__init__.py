"""The event log in a SQLite file, and what looks after that file."""

from patchtide.adapters.store.audit import Reading
from patchtide.adapters.store.care import LogKeeper, Soundness
from patchtide.adapters.store.schema import StoreError
from patchtide.adapters.store.sqlite import SqliteStore

__all__ = ["LogKeeper", "Reading", "Soundness", "SqliteStore", "StoreError"]
