"""The `Prefer` header, as every door to a generator reads it; the activator's is one of them."""

from octavo_core.http.preferences import DEFAULT_WAIT_S, MAX_WAIT_S, Preference, read_preference

__all__ = ["DEFAULT_WAIT_S", "MAX_WAIT_S", "Preference", "read_preference"]
