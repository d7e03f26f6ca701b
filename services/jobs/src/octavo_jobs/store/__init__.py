"""The durable side of the job: one port, one SQL implementation, three servers."""

from octavo_jobs.store.opening import open_store, open_transactions
from octavo_jobs.store.port import JobStore
from octavo_jobs.store.transactions import MIGRATE_S, Transactions

__all__ = ["MIGRATE_S", "JobStore", "Transactions", "open_store", "open_transactions"]
