"""A site against its district, its region and its peers; no other site is named, and no small group is shown.

Source: Calculations, "Benchmarks"; REST API, "Statistics" (GET /statistics/{siteId}/benchmarks).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from shared_code.domain.benchmarks import Benchmark, BenchmarkLimits, Member, benchmark
from shared_code.domain.metrics import Quotient, pool
from shared_code.domain.site_figures import RATIO_METRICS, Basis, metric_quotients, unit_of
from shared_code.domain.site_scope import SiteScope
from shared_code.services.activity_months import FiguresByMonth, Span, month_figures
from shared_code.services.periods import Period
from shared_code.services.pnl_freshness import site_calendar
from shared_code.services.pnl_site_cells import OpenSite
from shared_code.services.runtime import Runtime
from shared_code.settings import Settings
from shared_code.storage.peer_groups import SiteTraits, site_traits


class PeerBasis(StrEnum):
    """Which sites are the peers of a site."""

    CONTRACT_TYPE = "contract-type"
    SIZE = "size"
    """Sites with at least half and at most twice its rooms; of a site without rooms, its parking spaces."""
    SEGMENT = "segment"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class MetricBenchmark:
    """A metric of a site against three groups; percentile, deviation and flag are those of the peers."""

    metric: str
    unit: str
    district: Benchmark
    region: Benchmark
    peers: Benchmark

    @property
    def site(self) -> Decimal | None:
        """The value of the site."""
        return self.peers.site_value


METRICS = RATIO_METRICS
"""The metrics that are compared: figures that grow with a site would tell of single sites by subtraction."""


def site_benchmarks(
    runtime: Runtime,
    site: OpenSite,
    period: Period,
    *,
    metrics: Sequence[str] = (),
    peer_basis: PeerBasis = PeerBasis.ALL,
) -> tuple[MetricBenchmark, ...]:
    """The trend of `period` at a site against its groups, for `metrics` (all where none are named).

    Source: Calculations, "Benchmarks".
    """
    # All sites deliberately: groups are figures of the company, and what is answered of others is averages, medians
    # and the place of the caller's own site among them, of three sites at least.
    everybody = SiteScope.all_sites()
    with runtime.database.reading() as connection:
        traits = site_traits(connection, everybody, period.months[-1])
        dates = site_calendar(runtime, connection, everybody).dates
    groups = _groups(site.site_id, traits, peer_basis)
    members = {site_id: dates[site_id] for group in groups.values() for site_id in group if site_id in dates}
    months: dict[str, list[Mapping[str, Quotient]]] = {}
    for (site_id, _), known in _trend(runtime, members, period).items():
        months.setdefault(site_id, []).append(metric_quotients(known))
    limits = _limits(runtime.settings)
    return tuple(
        _compare(metric, site.site_id, groups, months, limits) for metric in METRICS if not metrics or metric in metrics
    )


class _Group(StrEnum):
    DISTRICT = "district"
    REGION = "region"
    PEERS = "peers"


_Groups = Mapping[_Group, frozenset[str]]


def _trend(runtime: Runtime, members: Mapping[str, date], period: Period) -> FiguresByMonth:
    if not members:
        return {}
    span = Span(period.months[0], period.months[-1])
    return month_figures(runtime, members, {Basis.TREND: span})[Basis.TREND]


def _groups(site_id: str, traits: Sequence[SiteTraits], peer_basis: PeerBasis) -> _Groups:
    """The sites of each group with the site itself; a site that lacks the trait is alone."""
    own = next(site for site in traits if site.site_id == site_id)
    chosen: Mapping[_Group, Callable[[SiteTraits], bool]] = {
        _Group.DISTRICT: lambda other: _is_same(own.district, other.district),
        _Group.REGION: lambda other: _is_same(own.region, other.region),
        _Group.PEERS: lambda other: _PEERS[peer_basis](own, other),
    }
    return {
        group: frozenset(other.site_id for other in traits if other is own or is_member(other))
        for group, is_member in chosen.items()
    }


def _compare(
    metric: str,
    site_id: str,
    groups: _Groups,
    months: Mapping[str, Sequence[Mapping[str, Quotient]]],
    limits: BenchmarkLimits,
) -> MetricBenchmark:
    values = {
        other: pool(known)
        for other in frozenset().union(*groups.values())
        if (known := [month[metric] for month in months.get(other, ()) if metric in month])
    }
    found = {
        group: benchmark(metric, site_id, [Member(other, values.get(other)) for other in members], limits)
        for group, members in groups.items()
    }
    return MetricBenchmark(metric, unit_of(metric), found[_Group.DISTRICT], found[_Group.REGION], found[_Group.PEERS])


def _is_same(own: str | None, other: str | None) -> bool:
    """Whether both have the trait, and the same one but for case and surrounding blanks."""
    return own is not None and other is not None and own.strip().upper() == other.strip().upper()


def _has_like_size(own: SiteTraits, other: SiteTraits) -> bool:
    """Whether the larger of both has at most twice the rooms (without rooms: the parking spaces) of the other."""
    if bool(own.rooms) != bool(other.rooms):
        return False
    smaller, larger = sorted((own.rooms or own.spaces or 0, other.rooms or other.spaces or 0))
    return 0 < larger <= 2 * smaller


_PEERS: Mapping[PeerBasis, Callable[[SiteTraits, SiteTraits], bool]] = {
    PeerBasis.CONTRACT_TYPE: lambda own, other: _is_same(own.contract_type, other.contract_type),
    PeerBasis.SIZE: _has_like_size,
    PeerBasis.SEGMENT: lambda own, other: _is_same(own.segment, other.segment),
    PeerBasis.ALL: lambda own, other: True,
}


def _limits(settings: Settings) -> BenchmarkLimits:
    return BenchmarkLimits(settings.benchmark_min_sites, settings.benchmark_in_line_percent)
