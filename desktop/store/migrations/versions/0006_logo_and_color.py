"""The organization's logo and color"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_COLUMNS = ("brand_color", "logo_png")


def upgrade() -> None:
    for column in _COLUMNS:
        op.add_column("organization", sa.Column(column, sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    for column in reversed(_COLUMNS):
        op.drop_column("organization", column)
