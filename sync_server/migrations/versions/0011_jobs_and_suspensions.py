"""Jobs, and organizations that are suspended"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

import sync_server.migrations
from shared_models.base import Id, Instant
from sync_server.database import APP_ROLE

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_TABLES = ("procrastinate_jobs", "procrastinate_events", "procrastinate_periodic_defers", "procrastinate_workers")

# Row-level security holds for the owner too, so that the mail of each organization is looked for by itself.
_JOBS_OF_WAITING_MAIL = """
DO $$
DECLARE
    organization uuid;
BEGIN
    FOR organization IN SELECT DISTINCT organization_id FROM organization_route LOOP
        PERFORM set_config('itutoros.organization_id', organization::text, true);
        PERFORM procrastinate_defer_jobs_v1(array_agg(ROW(
            'mail', 'send_mail', 0, NULL, NULL,
            jsonb_build_object('organization_id', organization_id, 'mail_id', id), greatest(due_at, now())
        )::procrastinate_job_to_defer_v1)) FROM outbox_mail WHERE due_at IS NOT NULL HAVING count(*) > 0;
    END LOOP;
    PERFORM set_config('itutoros.organization_id', '', true);
END;
$$
"""


def upgrade() -> None:
    # As psycopg takes it, without looking for parameters in the functions' texts.
    plain = op.get_bind().connection.driver_connection
    assert plain is not None
    plain.execute(Path(sync_server.migrations.__file__).with_name("procrastinate_3_10.sql").read_text())
    for table in _TABLES:
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {APP_ROLE}")
        op.execute(f"GRANT USAGE ON SEQUENCE {table}_id_seq TO {APP_ROLE}")
    op.create_table(
        "organization_suspension",
        sa.Column("organization_id", Id, nullable=False),
        sa.Column("suspended_at", Instant(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", name=op.f("pk_organization_suspension")),
    )
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON organization_suspension TO {APP_ROLE}")
    # A server asks whether the schema fits it, and tidies up uses of forms that are long paid off.
    op.execute(f"GRANT SELECT ON alembic_version TO {APP_ROLE}")
    op.execute(f"GRANT DELETE ON form_allowance TO {APP_ROLE}")
    op.execute(_JOBS_OF_WAITING_MAIL)


def downgrade() -> None:
    op.execute(f"REVOKE DELETE ON form_allowance FROM {APP_ROLE}")
    op.execute(f"REVOKE SELECT ON alembic_version FROM {APP_ROLE}")
    op.drop_table("organization_suspension")
    # With what is of the tables' own type.
    op.execute(f"DROP TABLE {', '.join(_TABLES)} CASCADE")
    plain = op.get_bind().connection.driver_connection
    assert plain is not None
    functions = "SELECT oid::regprocedure::text FROM pg_proc WHERE starts_with(proname, 'procrastinate_')"
    for (function,) in plain.execute(functions).fetchall():
        op.execute(f"DROP FUNCTION {function}")
    for kind in ("job_to_defer_v1", "job_event_type", "job_status"):
        op.execute(f"DROP TYPE procrastinate_{kind}")
