"""Files"""

import sqlalchemy as sa
from alembic import op

from shared_models.base import Id, Instant, Json
from sync_server.database import APP_ROLE, secure_statements

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stored_file",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum(
                "LOGO", "PHOTO", "DOCUMENT",
                name="filepurpose", native_enum=False, create_constraint=True, length=40,
            ),
            nullable=False,
        ),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("stored_at", Instant(), nullable=True),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("field_clocks", Json, nullable=False),
        sa.Column("server_seq", sa.BigInteger(), nullable=True),
        sa.Column("unsent_since", sa.String(length=40), nullable=True),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_stored_file_sha256_has_64_digits")),
        sa.CheckConstraint("size_bytes >= 1", name=op.f("ck_stored_file_size_bytes_at_least_1")),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_stored_file")),
    )  # fmt: skip
    op.create_index("ix_stored_file_sha256", "stored_file", ["organization_id", "sha256"], unique=False)
    op.create_index("ix_stored_file_server_seq", "stored_file", ["organization_id", "server_seq"], unique=False)
    op.create_table(
        "file_content",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("stored_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "sha256", name=op.f("pk_file_content")),
    )
    for statement in secure_statements(["stored_file", "file_content"]):
        op.execute(statement)
    # Bytes that are erased are forgotten with what was known of them.
    op.execute(f'GRANT DELETE ON "file_content" TO {APP_ROLE}')


def downgrade() -> None:
    op.drop_table("file_content")
    op.drop_table("stored_file")
