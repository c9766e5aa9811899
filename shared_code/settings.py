"""The app's settings: one class, read from the environment, checked as a whole.

Source: Operations, "Settings".
"""

import re
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from shared_code.errors import ConfigurationError
from shared_code.warning_thresholds import known_codes


def _names(text: object) -> object:
    """`A,B C` as a tuple of upper-case names."""
    if isinstance(text, str):
        return tuple(name.strip().upper() for name in text.split(",") if name.strip())
    return text


def _roles(text: object) -> object:
    """`district_manager,forecasting_admin` as a tuple of small names."""
    if isinstance(text, str):
        return tuple(name.strip().lower() for name in text.split(",") if name.strip())
    return text


def _origins(text: object) -> object:
    """`https://a.example, https://b.example` as a tuple, in the spelling of browsers."""
    if isinstance(text, str):
        return tuple(origin.strip().lower().rstrip("/") for origin in text.split(",") if origin.strip())
    return text


def _targets(text: object) -> object:
    """`https://a.example/hook, /subscriptions/…/actionGroups/b` as a tuple of secrets; an address may hold a key."""
    if not isinstance(text, str):
        return text
    targets = [target.strip() for target in text.split(",") if target.strip()]
    for number, target in enumerate(targets, start=1):
        parts = urlsplit(target)
        if parts.scheme == "http" and parts.hostname not in {"127.0.0.1", "::1", "localhost"}:
            raise ValueError(f"target {number} is an address without HTTPS; https:// is accepted")
        if parts.scheme in {"http", "https"} and not parts.hostname:
            raise ValueError(f"target {number} is an address without a host")
    return tuple(SecretStr(target) for target in targets)


def _zone(name: str) -> str:
    """The name of a time zone that this machine knows."""
    try:
        ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise ValueError("no time zone of this name is known; America/New_York is one, for instance") from None
    return name


Origin = Annotated[str, Field(pattern=r"^https?://[a-z0-9.\-\[\]:]+$")]
OriginList = Annotated[tuple[Origin, ...], NoDecode, BeforeValidator(_origins)]
TargetList = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_targets)]
NameList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)]
RoleName = Literal[
    "account_manager",
    "district_manager",
    "regional_vp",
    "corporate_viewer",
    "forecasting_admin",
    "billing_admin",
    "service",
]
RoleList = Annotated[tuple[RoleName, ...], NoDecode, BeforeValidator(_roles)]
Percent = Annotated[Decimal, Field(ge=0, le=100)]
Share = Annotated[Decimal, Field(ge=0, le=1)]
Days = Annotated[int, Field(ge=1, le=3660)]
Seconds = Annotated[int, Field(ge=1)]
TimeZone = Annotated[str, AfterValidator(_zone)]
WarningThresholds = Annotated[dict[str, Annotated[Decimal, Field(ge=0)]], AfterValidator(known_codes)]
DatabaseName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+$")]


