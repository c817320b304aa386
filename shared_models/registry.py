"""Loads every room's tables, so that metadata, migrations and sync see all of them."""

from functools import cache

from shared_models.access import models as access
from shared_models.base import Base, TenantRow
from shared_models.catalog import models as catalog
from shared_models.leads import models as leads
from shared_models.organization import files
from shared_models.organization import models as organization
from shared_models.people import models as people
from shared_models.schedule import models as schedule

ROOMS = (organization, files, access, catalog, people, leads, schedule)

metadata = Base.metadata


@cache
def tenant_classes() -> dict[str, type[TenantRow]]:
    """Every syncable class by table name, parents before children; sorted once, not to be changed."""
    by_table = {
        mapper.class_.__tablename__: mapper.class_
        for mapper in Base.registry.mappers
        if issubclass(mapper.class_, TenantRow)
    }
    return {table.name: by_table[table.name] for table in metadata.sorted_tables if table.name in by_table}
