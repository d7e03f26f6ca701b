"""The stores that the feed and projects stand on, each on its real server."""

from tests.contract.document_stores import clock, documents

__all__ = ["clock", "documents"]
