"""Conflicts that are accepted, and who is to hear of a cancellation"""

import sqlalchemy as sa
from alembic import op

from shared_models.base import Id, Instant, Json

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "conflict_acceptance",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "tutor", "room", "student",
                name="conflictkind", native_enum=False, create_constraint=True, length=40,
            ),
            nullable=False,
        ),
        sa.Column("first_entry_id", Id, nullable=False),
        sa.Column("second_entry_id", Id, nullable=False),
        sa.Column("accepted_by_user_id", Id, nullable=True),
        sa.Column("accepted_at", Instant(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("field_clocks", Json, nullable=False),
        sa.Column("server_seq", sa.BigInteger(), nullable=True),
        sa.Column("unsent_since", sa.String(length=40), nullable=True),
        *(
            sa.ForeignKeyConstraint(
                ["organization_id", column],
                [f"{table}.organization_id", f"{table}.id"],
                name=op.f(f"fk_conflict_acceptance_{column}"),
                initially="DEFERRED",
                deferrable=True,
            )
            for column, table in (
                ("first_entry_id", "schedule_entry"),
                ("second_entry_id", "schedule_entry"),
                ("accepted_by_user_id", "user"),
            )
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_conflict_acceptance")),
    )  # fmt: skip
    op.create_index(
        "ix_conflict_acceptance_server_seq", "conflict_acceptance", ["organization_id", "server_seq"], unique=False
    )
    op.create_index(
        "ix_conflict_acceptance_unsent",
        "conflict_acceptance",
        ["organization_id", "unsent_since"],
        unique=False,
        sqlite_where=sa.text("unsent_since IS NOT NULL"),
    )
    # The default stays in the table, for rows of programs that do not know the column yet.
    op.add_column("schedule_entry", sa.Column("people_to_tell", Json, server_default="[]", nullable=False))


def downgrade() -> None:
    op.drop_table("conflict_acceptance")
    with op.batch_alter_table("schedule_entry") as batch_op:
        batch_op.drop_column("people_to_tell")
