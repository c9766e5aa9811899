"""What a caller reaches, and which thresholds and switches are in force for everybody.

Source: REST API, "Forecast, summary, sites, me"; Operations, "Settings".
"""

from dataclasses import dataclass
from decimal import Decimal

from shared_code.domain.site_scope import SiteScope
from shared_code.services.forecast.warning_limits import limits_in_force
from shared_code.services.runtime import Runtime
from shared_code.settings import Settings
from shared_code.storage import site_list


@dataclass(frozen=True, slots=True)
class OwnSites:
    """How many sites somebody has, the site when it is the only one, and where the sites belong now, by name."""

    site_count: int
    default_site_id: str | None
    districts: tuple[str, ...]
    regions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Features:
    """Parts of the product that are switched on."""

    workflow: bool


@dataclass(frozen=True, slots=True)
class SettingsInForce:
    """Thresholds (percent points and dollars) and switches, as they are set.

    `warning_thresholds` are by warning code.
    """

    variance_medium_percent: Decimal
    variance_high_percent: Decimal
    flc_review_amount: Decimal
    flc_review_percent: Decimal
    trend_stable_percent: Decimal
    benchmark_min_sites: int
    benchmark_in_line_percent: Decimal
    warning_thresholds: dict[str, Decimal]
    strict_precondition: bool
    regional_vp_may_edit: bool
    unit_accounts_may_force: bool
    internal_revenue_adjust_roles: tuple[str, ...]
    business_time_zone: str


def own_sites(runtime: Runtime, scope: SiteScope) -> OwnSites:
    """The sites of `scope` that there are, in three statements however many they are."""
    with runtime.database.reading() as connection:
        found = site_list.summary(connection, scope)
        districts = site_list.district_names(connection, scope)
        regions = site_list.region_names(connection, scope)
    only = found.first if found.count == 1 else None
    return OwnSites(found.count, only, tuple(districts), tuple(regions))


def features(settings: Settings) -> Features:
    """What is switched on."""
    return Features(workflow=settings.feature_workflow)


def settings_in_force(settings: Settings) -> SettingsInForce:
    """The thresholds and switches that a client has to know."""
    plain = {name: getattr(settings, name) for name in SettingsInForce.__slots__ if name != "warning_thresholds"}
    return SettingsInForce(**plain, warning_thresholds=limits_in_force(settings))
