"""Every adapter of the document store, on its real server."""

from tests.contract.document_stores import clock, documents

__all__ = ["clock", "documents"]
