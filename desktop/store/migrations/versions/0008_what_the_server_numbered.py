"""What the server numbered: rows now keep its sequence number, so everything is fetched once more; and why a change
was refused, as a code"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("needs_attention", sa.Column("code", sa.Text(), nullable=False, server_default=""))
    op.execute("DELETE FROM local_state WHERE name = 'pull_cursor'")
    # Programs before did not hear of what their user may no longer see.
    op.execute(
        "INSERT OR IGNORE INTO local_state (name, value) "
        "SELECT 'sync_withdraws_all', '1' WHERE EXISTS (SELECT 1 FROM organization)"
    )


def downgrade() -> None:
    op.drop_column("needs_attention", "code")
