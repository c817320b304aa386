"""Files"""

import sqlalchemy as sa
from alembic import op

from shared_models.base import Id, Instant, Json

revision = "0007"
down_revision = "0006"
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
    op.create_index(
        "ix_stored_file_unsent",
        "stored_file",
        ["organization_id", "unsent_since"],
        unique=False,
        sqlite_where=sa.text("unsent_since IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("stored_file")
