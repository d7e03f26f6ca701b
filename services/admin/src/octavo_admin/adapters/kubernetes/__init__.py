"""A cluster, read through its API server with get, list and watch alone."""
