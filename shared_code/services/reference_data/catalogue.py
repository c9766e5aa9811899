"""The tables of reference data that may be imported and exported, and no others.

Source: Data model, "Reference data that no feed brings".
"""

from functools import cache

from shared_code.errors import InvalidInputError
from shared_code.services.reference_data.access_tables import access_tables
from shared_code.services.reference_data.contract_rate_table import contract_rate_table
from shared_code.services.reference_data.contract_table import contract_table
from shared_code.services.reference_data.flag_tables import flag_tables
from shared_code.services.reference_data.mapping_tables import mapping_tables
from shared_code.services.reference_data.reference_table import ReferenceTable
from shared_code.services.reference_data.report import shown


@cache
def reference_tables() -> dict[str, ReferenceTable]:
    """Every table by its name."""
    tables = [contract_table(), *access_tables(), *mapping_tables(), *flag_tables(), contract_rate_table()]
    return {table.name: table for table in tables}


def table_named(name: str) -> ReferenceTable:
    """The table of this name, in any case; raises `InvalidInputError` that lists those there are."""
    tables = reference_tables()
    table = tables.get(name.strip().lower())
    if table is None:
        raise InvalidInputError(
            f"{shown(name)!r} is no table of reference data. Accepted: {', '.join(tables)}.",
            field="table",
            details={"providedValue": shown(name), "accepted": list(tables)},
        )
    return table
