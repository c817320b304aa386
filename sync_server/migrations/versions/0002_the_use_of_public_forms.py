"""The use of public forms"""

import sqlalchemy as sa
from alembic import op

from shared_models.base import Id, Instant
from sync_server.database import secure_statements

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "form_allowance",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("address_group", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("paid_off_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "address_group", name=op.f("pk_form_allowance")),
    )
    for statement in secure_statements(["form_allowance"]):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("form_allowance")
