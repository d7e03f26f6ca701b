"""What a story is, and what may be done with one. Knows no HTTP."""
