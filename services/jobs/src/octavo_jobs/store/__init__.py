"""The durable side of the job: one port, one SQL implementation, three servers."""

from octavo_jobs.store.opening import open_store
from octavo_jobs.store.port import JobStore

__all__ = ["JobStore", "open_store"]
