"""The schema keeps the rules by which Citus spreads tables over machines: every key of an organization's rows carries
`organization_id`, and refers to nothing outside the organization (docs/scaling.md)."""

from __future__ import annotations

from sqlalchemy import text

from sync_server.database import Database, tenant_tables

_CONSTRAINTS = """
SELECT own.relname AS table_name, con.conname AS name, con.contype::text AS kind, other.relname AS refers_to,
       -- Without btree_gist an id stands in an exclusion as a range of one.
       own_column.attnum = ANY(con.conkey)
         OR pg_get_constraintdef(con.oid) LIKE '%(id_range(organization_id, organization_id, %) WITH =%' AS carries,
       other_column.attnum = con.confkey[array_position(con.conkey, own_column.attnum)] AS carries_across
FROM pg_constraint AS con
JOIN pg_class AS own ON own.oid = con.conrelid
JOIN pg_attribute AS own_column ON own_column.attrelid = own.oid AND own_column.attname = 'organization_id'
LEFT JOIN pg_class AS other ON other.oid = con.confrelid
LEFT JOIN pg_attribute AS other_column
  ON other_column.attrelid = other.oid AND other_column.attname = 'organization_id'
WHERE con.contype IN ('p', 'u', 'x', 'f') AND own.relname = ANY(:tables)
"""

_UNIQUE_INDEXES = """
SELECT class.relname AS table_name, index_class.relname AS name, attribute.attnum = ANY(index.indkey) AS carries
FROM pg_index AS index JOIN pg_class AS class ON class.oid = index.indrelid
JOIN pg_class AS index_class ON index_class.oid = index.indexrelid
JOIN pg_attribute AS attribute ON attribute.attrelid = class.oid AND attribute.attname = 'organization_id'
WHERE index.indisunique AND class.relname = ANY(:tables)
"""


def test_every_key_of_an_organizations_rows_carries_the_organization(database: Database) -> None:
    with database.routing() as session:
        constraints = session.execute(text(_CONSTRAINTS), {"tables": tenant_tables()}).all()
        indexes = session.execute(text(_UNIQUE_INDEXES), {"tables": tenant_tables()}).all()
    assert {row.table_name for row in constraints if row.kind == "p"} == set(tenant_tables()), (
        "each has a primary key"
    )
    assert [row.name for row in constraints if not row.carries] == []
    assert [row.name for row in indexes if not row.carries] == []


def test_no_row_of_an_organization_refers_to_another_or_to_what_is_nobodys(database: Database) -> None:
    with database.routing() as session:
        constraints = session.execute(text(_CONSTRAINTS), {"tables": tenant_tables()}).all()
    foreign = [row for row in constraints if row.kind == "f"]
    assert len(foreign) > 30
    assert [row.name for row in foreign if row.refers_to not in tenant_tables()] == []
    assert [row.name for row in foreign if not row.carries_across] == []


def test_what_is_nobodys_refers_to_no_organizations_rows(database: Database) -> None:
    with database.routing() as session:
        crossing = session.scalars(
            text(
                "SELECT conname FROM pg_constraint JOIN pg_class AS own ON own.oid = conrelid "
                "JOIN pg_class AS other ON other.oid = confrelid "
                "WHERE contype = 'f' AND other.relname = ANY(:tables) AND NOT own.relname = ANY(:tables)"
            ),
            {"tables": tenant_tables()},
        ).all()
    assert crossing == []


def test_no_trigger_of_an_organizations_table_is_one_that_citus_cannot_spread(database: Database) -> None:
    """Citus runs triggers of a distributed table only when told to (`citus.enable_unsafe_triggers`): they may look at
    rows of the same organization alone, and the audit history's looks at none."""
    with database.routing() as session:
        triggers = session.scalars(
            text(
                "SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
                "WHERE NOT tgisinternal AND relname = ANY(:tables) ORDER BY 1"
            ),
            {"tables": tenant_tables()},
        ).all()
    assert set(triggers) <= {"audit_entry_stays"}
