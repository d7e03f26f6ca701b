"""Pictures of people's own things: checked, encoded anew, and kept by reference beside the documents."""

from octavo_documents.pictures.keeping import KeptPicture, Pictures
from octavo_documents.pictures.storage import PictureStorage, open_picture_storage

__all__ = ["KeptPicture", "PictureStorage", "Pictures", "open_picture_storage"]
