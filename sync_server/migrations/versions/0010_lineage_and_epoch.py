"""Which life of a PC's store and of the server's data it is, who stands behind a token in one query, and a second
wall around the audit history"""

import sqlalchemy as sa
from alembic import op

from sync_server.database import APP_ROLE

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# As the caller: it reads routing tables, then enters the tenant, so that row-level security stays in force. (The
# table of suspensions comes with the next revision; a function's body is looked at when it first runs.)
_DEVICE_SESSION = """
CREATE FUNCTION device_session(wanted text, locks boolean DEFAULT false) RETURNS TABLE (
    organization_id text, user_id text, device_id text, is_revoked boolean, is_suspended boolean, is_fresh boolean,
    lineage text, lineage_before text, roles text[], location_ids text[], tutor_ids text[], last_seq bigint,
    epoch text, restored_at_seq bigint
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    d device%ROWTYPE;
BEGIN
    SELECT * INTO d FROM device WHERE device.token_hash = wanted;
    IF d.id IS NULL THEN
        RETURN;
    END IF;
    PERFORM set_config('itutoros.organization_id', d.organization_id::text, true);
    IF locks THEN
        INSERT INTO organization_sequence (organization_id, last_seq) VALUES (d.organization_id, 0)
            ON CONFLICT DO NOTHING;
        PERFORM 1 FROM organization_sequence s WHERE s.organization_id = d.organization_id FOR UPDATE;
        -- As the writer before left it.
        SELECT * INTO d FROM device WHERE device.token_hash = wanted;
        IF d.id IS NULL THEN
            RETURN;
        END IF;
    END IF;
    RETURN QUERY SELECT
        d.organization_id::text, d.user_id::text, d.id::text, d.revoked_at IS NOT NULL,
        EXISTS (SELECT 1 FROM organization_suspension z WHERE z.organization_id = d.organization_id
                AND z.suspended_at IS NOT NULL),
        coalesce(d.last_seen_at > now() - interval '5 minutes', false), d.lineage, d.lineage_before,
        ARRAY(SELECT r.role::text FROM user_role r JOIN "user" u ON u.organization_id = r.organization_id
              AND u.id = r.user_id AND u.archived_at IS NULL
              WHERE r.organization_id = d.organization_id AND r.user_id = d.user_id AND r.archived_at IS NULL),
        ARRAY(SELECT a.location_id::text FROM location_assignment a WHERE a.organization_id = d.organization_id
              AND a.user_id = d.user_id AND a.archived_at IS NULL),
        ARRAY(SELECT t.id::text FROM tutor t WHERE t.organization_id = d.organization_id
              AND t.user_id = d.user_id AND t.archived_at IS NULL),
        coalesce(s.last_seq, 0), coalesce(s.epoch, ''), s.restored_at_seq
    FROM (VALUES (1)) AS one (x) LEFT JOIN organization_sequence s ON s.organization_id = d.organization_id;
END $$
"""

# Erasing for good is the operator's alone: as the tables' owner, and saying so.
_AUDIT_STAYS = f"""
CREATE FUNCTION audit_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('itutoros.erases', true) = 'on' AND current_user <> '{APP_ROLE}' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the audit history is only added to' USING ERRCODE = 'insufficient_privilege';
END $$
"""


# What is known of the tenants that were there yesterday misleads about the one that was made today.
_PLANS_FOR_ANY_TENANT = """
DO $$
DECLARE
    t text;
BEGIN
    FOR t IN SELECT relname FROM pg_class WHERE relkind = 'r' AND relrowsecurity
             AND relnamespace = 'public'::regnamespace LOOP
        EXECUTE 'ALTER TABLE ' || quote_ident(t) || ' ALTER COLUMN organization_id SET STATISTICS 0';
    END LOOP;
END $$
"""


def upgrade() -> None:
    op.get_bind().exec_driver_sql(_PLANS_FOR_ANY_TENANT)
    op.add_column(
        "organization_sequence",
        sa.Column("epoch", sa.Text(), nullable=False, server_default=sa.text("gen_random_uuid()::text")),
    )
    op.add_column("organization_sequence", sa.Column("restored_at_seq", sa.BigInteger(), nullable=True))
    op.add_column("device", sa.Column("lineage", sa.Text(), nullable=True))
    op.add_column("device", sa.Column("lineage_before", sa.Text(), nullable=True))
    op.execute(_DEVICE_SESSION)
    op.execute(f"GRANT EXECUTE ON FUNCTION device_session(text, boolean) TO {APP_ROLE}")
    op.execute(_AUDIT_STAYS)
    op.execute(
        "CREATE TRIGGER audit_entry_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_stays()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER audit_entry_stays ON audit_entry")
    op.execute("DROP FUNCTION audit_stays()")
    op.execute("DROP FUNCTION device_session(text, boolean)")
    op.drop_column("device", "lineage_before")
    op.drop_column("device", "lineage")
    op.drop_column("organization_sequence", "restored_at_seq")
    op.drop_column("organization_sequence", "epoch")
