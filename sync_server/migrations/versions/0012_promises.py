"""Promises to the public: held slots, seats and coupons"""

import sqlalchemy as sa
from alembic import op

from shared_models.base import Id, Instant
from sync_server.database import secure_statements

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_TABLES = ["slot_hold", "seat_hold", "coupon", "coupon_use"]
_STATES = ("held", "booked", "released", "expired")

# Two live holds of one tutor or of one room never overlap. With the extension btree_gist ids stand in the constraint
# as they are (Citus wants to see the column by which it distributes); a PostgreSQL without it compares them as ranges
# of a single id, for which its own operators do.
_NO_OVERLAP = """
DO $$
DECLARE
    thing text;
    same text := '%s WITH =';
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'btree_gist') THEN
        CREATE EXTENSION IF NOT EXISTS btree_gist;
    ELSE
        CREATE TYPE id_range AS RANGE (subtype = uuid);
        same := 'id_range(%s, %1$s, ''[]'') WITH =';
    END IF;
    FOREACH thing IN ARRAY ARRAY['tutor', 'room'] LOOP
        EXECUTE format(
            'ALTER TABLE slot_hold ADD CONSTRAINT ex_slot_hold_%s EXCLUDE USING gist ('
                || format(same, 'organization_id') || ', ' || format(same, thing || '_id')
                || ', tstzrange(starts_at, blocked_until) WITH &&) WHERE (state = ''held''%s)',
            thing, CASE thing WHEN 'room' THEN ' AND room_id IS NOT NULL' ELSE '' END
        );
    END LOOP;
END;
$$
"""


def upgrade() -> None:
    op.create_table(
        "slot_hold",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("tutor_id", Id, nullable=False),
        sa.Column("room_id", Id, nullable=True),
        sa.Column("location_id", Id, nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("blocked_until", Instant(), nullable=False),
        sa.Column("held_until", Instant(), nullable=False),
        sa.Column("state", _state("slot_state"), nullable=False),
        sa.Column("created_at", Instant(), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint(
            "starts_at < ends_at AND ends_at <= blocked_until", name=op.f("ck_slot_hold_times_in_order")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_slot_hold")),
    )
    op.create_index("ix_slot_hold_tutor", "slot_hold", ["organization_id", "tutor_id", "state", "starts_at"])
    op.create_index("ix_slot_hold_room", "slot_hold", ["organization_id", "room_id", "state", "starts_at"])
    op.execute(_NO_OVERLAP)
    op.create_table(
        "seat_hold",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("entry_id", Id, nullable=False),
        sa.Column("seat_number", sa.Integer(), nullable=False),
        sa.Column("held_until", Instant(), nullable=False),
        sa.Column("state", _state("seat_state"), nullable=False),
        sa.Column("created_at", Instant(), server_default=sa.func.now(), nullable=False),
        sa.CheckConstraint("seat_number >= 1", name=op.f("ck_seat_hold_seat_number_at_least_1")),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_seat_hold")),
    )
    op.create_index(
        "uq_seat_hold_held",
        "seat_hold",
        ["organization_id", "entry_id", "seat_number"],
        unique=True,
        postgresql_where=sa.text("state = 'held'"),
    )
    op.create_table(
        "coupon",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=True),
        sa.Column("amount_cents", sa.Integer(), nullable=True),
        sa.Column("first_day", sa.Date(), nullable=True),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("use_limit", sa.Integer(), nullable=True),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("is_once_per_family", sa.Boolean(), nullable=False),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.CheckConstraint("(percent IS NULL) <> (amount_cents IS NULL)", name=op.f("ck_coupon_percent_or_amount")),
        sa.CheckConstraint("percent BETWEEN 1 AND 100", name=op.f("ck_coupon_percent_in_range")),
        sa.CheckConstraint("amount_cents >= 1", name=op.f("ck_coupon_amount_cents_at_least_1")),
        sa.CheckConstraint("use_limit >= 1", name=op.f("ck_coupon_use_limit_at_least_1")),
        sa.CheckConstraint(
            "uses >= 0 AND (use_limit IS NULL OR uses <= use_limit)", name=op.f("ck_coupon_uses_within_limit")
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_coupon")),
    )
    op.create_index("uq_coupon_code", "coupon", ["organization_id", "code"], unique=True)
    op.create_table(
        "coupon_use",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("coupon_id", Id, nullable=False),
        sa.Column("family_id", Id, nullable=True),
        sa.Column("once_family_id", Id, nullable=True),
        sa.Column("used_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "coupon_id"],
            ["coupon.organization_id", "coupon.id"],
            name=op.f("fk_coupon_use_organization_id"),
            deferrable=True,
            initially="DEFERRED",
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_coupon_use")),
    )
    op.create_index(
        "uq_coupon_use_once", "coupon_use", ["organization_id", "coupon_id", "once_family_id"], unique=True
    )
    for statement in secure_statements(_TABLES):
        op.execute(statement)


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)
    op.execute("DROP TYPE IF EXISTS id_range")


def _state(name: str) -> sa.Enum:
    return sa.Enum(*_STATES, name=name, native_enum=False, create_constraint=True, length=40)
