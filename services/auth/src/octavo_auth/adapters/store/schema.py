"""The tables of auth, for SQLAlchemy Core. Changed only by a migration in `migrations/versions`. Times are milliseconds since the epoch."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

metadata = sa.MetaData()

# MySQL's TEXT ends at 64 KiB, and its default collation folds case: names and ids are compared byte by byte.
document = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")
MYSQL: dict[str, Any] = {
    f"{dialect}_{option}": value
    for dialect in ("mysql", "mariadb")
    for option, value in (("charset", "utf8mb4"), ("collate", "utf8mb4_bin"), ("engine", "InnoDB"))
}

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("email", sa.String(254)),
    sa.Column("phone", sa.String(16)),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("name_key", sa.String(128)),
    sa.Column("password_hash", sa.String(255)),
    sa.Column("role", sa.String(8), nullable=False),
    sa.Column("status", sa.String(10), nullable=False),
    sa.Column("picture", sa.String(64)),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("last_login_at", sa.BigInteger),
    sa.UniqueConstraint("email", name="uq_users_email"),
    sa.UniqueConstraint("phone", name="uq_users_phone"),
    sa.UniqueConstraint("name_key", name="uq_users_name_key"),
    sa.Index("ix_users_role_status", "role", "status"),
    **MYSQL,
)

pictures = sa.Table(
    "user_pictures",
    metadata,
    sa.Column("user_id", sa.String(36), primary_key=True),
    sa.Column("media_type", sa.String(32), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("data", document, nullable=False),
    **MYSQL,
)

identities = sa.Table(
    "user_identities",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("issuer", sa.String(500), nullable=False),
    sa.Column("subject", sa.String(255), nullable=False),
    sa.Column("user_id", sa.String(36), nullable=False),
    sa.Index("ix_user_identities_user", "user_id"),
    **MYSQL,
)

sessions = sa.Table(
    "auth_sessions",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("user_id", sa.String(36), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("last_used_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Column("method", sa.String(40), nullable=False),
    sa.Column("address", sa.String(45), nullable=False),
    sa.Column("agent", sa.String(200), nullable=False),
    sa.Column("revoked_at", sa.BigInteger),
    sa.Index("ix_auth_sessions_user", "user_id"),
    sa.Index("ix_auth_sessions_expires_at", "expires_at"),
    **MYSQL,
)

refresh_tokens = sa.Table(
    "auth_refresh_tokens",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("session_id", sa.String(36), nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Column("used_at", sa.BigInteger),
    sa.Index("ix_auth_refresh_tokens_session", "session_id"),
    sa.Index("ix_auth_refresh_tokens_expires_at", "expires_at"),
    **MYSQL,
)

codes = sa.Table(
    "auth_codes",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("purpose", sa.String(10), nullable=False),
    sa.Column("channel", sa.String(10), nullable=False),
    sa.Column("address", sa.String(254), nullable=False),
    sa.Column("user_id", sa.String(36)),
    sa.Column("payload", document, nullable=False),
    sa.Column("digest", sa.String(64)),
    sa.Column("tries_left", sa.Integer, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("sent_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Index("ix_auth_codes_expires_at", "expires_at"),
    sa.Index("ix_auth_codes_user", "user_id"),
    **MYSQL,
)

keys = sa.Table(
    "auth_keys",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("purpose", sa.String(10), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sealed", document, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("active_at", sa.BigInteger, nullable=False),
    sa.Column("retired_at", sa.BigInteger),
    sa.UniqueConstraint("purpose", "version", name="uq_auth_keys_version"),
    **MYSQL,
)

audit = sa.Table(
    "auth_audit",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.String(128)),
    sa.Column("subject", sa.String(36)),
    sa.Column("action", sa.String(40), nullable=False),
    sa.Column("outcome", sa.String(10), nullable=False),
    sa.Column("address", sa.String(45), nullable=False),
    sa.Column("correlation_id", sa.String(128), nullable=False),
    sa.Column("detail", sa.String(200), nullable=False),
    sa.Index("ix_auth_audit_at", "at"),
    sa.Index("ix_auth_audit_subject", "subject", "id"),
    sa.Index("ix_auth_audit_actor", "actor", "id"),
    sa.Index("ix_auth_audit_action", "action", "id"),
    **MYSQL,
)

revocations = sa.Table(
    "auth_revocations",
    metadata,
    sa.Column("digest", sa.String(32), primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Index("ix_auth_revocations_at", "at"),
    **MYSQL,
)

outbox = sa.Table(
    "auth_outbox",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("channel", sa.String(10), nullable=False),
    sa.Column("recipient", sa.String(254), nullable=False),
    sa.Column("subject", sa.String(200), nullable=False),
    sa.Column("sealed_text", document, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    **MYSQL,
)

erasures = sa.Table(
    "auth_erasures",
    metadata,
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("user_id", sa.String(36)),
    sa.Column("requested_at", sa.BigInteger, nullable=False),
    sa.Column("done_at", sa.BigInteger),
    sa.UniqueConstraint("user_id", name="uq_auth_erasures_user"),
    **MYSQL,
)
