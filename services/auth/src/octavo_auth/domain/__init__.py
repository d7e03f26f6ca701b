"""What auth decides: who somebody is, what a password must be, when a code or a session holds. Knows no database and no HTTP."""
