"""Calls to addresses that strangers gave, without letting the strangers look at our network through us.

What needs an HTTP client (`outbound`) is loaded by whoever makes the call: most processes only judge a URL.
"""

from octavo_core.net.reach import MAX_URL_CHARS, Network, Reach, network_of
from octavo_core.net.urls import check_url

__all__ = ["MAX_URL_CHARS", "Network", "Reach", "check_url", "network_of"]
