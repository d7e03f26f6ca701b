"""Models that others run. A provider is three files: client (the wire), profile (what it can do), mapping (ours to theirs)."""