class Settings(BaseSettings):
    """Every setting with its default; names in the environment are these in upper case.

    An unknown value of a closed list, or a number outside its limits, is a `ConfigurationError` at the start
    (`load_settings`). Secrets never show in a text form of this object.
    """

    model_config = SettingsConfigDict(extra="ignore", frozen=True, populate_by_name=True)

    environment_name: Literal["local", "dev", "test", "training", "uat", "production"] = "local"

    db_primary_connection: str = "sqlite:///forecasting.db"
    odbc_driver: str = ""
    db_pool_min: int = Field(5, ge=1)
    db_pool_max: int = Field(20, ge=1)
    db_pool_idle_s: Seconds = 30
    db_pool_acquire_s: Seconds = 60
    db_timeout_s: Seconds = 30
    db_long_timeout_s: Seconds = 300
    db_analytics_timeout_s: Seconds = 600

    edw_host: str = ""
    edw_sample_path: Path = Path("warehouse.db")
    edw_nodes: dict[str, str] = {}
    edw_database: DatabaseName = "TP_EDW"
    edw_legion_database: DatabaseName = "TP_LEGION"
    edw_auth: Literal["entra", "sql", "agent"] = "sql"
    edw_user: str = ""
    edw_password: SecretStr = SecretStr("")
    edw_timeout_s: Seconds = 60
    edw_feed_timeout_s: Seconds = 300
    edw_max_parallel: int = Field(5, ge=1, le=50)
    edw_max_sites_per_query: int = Field(100, ge=1, le=2000)

    source_time_zone: TimeZone = "America/New_York"
    business_time_zone: TimeZone = "America/New_York"

    budget_source: Literal["edw", "api", "edw_then_api"] = "edw"
    budget_api_host: str = ""
    budget_token_url: str = ""
    budget_client_id: str = ""
    budget_client_secret: SecretStr = SecretStr("")
    budget_api_timeout_s: Seconds = 30
    budget_page_size: int = Field(1000, ge=1, le=5000)
    workday_source: Literal["edw", "api"] = "edw"
    workday_api_host: str = ""
    workday_user: str = ""
    workday_password: SecretStr = SecretStr("")
    workday_api_timeout_s: Seconds = 45
    workday_page_size: int = Field(500, ge=1, le=1000)
    fiscal_year_start_month: int = Field(1, ge=1, le=12)

    job_rate_method: Literal["weighted_average", "average"] = "weighted_average"
    job_rate_window_days: Days = 14
    job_rate_excluded_pay_types: NameList = ("DIFFERENTIAL", "MEAL PREMIUM")
    job_rate_min: Decimal = Decimal(5)
    job_rate_max: Decimal = Decimal(200)
    overtime_pay_types: NameList = ("OT",)
    payroll_reread_days: Days = 21
    daily_reread_days: Days = 7

    insurance_rate_management: Percent = Decimal("5.77")
    insurance_rate_other: Percent = Decimal("4.45")

    dq_completeness: Share = Decimal("0.95")
    dq_max_reject_ratio: Share = Decimal("0.05")
    dq_min_feed_ratio: Share = Decimal("0.50")
    dq_max_age_hours: int = Field(24, ge=1)

    gl_company_prefixes: dict[str, str] = {"07": "ENC", "22": "UPP", "*": "TOWNE"}
    gl_company_sources: dict[str, str] = {"TOWNE": "Towne", "ENC": "ENC", "UPP": "UPP"}
    gl_mirror_company: str = "TOWNE"

    servicebus_namespace: str = Field("", validation_alias="SERVICEBUS__fullyQualifiedNamespace")
    servicebus: SecretStr = SecretStr("")

    redis_url: SecretStr = SecretStr("")
    cache_ttl_static_s: Seconds = 3600
    cache_ttl_budget_s: Seconds = 1800
    cache_ttl_actual_s: Seconds = 300
    cache_ttl_session_s: Seconds = 1800
    rate_limit_requests: int = Field(1000, ge=1)
    rate_limit_window_s: Seconds = 900

    lease_ttl_s: Seconds = 300
    job_slice_s: Seconds = 240
    slots_statistics: int = Field(3, ge=1)
    slots_payroll: int = Field(2, ge=1)
    slots_pl: int = Field(1, ge=1)

    auth_issuer: str = "townepark-auth"
    auth_audience: str = "forecasting-api"
    auth_jwks_url: str = ""
    auth_clock_skew_s: int = Field(60, ge=0)
    auth_max_lifetime_s: Seconds = 3600

    internal_revenue_adjust_roles: RoleList = ("district_manager", "forecasting_admin")
    strict_precondition: bool = False
    feature_workflow: bool = False
    regional_vp_may_edit: bool = False
    unit_accounts_may_force: bool = False
    warning_thresholds: WarningThresholds = {}
    trend_stable_percent: Percent = Decimal(2)
    benchmark_min_sites: int = Field(3, ge=1)
    benchmark_in_line_percent: Percent = Decimal(5)
    alert_targets: TargetList = ()
    applicationinsights_connection_string: SecretStr = SecretStr("")

    variance_medium_percent: Percent = Decimal(5)
    variance_high_percent: Percent = Decimal("7.5")
    flc_review_amount: Decimal = Field(Decimal(5000), ge=0)
    flc_review_percent: Decimal = Field(Decimal(25), ge=0)

    cors_origins: OriginList = ()

    azure_client_id: str = ""
    azure_tenant_id: str = ""
    azure_client_secret: SecretStr = SecretStr("")

    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @model_validator(mode="after")
    def _limits_are_in_order(self) -> Self:
        if self.job_rate_min > self.job_rate_max:
            raise ValueError(f"JOB_RATE_MIN {self.job_rate_min} is above JOB_RATE_MAX {self.job_rate_max}")
        if self.db_pool_min > self.db_pool_max:
            raise ValueError(f"DB_POOL_MIN {self.db_pool_min} is above DB_POOL_MAX {self.db_pool_max}")
        return self

    @property
    def alert_webhooks(self) -> tuple[str, ...]:
        """The targets of alerts that are addresses, secrets among them; an action group is told by the platform."""
        targets = (target.get_secret_value() for target in self.alert_targets)
        return tuple(target for target in targets if target.startswith(("https://", "http://")))

    @property
    def is_embedded(self) -> bool:
        """Whether the operational database is the embedded one (SQLite)."""
        return self.db_primary_connection.startswith("sqlite")


def load_settings() -> Settings:
    """The settings of the process's environment.

    Raises `ConfigurationError` that names every setting that is wrong and what it accepts; no value is repeated,
    because it may be a secret.
    """
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(f"{_setting_name(e['loc'])}: {e['msg']}" for e in error.errors(include_input=False))
        raise ConfigurationError(f"Settings are wrong: {wrong}") from None
    except SettingsError as error:
        # It names the field whose text is no JSON; the text itself is in its cause.
        field = re.search(r'field "(\w+)"', str(error))
        name = field[1].upper() if field else "One of them"
        raise ConfigurationError(f"Settings are wrong: {name}: Input should be JSON") from None


def _setting_name(location: tuple[int | str, ...]) -> str:
    return str(location[0]).upper() if location else "settings"


@cache
def settings() -> Settings:
    """The settings of this process, read once at their first use."""
    return load_settings()
