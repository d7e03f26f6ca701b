"""The routes, for admins alone."""
