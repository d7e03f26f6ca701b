"""The tables of auth."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None

_INDEXES: dict[str, dict[str, list[str]]] = {
    "users": {
        "ix_users_role_status": ["role", "status"],
    },
    "user_identities": {
        "ix_user_identities_user": ["user_id"],
    },
    "auth_sessions": {
        "ix_auth_sessions_user": ["user_id"],
        "ix_auth_sessions_expires_at": ["expires_at"],
    },
    "auth_refresh_tokens": {
        "ix_auth_refresh_tokens_session": ["session_id"],
        "ix_auth_refresh_tokens_expires_at": ["expires_at"],
    },
    "auth_codes": {
        "ix_auth_codes_expires_at": ["expires_at"],
        "ix_auth_codes_user": ["user_id"],
    },
    "auth_audit": {
        "ix_auth_audit_at": ["at"],
        "ix_auth_audit_subject": ["subject", "id"],
        "ix_auth_audit_actor": ["actor", "id"],
        "ix_auth_audit_action": ["action", "id"],
    },
}


def upgrade() -> None:
    document = sa.Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")
    _create(
        "users",
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
    )
    _create(
        "user_pictures",
        sa.Column("user_id", sa.String(36), primary_key=True),
        sa.Column("media_type", sa.String(32), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("data", document, nullable=False),
    )
    _create(
        "user_identities",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("issuer", sa.String(500), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("user_id", sa.String(36), nullable=False),
    )
    _create(
        "auth_sessions",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("user_id", sa.String(36), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("last_used_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("method", sa.String(40), nullable=False),
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("agent", sa.String(200), nullable=False),
        sa.Column("revoked_at", sa.BigInteger),
    )
    _create(
        "auth_refresh_tokens",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("session_id", sa.String(36), nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("used_at", sa.BigInteger),
    )
    _create(
        "auth_codes",
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
    )
    _create(
        "auth_keys",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("purpose", sa.String(10), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("sealed", document, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("active_at", sa.BigInteger, nullable=False),
        sa.Column("retired_at", sa.BigInteger),
        sa.UniqueConstraint("purpose", "version", name="uq_auth_keys_version"),
    )
    _create(
        "auth_audit",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.String(128)),
        sa.Column("subject", sa.String(36)),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("outcome", sa.String(10), nullable=False),
        sa.Column("address", sa.String(45), nullable=False),
        sa.Column("correlation_id", sa.String(128), nullable=False),
        sa.Column("detail", sa.String(200), nullable=False),
    )
    _create(
        "auth_outbox",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("channel", sa.String(10), nullable=False),
        sa.Column("recipient", sa.String(254), nullable=False),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("sealed_text", document, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    _create(
        "auth_erasures",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("user_id", sa.String(36)),
        sa.Column("requested_at", sa.BigInteger, nullable=False),
        sa.Column("done_at", sa.BigInteger),
        sa.UniqueConstraint("user_id", name="uq_auth_erasures_user"),
    )
    inspector = sa.inspect(op.get_bind())
    for table, indexes in _INDEXES.items():
        there = {index["name"] for index in inspector.get_indexes(table)}
        for name, columns in indexes.items():
            if name not in there:
                op.create_index(name, table, columns)


def downgrade() -> None:
    for table in (
        "auth_erasures",
        "auth_outbox",
        "auth_audit",
        "auth_keys",
        "auth_codes",
        "auth_refresh_tokens",
        "auth_sessions",
        "user_identities",
        "user_pictures",
        "users",
    ):
        op.drop_table(table)


def _create(name: str, *columns: Any) -> None:
    op.create_table(
        name,
        *columns,
        mysql_charset="utf8mb4",
        mysql_collate="utf8mb4_bin",
        mysql_engine="InnoDB",
        mariadb_charset="utf8mb4",
        mariadb_collate="utf8mb4_bin",
        mariadb_engine="InnoDB",
        if_not_exists=True,
    )
