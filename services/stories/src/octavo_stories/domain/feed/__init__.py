"""The feed: what people publish, and what others do with it."""
