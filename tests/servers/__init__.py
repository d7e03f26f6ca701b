"""Real servers for tests: each is started on a free port in a folder of its own, and ended with its test session."""
