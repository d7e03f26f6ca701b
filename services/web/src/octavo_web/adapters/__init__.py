"""What reaches out: the other services' APIs, and Redis for refreshing a session once."""
