"""The feed over HTTP: what anybody reads, what an author does, what readers do, what moderators decide."""

PREFIX = "/api/feed"
