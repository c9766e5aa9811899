"""Which warehouse is read: a node of SQL Server, or the embedded one.

Source: Source side, "Scope and vocabulary"; Operations, "Settings" and "Environments".
"""

from sqlalchemy import Engine

from shared_code.clock import Clock
from shared_code.errors import ConfigurationError
from shared_code.settings import Settings
from shared_code.sources.warehouse.embedded import embedded_engine
from shared_code.sources.warehouse.objects import EDW, LEGION
from shared_code.sql.engine import warehouse_engine

EMBEDDED_ALIAS = "embedded"
"""What the embedded warehouse is called in a run's lineage."""

DEFAULT_ALIAS = "default"
"""What the node of `EDW_HOST` is called where no pointer names one."""


def open_warehouse(settings: Settings, node_alias: str | None = None, clock: Clock | None = None) -> Engine:
    """A reading engine on the node `node_alias` of `EDW_NODES`, or on `EDW_HOST` for None and `DEFAULT_ALIAS`.

    While `EDW_HOST` is empty these two, and `EMBEDDED_ALIAS`, are the embedded warehouse. Dispose of the engine when
    it is no longer needed. Raises `ConfigurationError` for an alias that has no address, and `SourceError` when the
    embedded warehouse is missing.

    Source: Source side, "Scope and vocabulary".
    """
    address = _address_of(settings, node_alias)
    if not address:
        return embedded_engine(settings.edw_sample_path)
    return warehouse_engine(settings, address, clock).execution_options(
        schema_translate_map={EDW: f"{settings.edw_database}.dbo", LEGION: f"{settings.edw_legion_database}.dbo"}
    )


def alias_of(settings: Settings, node_alias: str | None = None) -> str:
    """The name of the node that `open_warehouse` opens: never an address."""
    if _address_of(settings, node_alias):
        return node_alias or DEFAULT_ALIAS
    return EMBEDDED_ALIAS


def _address_of(settings: Settings, node_alias: str | None) -> str:
    """The address of the node; empty for the embedded warehouse."""
    if node_alias in settings.edw_nodes:
        return settings.edw_nodes[node_alias]
    if node_alias in {None, DEFAULT_ALIAS}:
        return settings.edw_host
    if node_alias == EMBEDDED_ALIAS:
        return ""
    known = ", ".join(sorted(settings.edw_nodes)) or "none"
    raise ConfigurationError(f"The warehouse node {node_alias} has no address in EDW_NODES; known are: {known}.")


__all__ = ["DEFAULT_ALIAS", "EMBEDDED_ALIAS", "alias_of", "open_warehouse"]
