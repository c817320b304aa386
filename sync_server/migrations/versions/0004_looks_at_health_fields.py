"""Looks at health fields"""

import sqlalchemy as sa
from alembic import op

from shared_models.base import Id, Instant, Json
from sync_server.database import secure_statements

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "health_access",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("student_id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=True),
        sa.Column("looked_at", Instant(), nullable=False),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("field_clocks", Json, nullable=False),
        sa.Column("server_seq", sa.BigInteger(), nullable=True),
        sa.Column("unsent_since", sa.String(length=40), nullable=True),
        *(
            sa.ForeignKeyConstraint(
                ["organization_id", column],
                [f"{table}.organization_id", f"{table}.id"],
                name=op.f(f"fk_health_access_{column}"),
                initially="DEFERRED",
                deferrable=True,
            )
            for column, table in (("student_id", "student"), ("user_id", "user"))
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_health_access")),
    )
    op.create_index("ix_health_access_student", "health_access", ["organization_id", "student_id"], unique=False)
    op.create_index("ix_health_access_server_seq", "health_access", ["organization_id", "server_seq"], unique=False)
    for statement in secure_statements(["health_access"]):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("health_access")
