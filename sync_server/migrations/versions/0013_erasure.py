"""Values that are erased leave the audit history, too"""

from alembic import op

from sync_server.database import APP_ROLE

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# The one way by which the server's role changes the history: values go, that something happened stays, and the deed
# is written down with who did it. It runs as the tables' owner, in the tenant that the caller has entered.
_REDACTED = """
CREATE FUNCTION without_values(noted jsonb, names text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(jsonb_object_agg(key, CASE
        WHEN names IS NOT NULL AND NOT key = ANY(names) THEN value
        WHEN jsonb_typeof(value) = 'array' THEN '[null, null]'::jsonb
        ELSE 'null'::jsonb END), '{}'::jsonb)
    FROM jsonb_each(CASE WHEN jsonb_typeof(noted) = 'object' THEN noted ELSE '{}'::jsonb END)
$$
"""
_ERASE = """
CREATE FUNCTION erase_from_audit(wanted_table text, wanted uuid[], names text[], by_user uuid, by_device uuid)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    tenant uuid := nullif(current_setting('itutoros.organization_id', true), '')::uuid;
    changed bigint;
BEGIN
    IF tenant IS NULL THEN
        RAISE EXCEPTION 'no organization has been entered' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM set_config('itutoros.erases', 'on', true);
    UPDATE audit_entry SET changes = without_values(changes, names), lost = without_values(lost, names)
    WHERE organization_id = tenant AND table_name = wanted_table AND row_id = ANY(wanted)
      AND (changes <> '{}'::jsonb OR lost <> '{}'::jsonb);
    GET DIAGNOSTICS changed = ROW_COUNT;
    PERFORM set_config('itutoros.erases', '', true);
    INSERT INTO audit_entry (organization_id, table_name, row_id, action, user_id, device_id, changes, lost)
    SELECT tenant, wanted_table, id, 'erased', by_user, by_device, '{}', '{}' FROM unnest(wanted) AS u (id);
    RETURN changed;
END $$
"""
_SIGNATURE = "erase_from_audit(text, uuid[], text[], uuid, uuid)"


def upgrade() -> None:
    op.execute(_REDACTED)
    op.execute(_ERASE)
    op.execute(f"REVOKE ALL ON FUNCTION {_SIGNATURE} FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION {_SIGNATURE} TO {APP_ROLE}")


def downgrade() -> None:
    op.execute(f"DROP FUNCTION {_SIGNATURE}")
    op.execute("DROP FUNCTION without_values(jsonb, text[])")
