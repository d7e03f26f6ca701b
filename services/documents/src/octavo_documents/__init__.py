"""JSON documents with an owner and a version: one port, SQLite and MongoDB behind it, and what services say of them over HTTP."""

from octavo_documents.document import Body, Collection, Document, Scalar
from octavo_documents.opening import open_documents
from octavo_documents.port import AlreadyThere, DocumentStore
from octavo_documents.query import Page, Query, cursor_behind
from octavo_documents.settings import DocumentSettings
from octavo_documents.updating import OUTAGE_S, through_outages, update

__all__ = [
    "OUTAGE_S",
    "AlreadyThere",
    "Body",
    "Collection",
    "Document",
    "DocumentSettings",
    "DocumentStore",
    "Page",
    "Query",
    "Scalar",
    "cursor_behind",
    "open_documents",
    "through_outages",
    "update",
]
