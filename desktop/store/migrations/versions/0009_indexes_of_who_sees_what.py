"""Find by an index what is shown to someone because of a lead or an entry"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_NEW = {
    "ix_lead_family": ("lead", "family_id"),
    "ix_conflict_acceptance_first": ("conflict_acceptance", "first_entry_id"),
    "ix_conflict_acceptance_second": ("conflict_acceptance", "second_entry_id"),
}


def upgrade() -> None:
    for name, (table, column) in _NEW.items():
        op.create_index(name, table, ["organization_id", column], unique=False)


def downgrade() -> None:
    for name, (table, _) in _NEW.items():
        op.drop_index(name, table_name=table)
