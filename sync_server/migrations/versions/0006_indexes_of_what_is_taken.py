"""Answer when people and rooms are taken from the indexes alone"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NARROW = {
    "ix_schedule_entry_starts": ("schedule_entry", ["starts_at"]),
    "ix_attendee_entry": ("attendee", ["entry_id"]),
    "ix_attendee_student": ("attendee", ["student_id"]),
    "ix_entry_room_entry": ("entry_room", ["entry_id"]),
    "ix_entry_room_room": ("entry_room", ["room_id"]),
}
_COVERING = {
    "ix_schedule_entry_starts": [
        "starts_at", "blocked_until", "ends_at", "tutor_id", "location_id", "status", "archived_at", "id",
    ],
    "ix_attendee_entry": ["entry_id", "student_id", "archived_at"],
    "ix_attendee_student": ["student_id", "entry_id", "archived_at"],
    "ix_entry_room_entry": ["entry_id", "room_id", "archived_at"],
    "ix_entry_room_room": ["room_id", "entry_id", "archived_at"],
}  # fmt: skip


def upgrade() -> None:
    for name, (table, _) in _NARROW.items():
        op.drop_index(name, table_name=table)
        op.create_index(name, table, ["organization_id", *_COVERING[name]], unique=False)


def downgrade() -> None:
    for name, (table, columns) in _NARROW.items():
        op.drop_index(name, table_name=table)
        op.create_index(name, table, ["organization_id", *columns], unique=False)
