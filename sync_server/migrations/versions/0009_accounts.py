"""Accounts: links, invitations, browsers, second factors, linked identities"""

import sqlalchemy as sa
from alembic import op

from shared_models.base import Id, Instant, Json
from sync_server.database import APP_ROLE, secure_statements

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_ACCOUNT_TABLES = (
    "open_id_attempt",
    "sign_up",
    "try_allowance",
    "known_place",
    "linked_identity",
    "pairing_code",
    "password_reset",
    "recovery_code",
    "second_factor",
    "web_session",
)


def upgrade() -> None:
    op.create_table(
        "invitation",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("invited_by", Id, nullable=False),
        sa.Column("link_hash", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("sent_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("accepted_at", Instant(), nullable=True),
        sa.Column("withdrawn_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_invitation")),
    )
    op.create_index("ix_invitation_user", "invitation", ["organization_id", "user_id"], unique=False)
    op.create_table(
        "open_id_attempt",
        sa.Column("state_hash", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("code_verifier", sa.Text(), nullable=False),
        sa.Column("browser_hash", sa.Text(), nullable=False),
        sa.Column("wanted", Json, nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name=op.f("pk_open_id_attempt")),
    )
    op.create_table(
        "sign_up",
        sa.Column("link_hash", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=False),
        sa.Column("business_name", sa.Text(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("browser_hash", sa.Text(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("link_hash", name=op.f("pk_sign_up")),
    )
    op.create_table(
        "try_allowance",
        sa.Column("bucket", sa.Text(), nullable=False),
        sa.Column("paid_off_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", name=op.f("pk_try_allowance")),
    )
    op.create_index(op.f("ix_try_allowance_paid_off_at"), "try_allowance", ["paid_off_at"], unique=False)
    op.create_table(
        "known_place",
        sa.Column("account_id", Id, nullable=False),
        sa.Column("place_hash", sa.Text(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_known_place_")),
        sa.PrimaryKeyConstraint("account_id", "place_hash", name=op.f("pk_known_place")),
    )
    op.create_table(
        "linked_identity",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("linked_at", Instant(), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_linked_identity_")),
        sa.PrimaryKeyConstraint("provider", "subject", name=op.f("pk_linked_identity")),
    )
    op.create_index(op.f("ix_linked_identity_account_id"), "linked_identity", ["account_id"], unique=False)
    op.create_table(
        "pairing_code",
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("challenge", sa.Text(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_pairing_code_")),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_pairing_code")),
    )
    op.create_index(op.f("ix_pairing_code_account_id"), "pairing_code", ["account_id"], unique=False)
    op.create_table(
        "password_reset",
        sa.Column("link_hash", sa.Text(), nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_password_reset_")),
        sa.PrimaryKeyConstraint("link_hash", name=op.f("pk_password_reset")),
    )
    op.create_index(op.f("ix_password_reset_account_id"), "password_reset", ["account_id"], unique=False)
    op.create_table(
        "recovery_code",
        sa.Column("account_id", Id, nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_recovery_code_")),
        sa.PrimaryKeyConstraint("account_id", "code_hash", name=op.f("pk_recovery_code")),
    )
    op.create_table(
        "second_factor",
        sa.Column("account_id", Id, nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("confirmed_at", Instant(), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_second_factor_")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_second_factor")),
    )
    op.create_table(
        "web_session",
        sa.Column("id", Id, nullable=False),
        sa.Column("account_id", Id, nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("is_complete", sa.Boolean(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("last_seen_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_web_session_")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_web_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_web_session_token_hash")),
    )
    op.create_index(op.f("ix_web_session_account_id"), "web_session", ["account_id"], unique=False)
    op.add_column("account", sa.Column("email_is_confirmed", sa.Boolean(), server_default=sa.false(), nullable=False))

    for statement in secure_statements(["invitation"]):
        op.execute(statement)
    for table in _ACCOUNT_TABLES:
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {APP_ROLE}")


def downgrade() -> None:
    op.drop_column("account", "email_is_confirmed")
    for table in reversed(_ACCOUNT_TABLES):
        op.drop_table(table)
    op.drop_table("invitation")
