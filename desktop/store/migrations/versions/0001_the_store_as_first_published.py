"""The store as first published"""

import sqlalchemy as sa
from alembic import op

from shared_models.base import Id, Instant, Json, WallTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "organization",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("business_name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("postal_code", sa.Text(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("default_buffer_minutes", sa.Integer(), nullable=False),
        sa.Column(
            "language",
            sa.Enum("en", "fr", name="language", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("website_slug", sa.Text(), nullable=False),
        sa.Column("session_durations_minutes", Json, nullable=False),
        sa.Column("start_grid_minutes", sa.Integer(), nullable=False),
        sa.Column("biweekly_allowed", sa.Boolean(), nullable=False),
        sa.Column("headline", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("field_clocks", Json, nullable=False),
        sa.Column("server_seq", sa.BigInteger(), nullable=True),
        sa.Column("unsent_since", sa.String(length=40), nullable=True),
        sa.CheckConstraint(
            "default_buffer_minutes >= 0", name=op.f("ck_organization_default_buffer_minutes_at_least_0")
        ),
        sa.CheckConstraint("id = organization_id", name=op.f("ck_organization_is_its_own_tenant")),
        sa.CheckConstraint("length(trim(business_name)) > 0", name=op.f("ck_organization_business_name_not_blank")),
        sa.CheckConstraint("start_grid_minutes >= 1", name=op.f("ck_organization_start_grid_minutes_at_least_1")),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_organization")),
    )
    with op.batch_alter_table("organization", schema=None) as batch_op:
        batch_op.create_index("ix_organization_server_seq", ["organization_id", "server_seq"], unique=False)
        batch_op.create_index(
            "ix_organization_unsent",
            ["organization_id", "unsent_since"],
            unique=False,
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )

    op.create_table(
        "family",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("parent1_first_name", sa.Text(), nullable=False),
        sa.Column("parent1_last_name", sa.Text(), nullable=False),
        sa.Column("parent1_phone", sa.Text(), nullable=False),
        sa.Column("parent1_email", sa.Text(), nullable=False),
        sa.Column("parent1_address", sa.Text(), nullable=False),
        sa.Column("parent1_city", sa.Text(), nullable=False),
        sa.Column("parent1_state", sa.Text(), nullable=False),
        sa.Column("parent1_postal_code", sa.Text(), nullable=False),
        sa.Column("parent1_county", sa.Text(), nullable=False),
        sa.Column("parent2_first_name", sa.Text(), nullable=False),
        sa.Column("parent2_last_name", sa.Text(), nullable=False),
        sa.Column("parent2_phone", sa.Text(), nullable=False),
        sa.Column("parent2_email", sa.Text(), nullable=False),
        sa.Column("parent2_address", sa.Text(), nullable=False),
        sa.Column("parent2_city", sa.Text(), nullable=False),
        sa.Column("parent2_state", sa.Text(), nullable=False),
        sa.Column("parent2_postal_code", sa.Text(), nullable=False),
        sa.Column("parent2_county", sa.Text(), nullable=False),
        sa.Column(
            "primary_contact",
            sa.Enum(
                "PARENT_1", "PARENT_2", name="primarycontact", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("registered_on", sa.Date(), nullable=True),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("field_clocks", Json, nullable=False),
        sa.Column("server_seq", sa.BigInteger(), nullable=True),
        sa.Column("unsent_since", sa.String(length=40), nullable=True),
        sa.CheckConstraint(
            "length(trim(parent1_first_name)) > 0", name=op.f("ck_family_parent1_first_name_not_blank")
        ),
        sa.CheckConstraint("length(trim(parent1_last_name)) > 0", name=op.f("ck_family_parent1_last_name_not_blank")),
        sa.ForeignKeyConstraint(
            ["organization_id", "organization_id"],
            ["organization.organization_id", "organization.id"],
            name=op.f("fk_family_organization_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_family")),
    )
    with op.batch_alter_table("family", schema=None) as batch_op:
        batch_op.create_index("ix_family_name", ["organization_id", "parent1_last_name"], unique=False)
        batch_op.create_index("ix_family_server_seq", ["organization_id", "server_seq"], unique=False)
        batch_op.create_index(
            "ix_family_unsent",
            ["organization_id", "unsent_since"],
            unique=False,
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )

    op.create_table(
        "service",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "format",
            sa.Enum(
                "private",
                "semi_private",
                "group",
                "workshop",
                "camp",
                name="serviceformat",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "level",
            sa.Enum(
                "elementary",
                "middle",
                "high",
                "test_prep",
                name="level",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("default_capacity", sa.Integer(), nullable=False),
        sa.Column(
            "product_type",
            sa.Enum(
                "CLASS", "WORKSHOP", "CAMP", name="producttype", native_enum=False, create_constraint=True, length=40
            ),
            nullable=True,
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("field_clocks", Json, nullable=False),
        sa.Column("server_seq", sa.BigInteger(), nullable=True),
        sa.Column("unsent_since", sa.String(length=40), nullable=True),
        sa.CheckConstraint("default_capacity >= 1", name=op.f("ck_service_default_capacity_at_least_1")),
        sa.CheckConstraint("length(trim(name)) > 0", name=op.f("ck_service_name_not_blank")),
        sa.ForeignKeyConstraint(
            ["organization_id", "organization_id"],
            ["organization.organization_id", "organization.id"],
            name=op.f("fk_service_organization_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_service")),
    )
    with op.batch_alter_table("service", schema=None) as batch_op:
        batch_op.create_index("ix_service_server_seq", ["organization_id", "server_seq"], unique=False)
        batch_op.create_index(
            "ix_service_unsent",
            ["organization_id", "unsent_since"],
            unique=False,
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )

    op.create_table(
        "subject",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_standard", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("field_clocks", Json, nullable=False),
        sa.Column("server_seq", sa.BigInteger(), nullable=True),
        sa.Column("unsent_since", sa.String(length=40), nullable=True),
        sa.CheckConstraint("length(trim(name)) > 0", name=op.f("ck_subject_name_not_blank")),
        sa.ForeignKeyConstraint(
            ["organization_id", "organization_id"],
            ["organization.organization_id", "organization.id"],
            name=op.f("fk_subject_organization_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_subject")),
    )
    with op.batch_alter_table("subject", schema=None) as batch_op:
        batch_op.create_index("ix_subject_server_seq", ["organization_id", "server_seq"], unique=False)
        batch_op.create_index(
            "ix_subject_unsent",
            ["organization_id", "unsent_since"],
            unique=False,
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )

    op.create_table(
        "user",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("field_clocks", Json, nullable=False),
        sa.Column("server_seq", sa.BigInteger(), nullable=True),
        sa.Column("unsent_since", sa.String(length=40), nullable=True),
        sa.CheckConstraint("length(trim(first_name)) > 0", name=op.f("ck_user_first_name_not_blank")),
        sa.ForeignKeyConstraint(
            ["organization_id", "organization_id"],
            ["organization.organization_id", "organization.id"],
            name=op.f("fk_user_organization_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_user")),
    )
    with op.batch_alter_table("user", schema=None) as batch_op:
        batch_op.create_index("ix_user_server_seq", ["organization_id", "server_seq"], unique=False)
        batch_op.create_index(
            "ix_user_unsent",
            ["organization_id", "unsent_since"],
            unique=False,
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )

    op.create_table(
        "location",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_virtual", sa.Boolean(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("city", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("postal_code", sa.Text(), nullable=False),
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("manager_user_id", Id, nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("field_clocks", Json, nullable=False),
        sa.Column("server_seq", sa.BigInteger(), nullable=True),
        sa.Column("unsent_since", sa.String(length=40), nullable=True),
        sa.CheckConstraint("length(trim(name)) > 0", name=op.f("ck_location_name_not_blank")),
        sa.ForeignKeyConstraint(
            ["organization_id", "manager_user_id"],
            ["user.organization_id", "user.id"],
            name=op.f("fk_location_manager_user_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "organization_id"],
            ["organization.organization_id", "organization.id"],
            name=op.f("fk_location_organization_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_location")),
    )
    with op.batch_alter_table("location", schema=None) as batch_op:
        batch_op.create_index("ix_location_server_seq", ["organization_id", "server_seq"], unique=False)
        batch_op.create_index(
            "ix_location_unsent",
            ["organization_id", "unsent_since"],
            unique=False,
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )

    op.create_table(
        "topic",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("subject_id", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_standard", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("field_clocks", Json, nullable=False),
        sa.Column("server_seq", sa.BigInteger(), nullable=True),
        sa.Column("unsent_since", sa.String(length=40), nullable=True),
        sa.CheckConstraint("length(trim(name)) > 0", name=op.f("ck_topic_name_not_blank")),
        sa.ForeignKeyConstraint(
            ["organization_id", "subject_id"],
            ["subject.organization_id", "subject.id"],
            name=op.f("fk_topic_subject_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_topic")),
    )
    with op.batch_alter_table("topic", schema=None) as batch_op:
        batch_op.create_index("ix_topic_server_seq", ["organization_id", "server_seq"], unique=False)
        batch_op.create_index(
            "ix_topic_unsent",
            ["organization_id", "unsent_since"],
            unique=False,
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )

    op.create_table(
        "tutor",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("bio", sa.Text(), nullable=False),
        sa.Column("photo_hash", sa.Text(), nullable=False),
        sa.Column("hourly_pay_cents", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("field_clocks", Json, nullable=False),
        sa.Column("server_seq", sa.BigInteger(), nullable=True),
        sa.Column("unsent_since", sa.String(length=40), nullable=True),
        sa.CheckConstraint("hourly_pay_cents >= 0", name=op.f("ck_tutor_hourly_pay_cents_at_least_0")),
        sa.CheckConstraint("priority >= 1", name=op.f("ck_tutor_priority_at_least_1")),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["user.organization_id", "user.id"],
            name=op.f("fk_tutor_user_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_tutor")),
    )
    with op.batch_alter_table("tutor", schema=None) as batch_op:
        batch_op.create_index("ix_tutor_server_seq", ["organization_id", "server_seq"], unique=False)
        batch_op.create_index(
            "ix_tutor_unsent",
            ["organization_id", "unsent_since"],
            unique=False,
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )

    op.create_table(
        "user_role",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "OWNER",
                "ADMIN",
                "FRONT_DESK",
                "TUTOR",
                "GUARDIAN",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("field_clocks", Json, nullable=False),
        sa.Column("server_seq", sa.BigInteger(), nullable=True),
        sa.Column("unsent_since", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["user.organization_id", "user.id"],
            name=op.f("fk_user_role_user_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_user_role")),
    )
    with op.batch_alter_table("user_role", schema=None) as batch_op:
        batch_op.create_index("ix_user_role_server_seq", ["organization_id", "server_seq"], unique=False)
        batch_op.create_index(
            "ix_user_role_unsent",
            ["organization_id", "unsent_since"],
            unique=False,
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )
        batch_op.create_index("ix_user_role_user", ["organization_id", "user_id"], unique=False)

    op.create_table(
        "closure",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("location_id", Id, nullable=True),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("field_clocks", Json, nullable=False),
        sa.Column("server_seq", sa.BigInteger(), nullable=True),
        sa.Column("unsent_since", sa.String(length=40), nullable=True),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_closure_first_day_before_last")),
        sa.ForeignKeyConstraint(
            ["organization_id", "location_id"],
            ["location.organization_id", "location.id"],
            name=op.f("fk_closure_location_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_closure")),
    )
    with op.batch_alter_table("closure", schema=None) as batch_op:
        batch_op.create_index("ix_closure_server_seq", ["organization_id", "server_seq"], unique=False)
        batch_op.create_index(
            "ix_closure_unsent",
            ["organization_id", "unsent_since"],
            unique=False,
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )

    op.create_table(
        "lead",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column(
            "source",
            sa.Enum(
                "WEB",
                "WALK_IN",
                "PHONE",
                "EMAIL",
                "FACEBOOK",
                "INSTAGRAM",
                "TIKTOK",
                "OTHER",
                name="leadsource",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "stage",
            sa.Enum(
                "NEW",
                "CONTACT_ATTEMPTED",
                "CONTACTED",
                "FOLLOW_UP_ATTEMPTED",
                "FOLLOWED_UP",
                "COMMITTED",
                "SCHEDULED",
                "ASSESSED",
                "ACTIVE",
                "COLD",
                name="leadstage",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("parent_first_name", sa.Text(), nullable=False),
        sa.Column("parent_last_name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("student_first_name", sa.Text(), nullable=False),
        sa.Column("student_last_name", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column("subject_id", Id, nullable=True),
        sa.Column("topic_id", Id, nullable=True),
        sa.Column("wanted", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column(
            "temperature",
            sa.Enum("HOT", "WARM", "COLD", name="temperature", native_enum=False, create_constraint=True, length=40),
            nullable=True,
        ),
        sa.Column("owner_user_id", Id, nullable=True),
        sa.Column("location_id", Id, nullable=True),
        sa.Column(
            "last_contact_method",
            sa.Enum(
                "PHONE", "EMAIL", "DM", name="contactmethod", native_enum=False, create_constraint=True, length=40
            ),
            nullable=True,
        ),
        sa.Column("last_contact_at", Instant(), nullable=True),
        sa.Column("call_back_on", sa.Date(), nullable=True),
        sa.Column(
            "reason_lost",
            sa.Enum(
                "PRICE",
                "TIMING",
                "NO_RESPONSE",
                "WENT_ELSEWHERE",
                "OTHER",
                name="reasonlost",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("family_id", Id, nullable=True),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("field_clocks", Json, nullable=False),
        sa.Column("server_seq", sa.BigInteger(), nullable=True),
        sa.Column("unsent_since", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "family_id"],
            ["family.organization_id", "family.id"],
            name=op.f("fk_lead_family_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "location_id"],
            ["location.organization_id", "location.id"],
            name=op.f("fk_lead_location_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "owner_user_id"],
            ["user.organization_id", "user.id"],
            name=op.f("fk_lead_owner_user_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "subject_id"],
            ["subject.organization_id", "subject.id"],
            name=op.f("fk_lead_subject_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "topic_id"],
            ["topic.organization_id", "topic.id"],
            name=op.f("fk_lead_topic_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_lead")),
    )
    with op.batch_alter_table("lead", schema=None) as batch_op:
        batch_op.create_index("ix_lead_server_seq", ["organization_id", "server_seq"], unique=False)
        batch_op.create_index("ix_lead_stage", ["organization_id", "stage"], unique=False)
        batch_op.create_index(
            "ix_lead_unsent",
            ["organization_id", "unsent_since"],
            unique=False,
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )

    op.create_table(
        "location_assignment",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("location_id", Id, nullable=False),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("field_clocks", Json, nullable=False),
        sa.Column("server_seq", sa.BigInteger(), nullable=True),
        sa.Column("unsent_since", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "location_id"],
            ["location.organization_id", "location.id"],
            name=op.f("fk_location_assignment_location_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["user.organization_id", "user.id"],
            name=op.f("fk_location_assignment_user_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_location_assignment")),
    )
    with op.batch_alter_table("location_assignment", schema=None) as batch_op:
        batch_op.create_index("ix_location_assignment_server_seq", ["organization_id", "server_seq"], unique=False)
        batch_op.create_index(
            "ix_location_assignment_unsent",
            ["organization_id", "unsent_since"],
            unique=False,
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )
        batch_op.create_index("ix_location_assignment_user", ["organization_id", "user_id"], unique=False)

    op.create_table(
        "opening_hours",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("location_id", Id, nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("opens", WallTime(), nullable=False),
        sa.Column("closes", WallTime(), nullable=False),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("field_clocks", Json, nullable=False),
        sa.Column("server_seq", sa.BigInteger(), nullable=True),
        sa.Column("unsent_since", sa.String(length=40), nullable=True),
        sa.CheckConstraint("opens < closes", name=op.f("ck_opening_hours_opens_before_closes")),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_opening_hours_weekday_in_week")),
        sa.ForeignKeyConstraint(
            ["organization_id", "location_id"],
            ["location.organization_id", "location.id"],
            name=op.f("fk_opening_hours_location_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_opening_hours")),
    )
    with op.batch_alter_table("opening_hours", schema=None) as batch_op:
        batch_op.create_index("ix_opening_hours_location", ["organization_id", "location_id"], unique=False)
        batch_op.create_index("ix_opening_hours_server_seq", ["organization_id", "server_seq"], unique=False)
        batch_op.create_index(
            "ix_opening_hours_unsent",
            ["organization_id", "unsent_since"],
            unique=False,
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )

    op.create_table(
        "product",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column(
            "type",
            sa.Enum(
                "CLASS", "WORKSHOP", "CAMP", name="producttype", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("theme", sa.Text(), nullable=False),
        sa.Column("logo_hash", sa.Text(), nullable=False),
        sa.Column("subject_id", Id, nullable=True),
        sa.Column("topic_id", Id, nullable=True),
        sa.Column("service_id", Id, nullable=True),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("syllabus", sa.Text(), nullable=False),
        sa.Column("languages", Json, nullable=False),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("field_clocks", Json, nullable=False),
        sa.Column("server_seq", sa.BigInteger(), nullable=True),
        sa.Column("unsent_since", sa.String(length=40), nullable=True),
        sa.CheckConstraint("length(trim(name)) > 0", name=op.f("ck_product_name_not_blank")),
        sa.ForeignKeyConstraint(
            ["organization_id", "service_id"],
            ["service.organization_id", "service.id"],
            name=op.f("fk_product_service_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "subject_id"],
            ["subject.organization_id", "subject.id"],
            name=op.f("fk_product_subject_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "topic_id"],
            ["topic.organization_id", "topic.id"],
            name=op.f("fk_product_topic_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_product")),
    )
    with op.batch_alter_table("product", schema=None) as batch_op:
        batch_op.create_index("ix_product_server_seq", ["organization_id", "server_seq"], unique=False)
        batch_op.create_index(
            "ix_product_unsent",
            ["organization_id", "unsent_since"],
            unique=False,
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )

    op.create_table(
        "room",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("location_id", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("floor", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("field_clocks", Json, nullable=False),
        sa.Column("server_seq", sa.BigInteger(), nullable=True),
        sa.Column("unsent_since", sa.String(length=40), nullable=True),
        sa.CheckConstraint("length(trim(name)) > 0", name=op.f("ck_room_name_not_blank")),
        sa.ForeignKeyConstraint(
            ["organization_id", "location_id"],
            ["location.organization_id", "location.id"],
            name=op.f("fk_room_location_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_room")),
    )
    with op.batch_alter_table("room", schema=None) as batch_op:
        batch_op.create_index("ix_room_location", ["organization_id", "location_id"], unique=False)
        batch_op.create_index("ix_room_server_seq", ["organization_id", "server_seq"], unique=False)
        batch_op.create_index(
            "ix_room_unsent",
            ["organization_id", "unsent_since"],
            unique=False,
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )

    op.create_table(
        "service_offered",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("service_id", Id, nullable=False),
        sa.Column("location_id", Id, nullable=False),
        sa.Column("hourly_price_cents", sa.Integer(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("field_clocks", Json, nullable=False),
        sa.Column("server_seq", sa.BigInteger(), nullable=True),
        sa.Column("unsent_since", sa.String(length=40), nullable=True),
        sa.CheckConstraint("hourly_price_cents >= 0", name=op.f("ck_service_offered_hourly_price_cents_at_least_0")),
        sa.ForeignKeyConstraint(
            ["organization_id", "location_id"],
            ["location.organization_id", "location.id"],
            name=op.f("fk_service_offered_location_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "service_id"],
            ["service.organization_id", "service.id"],
            name=op.f("fk_service_offered_service_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_service_offered")),
    )
    with op.batch_alter_table("service_offered", schema=None) as batch_op:
        batch_op.create_index("ix_service_offered_location", ["organization_id", "location_id"], unique=False)
        batch_op.create_index("ix_service_offered_server_seq", ["organization_id", "server_seq"], unique=False)
        batch_op.create_index(
            "ix_service_offered_unsent",
            ["organization_id", "unsent_since"],
            unique=False,
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )

    op.create_table(
        "student",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("family_id", Id, nullable=False),
        sa.Column("location_id", Id, nullable=False),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("date_of_birth", sa.Date(), nullable=True),
        sa.Column("school", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=False),
        sa.Column(
            "lesson_mode",
            sa.Enum("IN_PERSON", "ONLINE", name="lessonmode", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("hearing_ok", sa.Boolean(), nullable=True),
        sa.Column("vision_ok", sa.Boolean(), nullable=True),
        sa.Column("medical_conditions", sa.Text(), nullable=False),
        sa.Column("allergies", sa.Text(), nullable=False),
        sa.Column("has_iep", sa.Boolean(), nullable=True),
        sa.Column("behavior_notes", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("field_clocks", Json, nullable=False),
        sa.Column("server_seq", sa.BigInteger(), nullable=True),
        sa.Column("unsent_since", sa.String(length=40), nullable=True),
        sa.CheckConstraint("length(trim(first_name)) > 0", name=op.f("ck_student_first_name_not_blank")),
        sa.ForeignKeyConstraint(
            ["organization_id", "family_id"],
            ["family.organization_id", "family.id"],
            name=op.f("fk_student_family_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "location_id"],
            ["location.organization_id", "location.id"],
            name=op.f("fk_student_location_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_student")),
    )
    with op.batch_alter_table("student", schema=None) as batch_op:
        batch_op.create_index("ix_student_family", ["organization_id", "family_id"], unique=False)
        batch_op.create_index("ix_student_location", ["organization_id", "location_id"], unique=False)
        batch_op.create_index("ix_student_server_seq", ["organization_id", "server_seq"], unique=False)
        batch_op.create_index(
            "ix_student_unsent",
            ["organization_id", "unsent_since"],
            unique=False,
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )

    op.create_table(
        "topic_offered",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("topic_id", Id, nullable=False),
        sa.Column("location_id", Id, nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("field_clocks", Json, nullable=False),
        sa.Column("server_seq", sa.BigInteger(), nullable=True),
        sa.Column("unsent_since", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "location_id"],
            ["location.organization_id", "location.id"],
            name=op.f("fk_topic_offered_location_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "topic_id"],
            ["topic.organization_id", "topic.id"],
            name=op.f("fk_topic_offered_topic_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_topic_offered")),
    )
    with op.batch_alter_table("topic_offered", schema=None) as batch_op:
        batch_op.create_index("ix_topic_offered_server_seq", ["organization_id", "server_seq"], unique=False)
        batch_op.create_index(
            "ix_topic_offered_unsent",
            ["organization_id", "unsent_since"],
            unique=False,
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )

    op.create_table(
        "tutor_availability",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("tutor_id", Id, nullable=False),
        sa.Column("location_id", Id, nullable=True),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("starts", WallTime(), nullable=False),
        sa.Column("ends", WallTime(), nullable=False),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("field_clocks", Json, nullable=False),
        sa.Column("server_seq", sa.BigInteger(), nullable=True),
        sa.Column("unsent_since", sa.String(length=40), nullable=True),
        sa.CheckConstraint("starts < ends", name=op.f("ck_tutor_availability_starts_before_ends")),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name=op.f("ck_tutor_availability_weekday_in_week")),
        sa.ForeignKeyConstraint(
            ["organization_id", "location_id"],
            ["location.organization_id", "location.id"],
            name=op.f("fk_tutor_availability_location_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "tutor_id"],
            ["tutor.organization_id", "tutor.id"],
            name=op.f("fk_tutor_availability_tutor_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_tutor_availability")),
    )
    with op.batch_alter_table("tutor_availability", schema=None) as batch_op:
        batch_op.create_index("ix_tutor_availability_server_seq", ["organization_id", "server_seq"], unique=False)
        batch_op.create_index("ix_tutor_availability_tutor", ["organization_id", "tutor_id"], unique=False)
        batch_op.create_index(
            "ix_tutor_availability_unsent",
            ["organization_id", "unsent_since"],
            unique=False,
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )

    op.create_table(
        "tutor_exception",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("tutor_id", Id, nullable=False),
        sa.Column("location_id", Id, nullable=True),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("is_available", sa.Boolean(), nullable=False),
        sa.Column("starts", WallTime(), nullable=True),
        sa.Column("ends", WallTime(), nullable=True),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("field_clocks", Json, nullable=False),
        sa.Column("server_seq", sa.BigInteger(), nullable=True),
        sa.Column("unsent_since", sa.String(length=40), nullable=True),
        sa.CheckConstraint(
            "NOT is_available OR (starts < ends)", name=op.f("ck_tutor_exception_hours_when_available")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "location_id"],
            ["location.organization_id", "location.id"],
            name=op.f("fk_tutor_exception_location_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "tutor_id"],
            ["tutor.organization_id", "tutor.id"],
            name=op.f("fk_tutor_exception_tutor_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_tutor_exception")),
    )
    with op.batch_alter_table("tutor_exception", schema=None) as batch_op:
        batch_op.create_index("ix_tutor_exception_server_seq", ["organization_id", "server_seq"], unique=False)
        batch_op.create_index(
            "ix_tutor_exception_unsent",
            ["organization_id", "unsent_since"],
            unique=False,
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )

    op.create_table(
        "tutor_location",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("tutor_id", Id, nullable=False),
        sa.Column("location_id", Id, nullable=False),
        sa.Column("hourly_pay_cents", sa.Integer(), nullable=True),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("field_clocks", Json, nullable=False),
        sa.Column("server_seq", sa.BigInteger(), nullable=True),
        sa.Column("unsent_since", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "location_id"],
            ["location.organization_id", "location.id"],
            name=op.f("fk_tutor_location_location_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "tutor_id"],
            ["tutor.organization_id", "tutor.id"],
            name=op.f("fk_tutor_location_tutor_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_tutor_location")),
    )
    with op.batch_alter_table("tutor_location", schema=None) as batch_op:
        batch_op.create_index("ix_tutor_location_server_seq", ["organization_id", "server_seq"], unique=False)
        batch_op.create_index("ix_tutor_location_tutor", ["organization_id", "tutor_id"], unique=False)
        batch_op.create_index(
            "ix_tutor_location_unsent",
            ["organization_id", "unsent_since"],
            unique=False,
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )

    op.create_table(
        "tutor_subject",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("tutor_id", Id, nullable=False),
        sa.Column("subject_id", Id, nullable=False),
        sa.Column("topic_id", Id, nullable=True),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("field_clocks", Json, nullable=False),
        sa.Column("server_seq", sa.BigInteger(), nullable=True),
        sa.Column("unsent_since", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "subject_id"],
            ["subject.organization_id", "subject.id"],
            name=op.f("fk_tutor_subject_subject_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "topic_id"],
            ["topic.organization_id", "topic.id"],
            name=op.f("fk_tutor_subject_topic_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "tutor_id"],
            ["tutor.organization_id", "tutor.id"],
            name=op.f("fk_tutor_subject_tutor_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_tutor_subject")),
    )
    with op.batch_alter_table("tutor_subject", schema=None) as batch_op:
        batch_op.create_index("ix_tutor_subject_server_seq", ["organization_id", "server_seq"], unique=False)
        batch_op.create_index("ix_tutor_subject_tutor", ["organization_id", "tutor_id"], unique=False)
        batch_op.create_index(
            "ix_tutor_subject_unsent",
            ["organization_id", "unsent_since"],
            unique=False,
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )

    op.create_table(
        "tutor_time_off",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("tutor_id", Id, nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("field_clocks", Json, nullable=False),
        sa.Column("server_seq", sa.BigInteger(), nullable=True),
        sa.Column("unsent_since", sa.String(length=40), nullable=True),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_tutor_time_off_first_day_before_last")),
        sa.ForeignKeyConstraint(
            ["organization_id", "tutor_id"],
            ["tutor.organization_id", "tutor.id"],
            name=op.f("fk_tutor_time_off_tutor_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_tutor_time_off")),
    )
    with op.batch_alter_table("tutor_time_off", schema=None) as batch_op:
        batch_op.create_index("ix_tutor_time_off_server_seq", ["organization_id", "server_seq"], unique=False)
        batch_op.create_index(
            "ix_tutor_time_off_unsent",
            ["organization_id", "unsent_since"],
            unique=False,
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )

    op.create_table(
        "lead_contact",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("lead_id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=True),
        sa.Column("happened_at", Instant(), nullable=False),
        sa.Column(
            "method",
            sa.Enum(
                "PHONE", "EMAIL", "DM", name="contactmethod", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column(
            "outcome",
            sa.Enum(
                "ANSWERED",
                "NOT_ANSWERED",
                "SENT",
                name="contactoutcome",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "stage_before",
            sa.Enum(
                "NEW",
                "CONTACT_ATTEMPTED",
                "CONTACTED",
                "FOLLOW_UP_ATTEMPTED",
                "FOLLOWED_UP",
                "COMMITTED",
                "SCHEDULED",
                "ASSESSED",
                "ACTIVE",
                "COLD",
                name="stage_before",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "stage_after",
            sa.Enum(
                "NEW",
                "CONTACT_ATTEMPTED",
                "CONTACTED",
                "FOLLOW_UP_ATTEMPTED",
                "FOLLOWED_UP",
                "COMMITTED",
                "SCHEDULED",
                "ASSESSED",
                "ACTIVE",
                "COLD",
                name="stage_after",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("field_clocks", Json, nullable=False),
        sa.Column("server_seq", sa.BigInteger(), nullable=True),
        sa.Column("unsent_since", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "lead_id"],
            ["lead.organization_id", "lead.id"],
            name=op.f("fk_lead_contact_lead_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["user.organization_id", "user.id"],
            name=op.f("fk_lead_contact_user_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_lead_contact")),
    )
    with op.batch_alter_table("lead_contact", schema=None) as batch_op:
        batch_op.create_index("ix_lead_contact_lead", ["organization_id", "lead_id"], unique=False)
        batch_op.create_index("ix_lead_contact_server_seq", ["organization_id", "server_seq"], unique=False)
        batch_op.create_index(
            "ix_lead_contact_unsent",
            ["organization_id", "unsent_since"],
            unique=False,
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )

    op.create_table(
        "series",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column(
            "pattern",
            sa.Enum("WEEKLY", "DAILY", name="seriespattern", native_enum=False, create_constraint=True, length=40),
            nullable=False,
        ),
        sa.Column("weekdays", Json, nullable=False),
        sa.Column("interval_weeks", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("occurrence_count", sa.Integer(), nullable=True),
        sa.Column("start_time", WallTime(), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
        sa.Column("has_buffer", sa.Boolean(), nullable=False),
        sa.Column("skips_closures", sa.Boolean(), nullable=False),
        sa.Column("daily_hours", Json, nullable=False),
        sa.Column("skipped_days", Json, nullable=False),
        sa.Column("location_id", Id, nullable=False),
        sa.Column("service_id", Id, nullable=False),
        sa.Column("subject_id", Id, nullable=True),
        sa.Column("topic_id", Id, nullable=True),
        sa.Column("product_id", Id, nullable=True),
        sa.Column("tutor_id", Id, nullable=True),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("is_online", sa.Boolean(), nullable=False),
        sa.Column("imported_uid", sa.Text(), nullable=False),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("field_clocks", Json, nullable=False),
        sa.Column("server_seq", sa.BigInteger(), nullable=True),
        sa.Column("unsent_since", sa.String(length=40), nullable=True),
        sa.CheckConstraint("capacity >= 1", name=op.f("ck_series_capacity_at_least_1")),
        sa.CheckConstraint("duration_minutes >= 1", name=op.f("ck_series_duration_minutes_at_least_1")),
        sa.CheckConstraint("interval_weeks >= 1", name=op.f("ck_series_interval_weeks_at_least_1")),
        sa.CheckConstraint("last_day IS NOT NULL OR occurrence_count IS NOT NULL", name=op.f("ck_series_is_bounded")),
        sa.CheckConstraint("occurrence_count >= 1", name=op.f("ck_series_occurrence_count_at_least_1")),
        sa.ForeignKeyConstraint(
            ["organization_id", "location_id"],
            ["location.organization_id", "location.id"],
            name=op.f("fk_series_location_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "product_id"],
            ["product.organization_id", "product.id"],
            name=op.f("fk_series_product_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "service_id"],
            ["service.organization_id", "service.id"],
            name=op.f("fk_series_service_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "subject_id"],
            ["subject.organization_id", "subject.id"],
            name=op.f("fk_series_subject_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "topic_id"],
            ["topic.organization_id", "topic.id"],
            name=op.f("fk_series_topic_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "tutor_id"],
            ["tutor.organization_id", "tutor.id"],
            name=op.f("fk_series_tutor_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_series")),
    )
    with op.batch_alter_table("series", schema=None) as batch_op:
        batch_op.create_index("ix_series_server_seq", ["organization_id", "server_seq"], unique=False)
        batch_op.create_index(
            "ix_series_unsent",
            ["organization_id", "unsent_since"],
            unique=False,
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )

    op.create_table(
        "student_subject",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("student_id", Id, nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("subject_id", Id, nullable=False),
        sa.Column("topic_id", Id, nullable=True),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("field_clocks", Json, nullable=False),
        sa.Column("server_seq", sa.BigInteger(), nullable=True),
        sa.Column("unsent_since", sa.String(length=40), nullable=True),
        sa.CheckConstraint("rank BETWEEN 1 AND 3", name=op.f("ck_student_subject_rank_one_to_three")),
        sa.ForeignKeyConstraint(
            ["organization_id", "student_id"],
            ["student.organization_id", "student.id"],
            name=op.f("fk_student_subject_student_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "subject_id"],
            ["subject.organization_id", "subject.id"],
            name=op.f("fk_student_subject_subject_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "topic_id"],
            ["topic.organization_id", "topic.id"],
            name=op.f("fk_student_subject_topic_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_student_subject")),
    )
    with op.batch_alter_table("student_subject", schema=None) as batch_op:
        batch_op.create_index("ix_student_subject_server_seq", ["organization_id", "server_seq"], unique=False)
        batch_op.create_index("ix_student_subject_student", ["organization_id", "student_id"], unique=False)
        batch_op.create_index(
            "ix_student_subject_unsent",
            ["organization_id", "unsent_since"],
            unique=False,
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )

    op.create_table(
        "schedule_entry",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("series_id", Id, nullable=True),
        sa.Column("series_day", sa.Date(), nullable=True),
        sa.Column("location_id", Id, nullable=False),
        sa.Column("service_id", Id, nullable=False),
        sa.Column("subject_id", Id, nullable=True),
        sa.Column("topic_id", Id, nullable=True),
        sa.Column("product_id", Id, nullable=True),
        sa.Column("tutor_id", Id, nullable=True),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("blocked_until", Instant(), nullable=False),
        sa.Column("is_online", sa.Boolean(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "PENDING_PAYMENT",
                "SCHEDULED",
                "IN_PROGRESS",
                "COMPLETED",
                "CANCELLED",
                "NO_SHOW",
                name="entrystatus",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("cancelled_by_user_id", Id, nullable=True),
        sa.Column("cancelled_at", Instant(), nullable=True),
        sa.Column("cancel_reason", sa.Text(), nullable=False),
        sa.Column("rescheduled_to_id", Id, nullable=True),
        sa.Column("hourly_price_cents", sa.Integer(), nullable=False),
        sa.Column("hourly_pay_cents", sa.Integer(), nullable=False),
        sa.Column("web_link", sa.Text(), nullable=False),
        sa.Column("needs_projector", sa.Boolean(), nullable=False),
        sa.Column("supplies", sa.Text(), nullable=False),
        sa.Column("other_resources", sa.Text(), nullable=False),
        sa.Column("report_done", sa.Text(), nullable=False),
        sa.Column("report_homework", sa.Text(), nullable=False),
        sa.Column("report_next_steps", sa.Text(), nullable=False),
        sa.Column("report_is_shared", sa.Boolean(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("field_clocks", Json, nullable=False),
        sa.Column("server_seq", sa.BigInteger(), nullable=True),
        sa.Column("unsent_since", sa.String(length=40), nullable=True),
        sa.CheckConstraint("capacity >= 1", name=op.f("ck_schedule_entry_capacity_at_least_1")),
        sa.CheckConstraint("ends_at <= blocked_until", name=op.f("ck_schedule_entry_blocked_after_end")),
        sa.CheckConstraint("hourly_pay_cents >= 0", name=op.f("ck_schedule_entry_hourly_pay_cents_at_least_0")),
        sa.CheckConstraint("hourly_price_cents >= 0", name=op.f("ck_schedule_entry_hourly_price_cents_at_least_0")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_schedule_entry_starts_before_ends")),
        sa.ForeignKeyConstraint(
            ["organization_id", "cancelled_by_user_id"],
            ["user.organization_id", "user.id"],
            name=op.f("fk_schedule_entry_cancelled_by_user_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "location_id"],
            ["location.organization_id", "location.id"],
            name=op.f("fk_schedule_entry_location_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "product_id"],
            ["product.organization_id", "product.id"],
            name=op.f("fk_schedule_entry_product_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "rescheduled_to_id"],
            ["schedule_entry.organization_id", "schedule_entry.id"],
            name=op.f("fk_schedule_entry_rescheduled_to_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "series_id"],
            ["series.organization_id", "series.id"],
            name=op.f("fk_schedule_entry_series_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "service_id"],
            ["service.organization_id", "service.id"],
            name=op.f("fk_schedule_entry_service_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "subject_id"],
            ["subject.organization_id", "subject.id"],
            name=op.f("fk_schedule_entry_subject_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "topic_id"],
            ["topic.organization_id", "topic.id"],
            name=op.f("fk_schedule_entry_topic_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "tutor_id"],
            ["tutor.organization_id", "tutor.id"],
            name=op.f("fk_schedule_entry_tutor_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_schedule_entry")),
    )
    with op.batch_alter_table("schedule_entry", schema=None) as batch_op:
        batch_op.create_index("ix_schedule_entry_series", ["organization_id", "series_id"], unique=False)
        batch_op.create_index("ix_schedule_entry_server_seq", ["organization_id", "server_seq"], unique=False)
        batch_op.create_index("ix_schedule_entry_starts", ["organization_id", "starts_at"], unique=False)
        batch_op.create_index("ix_schedule_entry_tutor", ["organization_id", "tutor_id", "starts_at"], unique=False)
        batch_op.create_index(
            "ix_schedule_entry_unsent",
            ["organization_id", "unsent_since"],
            unique=False,
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )

    op.create_table(
        "attendee",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("entry_id", Id, nullable=False),
        sa.Column("student_id", Id, nullable=False),
        sa.Column(
            "attendance",
            sa.Enum(
                "PRESENT",
                "LATE",
                "ABSENT",
                "EXCUSED",
                name="attendance",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("attendance_at", Instant(), nullable=True),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("field_clocks", Json, nullable=False),
        sa.Column("server_seq", sa.BigInteger(), nullable=True),
        sa.Column("unsent_since", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "entry_id"],
            ["schedule_entry.organization_id", "schedule_entry.id"],
            name=op.f("fk_attendee_entry_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "student_id"],
            ["student.organization_id", "student.id"],
            name=op.f("fk_attendee_student_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_attendee")),
    )
    with op.batch_alter_table("attendee", schema=None) as batch_op:
        batch_op.create_index("ix_attendee_entry", ["organization_id", "entry_id"], unique=False)
        batch_op.create_index("ix_attendee_server_seq", ["organization_id", "server_seq"], unique=False)
        batch_op.create_index("ix_attendee_student", ["organization_id", "student_id"], unique=False)
        batch_op.create_index(
            "ix_attendee_unsent",
            ["organization_id", "unsent_since"],
            unique=False,
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )

    op.create_table(
        "entry_room",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("id", Id, nullable=False),
        sa.Column("entry_id", Id, nullable=False),
        sa.Column("room_id", Id, nullable=False),
        sa.Column("archived_at", Instant(), nullable=True),
        sa.Column("field_clocks", Json, nullable=False),
        sa.Column("server_seq", sa.BigInteger(), nullable=True),
        sa.Column("unsent_since", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "entry_id"],
            ["schedule_entry.organization_id", "schedule_entry.id"],
            name=op.f("fk_entry_room_entry_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "room_id"],
            ["room.organization_id", "room.id"],
            name=op.f("fk_entry_room_room_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_entry_room")),
    )
    with op.batch_alter_table("entry_room", schema=None) as batch_op:
        batch_op.create_index("ix_entry_room_entry", ["organization_id", "entry_id"], unique=False)
        batch_op.create_index("ix_entry_room_room", ["organization_id", "room_id"], unique=False)
        batch_op.create_index("ix_entry_room_server_seq", ["organization_id", "server_seq"], unique=False)
        batch_op.create_index(
            "ix_entry_room_unsent",
            ["organization_id", "unsent_since"],
            unique=False,
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )

    op.create_table(
        "local_state",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_local_state")),
    )
    op.create_table(
        "needs_attention",
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("row_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("kept_values", sa.JSON(), nullable=False),
        sa.Column("refused_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("table_name", "row_id", name=op.f("pk_needs_attention")),
    )


def downgrade() -> None:
    op.drop_table("needs_attention")
    op.drop_table("local_state")
    with op.batch_alter_table("entry_room", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_entry_room_unsent",
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )
        batch_op.drop_index("ix_entry_room_server_seq")
        batch_op.drop_index("ix_entry_room_room")
        batch_op.drop_index("ix_entry_room_entry")

    op.drop_table("entry_room")
    with op.batch_alter_table("attendee", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_attendee_unsent",
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )
        batch_op.drop_index("ix_attendee_student")
        batch_op.drop_index("ix_attendee_server_seq")
        batch_op.drop_index("ix_attendee_entry")

    op.drop_table("attendee")
    with op.batch_alter_table("schedule_entry", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_schedule_entry_unsent",
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )
        batch_op.drop_index("ix_schedule_entry_tutor")
        batch_op.drop_index("ix_schedule_entry_starts")
        batch_op.drop_index("ix_schedule_entry_server_seq")
        batch_op.drop_index("ix_schedule_entry_series")

    op.drop_table("schedule_entry")
    with op.batch_alter_table("student_subject", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_student_subject_unsent",
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )
        batch_op.drop_index("ix_student_subject_student")
        batch_op.drop_index("ix_student_subject_server_seq")

    op.drop_table("student_subject")
    with op.batch_alter_table("series", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_series_unsent",
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )
        batch_op.drop_index("ix_series_server_seq")

    op.drop_table("series")
    with op.batch_alter_table("lead_contact", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_lead_contact_unsent",
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )
        batch_op.drop_index("ix_lead_contact_server_seq")
        batch_op.drop_index("ix_lead_contact_lead")

    op.drop_table("lead_contact")
    with op.batch_alter_table("tutor_time_off", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_tutor_time_off_unsent",
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )
        batch_op.drop_index("ix_tutor_time_off_server_seq")

    op.drop_table("tutor_time_off")
    with op.batch_alter_table("tutor_subject", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_tutor_subject_unsent",
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )
        batch_op.drop_index("ix_tutor_subject_tutor")
        batch_op.drop_index("ix_tutor_subject_server_seq")

    op.drop_table("tutor_subject")
    with op.batch_alter_table("tutor_location", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_tutor_location_unsent",
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )
        batch_op.drop_index("ix_tutor_location_tutor")
        batch_op.drop_index("ix_tutor_location_server_seq")

    op.drop_table("tutor_location")
    with op.batch_alter_table("tutor_exception", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_tutor_exception_unsent",
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )
        batch_op.drop_index("ix_tutor_exception_server_seq")

    op.drop_table("tutor_exception")
    with op.batch_alter_table("tutor_availability", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_tutor_availability_unsent",
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )
        batch_op.drop_index("ix_tutor_availability_tutor")
        batch_op.drop_index("ix_tutor_availability_server_seq")

    op.drop_table("tutor_availability")
    with op.batch_alter_table("topic_offered", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_topic_offered_unsent",
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )
        batch_op.drop_index("ix_topic_offered_server_seq")

    op.drop_table("topic_offered")
    with op.batch_alter_table("student", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_student_unsent",
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )
        batch_op.drop_index("ix_student_server_seq")
        batch_op.drop_index("ix_student_location")
        batch_op.drop_index("ix_student_family")

    op.drop_table("student")
    with op.batch_alter_table("service_offered", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_service_offered_unsent",
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )
        batch_op.drop_index("ix_service_offered_server_seq")
        batch_op.drop_index("ix_service_offered_location")

    op.drop_table("service_offered")
    with op.batch_alter_table("room", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_room_unsent",
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )
        batch_op.drop_index("ix_room_server_seq")
        batch_op.drop_index("ix_room_location")

    op.drop_table("room")
    with op.batch_alter_table("product", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_product_unsent",
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )
        batch_op.drop_index("ix_product_server_seq")

    op.drop_table("product")
    with op.batch_alter_table("opening_hours", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_opening_hours_unsent",
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )
        batch_op.drop_index("ix_opening_hours_server_seq")
        batch_op.drop_index("ix_opening_hours_location")

    op.drop_table("opening_hours")
    with op.batch_alter_table("location_assignment", schema=None) as batch_op:
        batch_op.drop_index("ix_location_assignment_user")
        batch_op.drop_index(
            "ix_location_assignment_unsent",
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )
        batch_op.drop_index("ix_location_assignment_server_seq")

    op.drop_table("location_assignment")
    with op.batch_alter_table("lead", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_lead_unsent",
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )
        batch_op.drop_index("ix_lead_stage")
        batch_op.drop_index("ix_lead_server_seq")

    op.drop_table("lead")
    with op.batch_alter_table("closure", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_closure_unsent",
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )
        batch_op.drop_index("ix_closure_server_seq")

    op.drop_table("closure")
    with op.batch_alter_table("user_role", schema=None) as batch_op:
        batch_op.drop_index("ix_user_role_user")
        batch_op.drop_index(
            "ix_user_role_unsent",
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )
        batch_op.drop_index("ix_user_role_server_seq")

    op.drop_table("user_role")
    with op.batch_alter_table("tutor", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_tutor_unsent",
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )
        batch_op.drop_index("ix_tutor_server_seq")

    op.drop_table("tutor")
    with op.batch_alter_table("topic", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_topic_unsent",
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )
        batch_op.drop_index("ix_topic_server_seq")

    op.drop_table("topic")
    with op.batch_alter_table("location", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_location_unsent",
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )
        batch_op.drop_index("ix_location_server_seq")

    op.drop_table("location")
    with op.batch_alter_table("user", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_user_unsent",
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )
        batch_op.drop_index("ix_user_server_seq")

    op.drop_table("user")
    with op.batch_alter_table("subject", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_subject_unsent",
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )
        batch_op.drop_index("ix_subject_server_seq")

    op.drop_table("subject")
    with op.batch_alter_table("service", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_service_unsent",
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )
        batch_op.drop_index("ix_service_server_seq")

    op.drop_table("service")
    with op.batch_alter_table("family", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_family_unsent",
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )
        batch_op.drop_index("ix_family_server_seq")
        batch_op.drop_index("ix_family_name")

    op.drop_table("family")
    with op.batch_alter_table("organization", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_organization_unsent",
            sqlite_where=sa.text("unsent_since IS NOT NULL"),
        )
        batch_op.drop_index("ix_organization_server_seq")

    op.drop_table("organization")
