"""Metrics under the names of the REST API.

Source: REST API, "Overview".
"""

from collections.abc import Collection, Mapping

from shared_code.domain.site_figures import METRICS
from shared_code.services.pnl_table import line_code

METRIC_OF_CODE: Mapping[str, str] = {line_code(metric): metric for metric in METRICS}
"""Every metric by its name in the REST API, such as `vehiclesPerLaborHour`."""


def metrics_named(codes: Collection[str]) -> tuple[str, ...]:
    """The metrics that `codes` name, each once, in the order in which they are shown."""
    return tuple(metric for code, metric in METRIC_OF_CODE.items() if code in codes)
