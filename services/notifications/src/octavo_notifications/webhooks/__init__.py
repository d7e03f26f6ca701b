"""Signed calls to addresses that people named, for what happened to their jobs."""
