"""The queries of exports: those of the exported GETs, with the format of the file.

Source: REST API, "Audit and export".
"""

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Any, Final, Literal

from pydantic import create_model

from shared_code.api.month_windows import MonthsQuery
from shared_code.api.payroll import PayrollQuery
from shared_code.api.pl_rollup import RollupQuery
from shared_code.api.pl_view import PnlQuery
from shared_code.api.statistics import StatisticsQuery
from shared_code.api.validation import Query, parameter_names


class FormatQuery(Query):
    """The format of the file. Inherit it beside the query of the exported GET."""

    format: Literal["csv", "xlsx", "pdf"]


class StatisticsExportQuery(FormatQuery, StatisticsQuery):
    """The query of exported statistics."""


class PayrollExportQuery(FormatQuery, PayrollQuery):
    """The query of an exported payroll."""


class MonthsExportQuery(FormatQuery, MonthsQuery):
    """The query of an exported module with values by month."""


class PnlExportQuery(FormatQuery, PnlQuery):
    """The query of an exported P&L."""


class RollupExportQuery(FormatQuery, RollupQuery):
    """The query of an exported roll-up."""


QUERIES: Final[Mapping[str, type[FormatQuery]]] = {
    "statistics": StatisticsExportQuery,
    "payroll": PayrollExportQuery,
    "parking-rates": MonthsExportQuery,
    "other-revenue": MonthsExportQuery,
    "other-expenses": MonthsExportQuery,
    "pl-view": PnlExportQuery,
}
"""The query of each module of a site."""


def options_of(query: FormatQuery) -> dict[str, Any]:
    """The parameters other than format and period, as JSON has them."""
    return query.model_dump(mode="json", exclude={"format", "months", "period"})


def filters_of(query: FormatQuery) -> str:
    """The parameters that were given besides the format, in words."""
    given = []
    for name, field in type(query).model_fields.items():
        if name in query.model_fields_set and name != "format":
            value = getattr(query, name)
            shown = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
            given.append(f"{parameter_names(name, field)[0]} {shown}")
    return "; ".join(given)


def _every_parameter() -> type[FormatQuery]:
    """The parameters of all modules in one model, for the document: which of them count, the path decides."""
    kinds: dict[str, list[Any]] = {}
    for model in dict.fromkeys(QUERIES.values()):
        for name, field in model.model_fields.items():
            if name != "format" and field.annotation not in kinds.setdefault(name, []):
                kinds[name].append(field.annotation)
    fields: dict[str, Any] = {name: (reduce(or_, found) | None, None) for name, found in kinds.items()}
    described: type[FormatQuery] = create_model("SiteExportQuery", __base__=FormatQuery, **fields)
    return described


SITE_EXPORT_QUERY: Final = _every_parameter()
"""What the document says of the query of an export of a site."""
