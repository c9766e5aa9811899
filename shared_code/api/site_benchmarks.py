"""A site against its district, its region and its peers.

Source: REST API, "Statistics" (GET /statistics/{siteId}/benchmarks).
"""

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.responses import Response

from shared_code.api.answer_cache import cached
from shared_code.api.caller import Access
from shared_code.api.envelope import CamelModel, Envelope, FiguresMeta, success
from shared_code.api.fields import PercentPoints, QueryPeriod, Ratio, WordList
from shared_code.api.gate import Call, Demands, NoBody
from shared_code.api.pnl_shapes import figures_meta
from shared_code.api.validation import Query
from shared_code.domain.benchmarks import Benchmark
from shared_code.domain.months import period_of
from shared_code.services.benchmarks import MetricBenchmark, PeerBasis, site_benchmarks
from shared_code.services.metric_codes import metrics_named
from shared_code.services.periods import month_period, require_available
from shared_code.services.pnl_table import line_code
from shared_code.services.source_age import source_age

Metric = Literal[
    "vehiclesPerLaborHour", "revenuePerVehicle", "laborCostPerVehicle", "revenuePerLaborHour",
    "laborToExternalRevenuePercent", "laborToInternalRevenuePercent", "overtimePercent", "scheduleFillRate",
    "occupancy", "driveInRatio", "captureRatio",
]  # fmt: skip


class BenchmarksQuery(Query):
    """Which period (the running month by default), which metrics (all by default), and who the peers are."""

    period: QueryPeriod | None = None
    metrics: Annotated[tuple[Metric, ...], WordList] = ()
    peer_basis: Literal["contract-type", "size", "segment", "all"] = Field("all", alias="peerBasis")


class GroupShape(CamelModel):
    """A group of `of` sites; the rank is that of the site and null where it has no value."""

    average: Ratio | None
    median: Ratio
    rank: int | None
    of: int


class SuppressedShape(CamelModel):
    """A group that is too small to be shown."""

    suppressed: Literal[True] = True


class MetricBenchmarkShape(CamelModel):
    """A metric of the site against its groups; percentile, deviation and flag are those of the peers."""

    metric: Metric
    unit: Literal["count", "hours", "money", "percent", "fraction", "number"]
    site: Ratio | None
    district: GroupShape | SuppressedShape
    region: GroupShape | SuppressedShape
    peers: GroupShape | SuppressedShape
    percentile: PercentPoints | None
    deviation_percent: PercentPoints | None
    flag: Literal["above", "in-line", "below"] | None


class BenchmarksShape(CamelModel):
    """The benchmarks of a site."""

    period: str = Field(examples=["2025-04"])
    metrics: list[MetricBenchmarkShape]


READ: Final = Demands(Access("statistics:read"), query=BenchmarksQuery, body=NoBody)


def site_benchmarks_router(base: str) -> APIRouter:
    """The benchmarks resource below `base`."""
    router = APIRouter(prefix=base, tags=["statistics"])
    router.add_api_route(
        "/statistics/{siteId}/benchmarks",
        cached(of_all_sites=True)(benchmarks),
        methods=["GET"],
        response_model=Envelope[BenchmarksShape, FiguresMeta],
        summary="A site against its district, its region and its peers",
    )
    return router


def benchmarks(call: Annotated[Call[BenchmarksQuery, NoBody], Depends(READ)]) -> Response:
    """Averages of groups are pooled; groups of too few sites are suppressed, and no other site is named."""
    query, site = call.query, call.site
    period = query.period or month_period(period_of(site.business_date))
    require_available(period, site.business_date)
    found = site_benchmarks(
        call.runtime, site, period, metrics=metrics_named(query.metrics), peer_basis=PeerBasis(query.peer_basis)
    )
    data = BenchmarksShape(period=period.text, metrics=[_shown(one) for one in found])
    meta = FiguresMeta(**figures_meta(site.business_date, source_age(call.runtime)))
    return success(data, "Benchmarks retrieved successfully", meta=meta)


def _shown(found: MetricBenchmark) -> MetricBenchmarkShape:
    peers = found.peers
    return MetricBenchmarkShape.model_validate(
        {
            "metric": line_code(found.metric),
            "unit": found.unit,
            "site": found.site,
            "district": _group(found.district),
            "region": _group(found.region),
            "peers": _group(peers),
            "percentile": peers.percentile,
            "deviation_percent": peers.deviation_percent,
            "flag": peers.flag,
        }
    )


def _group(group: Benchmark) -> GroupShape | SuppressedShape:
    if group.suppressed or group.median is None:
        return SuppressedShape()
    return GroupShape(average=group.average, median=group.median, rank=group.rank, of=group.of)
