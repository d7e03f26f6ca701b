"""Web Push: to which browsers, of what, and how (RFC 8030, RFC 8291, RFC 8292)."""
