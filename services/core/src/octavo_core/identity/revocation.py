"""Accounts whose tokens count no more though they have not expired: the account is suspended, or was deleted.

Whoever issues the tokens publishes digests of them beside its public keys, in a member of the JWKS that others pass over (RFC 7517,
section 5), for as long as a token of theirs may live. So whoever keeps the keys keeps these too, and nobody learns an id from it.
"""

from __future__ import annotations

import hashlib

MEMBER = "octavo_revoked"


def subject_digest(subject: str) -> str:
    return hashlib.sha256(f"octavo revoked\n{subject}".encode()).hexdigest()[:32]
