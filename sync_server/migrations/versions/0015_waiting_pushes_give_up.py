"""A push that waits for another one's end gives up after a while"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_LOCKS = "    IF locks THEN\n"
# Until the transaction ends, and past a pooler too, which knows nothing of what a connection was told at its start.
_WITH_AN_END = f"{_LOCKS}        PERFORM set_config('lock_timeout', '15s', true);\n"


def upgrade() -> None:
    _replace(_LOCKS, _WITH_AN_END)


def downgrade() -> None:
    _replace(_WITH_AN_END, _LOCKS)


def _replace(before: str, after: str) -> None:
    """Change one line of the function that begins every request of the sync (0010)."""
    plain = op.get_bind().connection.driver_connection
    assert plain is not None
    (text,) = plain.execute("SELECT pg_get_functiondef('device_session(text, boolean)'::regprocedure)").fetchone()
    assert text.count(before) == 1
    plain.execute(text.replace(before, after))
