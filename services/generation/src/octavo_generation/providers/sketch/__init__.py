"""Octavo's own drawing by rules as a provider: no upstream, no key, no cost."""
