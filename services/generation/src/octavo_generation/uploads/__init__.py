"""Pictures that strangers send, as bytes or as an address: bounded, told by their content, and never fetched from inside our network.

What needs no HTTP client and no image codec is told here; `fetching` and `pictures` are imported by those who use them.
"""

from octavo_generation.uploads.limits import FetchLimits, PictureLimits, UploadLimits, UploadSettings
from octavo_generation.uploads.urls import check_url

__all__ = ["FetchLimits", "PictureLimits", "UploadLimits", "UploadSettings", "check_url"]
