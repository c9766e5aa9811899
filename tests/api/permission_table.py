"""Who may call what: every operation of the contract with the roles that may call it.

A route that is not in this table fails the tests: nothing is served whose callers nobody has written down.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

BASE = "/api/v1/forecasting"

AM, DM, RVP, CV, FA = "account_manager", "district_manager", "regional_vp", "corporate_viewer", "forecasting_admin"
BILLING, SERVICE = "billing_admin", "service"
ROLES = (AM, DM, RVP, CV, FA, BILLING, SERVICE)

READERS = frozenset({AM, DM, RVP, CV, FA})
WRITERS = frozenset({AM, DM, FA})
DECIDERS = frozenset({DM, FA})
VIEWERS = frozenset({RVP, CV, FA})
COMPANY = frozenset({CV, FA})
ADMINISTRATORS = frozenset({FA})
BILLERS = frozenset({FA, BILLING})
OPERATORS = frozenset({FA, SERVICE})
ALL = frozenset(ROLES)
ANYBODY: frozenset[str] | None = None
"""Also without a token."""

OWN, FOREIGN = "TP001", "TP003"
"""A site that every role reaches, and one that only roles for the company reach."""

_PLACES = {
    "siteId": OWN, "site_id": OWN, "period": "2025-08", "timeframe": "12m", "comparisonType": "budget",
    "module": "statistics", "job_code_id": "VLT1", "jobCode": "VLT1", "jobGroupId": "valet", "job_id": "none",
    "snapshotId": "none", "exportId": "none",
}  # fmt: skip
"""What stands at the places of a path."""

Target = Literal["own", "foreign"]


@dataclass(frozen=True)
class Call:
    """A call of an operation: the roles that may make it, how it asks for something of others, and what it sends.

    `named_in_body`: the site stands in the body, at `site_id`. `foreign` are places of the path in place of a foreign
    site; `foreign_reason` is what a caller is told who does not reach them. `judged_by_body`: what is sent decides who
    may call, which is judged after the site of the path.
    """

    method: str
    path: str
    roles: frozenset[str] | None
    body: Mapping[str, Any] | None = None
    query: str = ""
    places: Mapping[str, str] = field(default_factory=dict)
    foreign: Mapping[str, str] | None = None
    foreign_reason: str = "site_scope"
    named_in_body: bool = False
    judged_by_body: bool = False

    @property
    def operation(self) -> tuple[str, str]:
        """Verb and template of the path."""
        return self.method, self.path

    @property
    def has_foreign(self) -> bool:
        """Whether the call names a site or an organisation."""
        return self.foreign is not None or self.named_in_body or "{siteId}" in self.path or "{site_id}" in self.path

    def url(self, target: Target) -> str:
        """The path with its places filled."""
        places = {**_PLACES, **self.places}
        if target == "foreign":
            places |= {"siteId": FOREIGN, "site_id": FOREIGN, **(self.foreign or {})}
        return self.path.format(**places) + self.query

    def content(self, target: Target) -> Mapping[str, Any]:
        """The body; an empty one is refused behind the gate."""
        body = dict(self.body or {})
        return body | ({"site_id": OWN if target == "own" else FOREIGN} if self.named_in_body else {})

    def __str__(self) -> str:
        more = "/".join(self.places.values()) or ",".join(self.body or ())
        return f"{self.method} {self.path}" + (f" ({more})" if more else "")


def _rollups(path: str, query: str = "") -> list[Call]:
    """A roll-up at each level."""

    def of(level: str, code: str, roles: frozenset[str], foreign: str | None = None) -> Call:
        places = {"organizationLevel": level, "organizationId": code}
        others = None if foreign is None else {**places, "organizationId": foreign}
        return Call("GET", path, roles, None, query, places, others, "organization_scope")

    return [
        of("district", "ALPHA", frozenset({DM, RVP, CV, FA}), "BETA"),
        of("region", "EAST", VIEWERS, "WEST"),
        of("company", "all", COMPANY),
        of("portfolio", "me", READERS),
    ]


_RATE = {"hourly_rate": 18.5, "effective_date": "2025-08-01", "calculation_method": "fixed", "reason": "new scale"}
_HOURS = {"period": "2025-08", "entries": [{"date": "2025-08-01", "jobCode": "VLT1", "hours": 8}]}

TABLE = [
    Call("GET", f"{BASE}/health", ANYBODY),
    Call("GET", f"{BASE}/openapi.json", ANYBODY),
    Call("GET", f"{BASE}/health/details", ADMINISTRATORS),
    # Statistics
    Call("GET", f"{BASE}/statistics/{{siteId}}/{{period}}", READERS),
    Call("GET", f"{BASE}/statistics/{{siteId}}/productivity", READERS),
    Call("GET", f"{BASE}/statistics/{{siteId}}/trends/{{timeframe}}", READERS),
    Call("GET", f"{BASE}/statistics/{{siteId}}/benchmarks", READERS),
    Call("PUT", f"{BASE}/statistics/{{siteId}}/{{period}}", WRITERS),
    Call("POST", f"{BASE}/statistics/{{siteId}}/{{period}}/copy", WRITERS),
    # Payroll
    Call("GET", f"{BASE}/payroll/{{siteId}}/{{period}}", READERS),
    Call("GET", f"{BASE}/payroll/{{siteId}}/job-codes", READERS),
    Call("GET", f"{BASE}/payroll/job-families", READERS),
    Call("POST", f"{BASE}/payroll/{{siteId}}/calculate", READERS, _HOURS),
    Call("POST", f"{BASE}/payroll/{{siteId}}/calculate", WRITERS, {**_HOURS, "persist": True}, judged_by_body=True),
    Call("PUT", f"{BASE}/payroll/{{siteId}}/{{period}}", WRITERS),
    Call("POST", f"{BASE}/payroll/{{siteId}}/{{period}}/copy-schedule", WRITERS),
    # Revenue, parking rates, other expenses
    Call("GET", f"{BASE}/revenue/categories", READERS),
    Call("GET", f"{BASE}/revenue/external/{{siteId}}/{{period}}", READERS),
    Call("PUT", f"{BASE}/revenue/external/{{siteId}}/{{period}}", WRITERS),
    Call("GET", f"{BASE}/revenue/internal/{{siteId}}/{{period}}", READERS),
    Call("PUT", f"{BASE}/revenue/internal/{{siteId}}/{{period}}", DECIDERS),
    Call("GET", f"{BASE}/revenue/other/{{siteId}}/{{period}}", READERS),
    Call("PUT", f"{BASE}/revenue/other/{{siteId}}/{{period}}", WRITERS),
    Call("GET", f"{BASE}/parking-rates/{{siteId}}/{{period}}", READERS),
    Call("PUT", f"{BASE}/parking-rates/{{siteId}}/{{period}}", WRITERS),
    Call("GET", f"{BASE}/other-expenses/{{siteId}}/{{period}}", READERS),
    Call("PUT", f"{BASE}/other-expenses/{{siteId}}/{{period}}", WRITERS),
    # P&L
    Call("GET", f"{BASE}/pl-view/{{siteId}}/{{period}}", READERS),
    Call("GET", f"{BASE}/pl-view/{{siteId}}/variance/{{comparisonType}}", READERS),
    Call("GET", f"{BASE}/flc/{{siteId}}/{{period}}", READERS),
    Call("GET", f"{BASE}/summary/{{siteId}}/{{period}}", READERS),
    *_rollups(f"{BASE}/pl-view/rollup/{{organizationLevel}}/{{organizationId}}"),
    # Save all, sites, me
    Call("PUT", f"{BASE}/forecast/{{siteId}}/{{period}}", WRITERS, {"otherExpenses": {}}),
    Call("GET", f"{BASE}/sites", READERS),
    Call("GET", f"{BASE}/sites/{{siteId}}", READERS),
    Call("GET", f"{BASE}/me", ALL),
    # Notes, submissions, snapshots
    Call("GET", f"{BASE}/notes/{{siteId}}/{{period}}", READERS),
    Call("POST", f"{BASE}/notes/{{siteId}}/{{period}}", WRITERS),
    Call("GET", f"{BASE}/submissions/{{siteId}}/{{period}}", READERS),
    Call("POST", f"{BASE}/submissions/{{siteId}}/{{period}}", WRITERS, {"action": "submit"}),
    Call("POST", f"{BASE}/submissions/{{siteId}}/{{period}}", DECIDERS, {"action": "approve"}, judged_by_body=True),
    Call(
        "POST",
        f"{BASE}/submissions/{{siteId}}/{{period}}",
        DECIDERS,
        {"action": "return", "comment": "why so?"},
        judged_by_body=True,
    ),
    Call("GET", f"{BASE}/snapshots", READERS),
    Call("GET", f"{BASE}/snapshots/{{snapshotId}}", READERS),
    Call("POST", f"{BASE}/snapshots", ADMINISTRATORS),
    # Audit and export
    Call("GET", f"{BASE}/audit", ADMINISTRATORS),
    Call("GET", f"{BASE}/audit/{{siteId}}", DECIDERS),
    *[
        Call("GET", f"{BASE}/export/{{module}}/{{siteId}}/{{period}}", READERS, None, "?format=csv", {"module": module})
        for module in ("statistics", "payroll", "parking-rates", "other-revenue", "other-expenses", "pl-view")
    ],
    *_rollups(f"{BASE}/export/rollup/{{organizationLevel}}/{{organizationId}}", "?format=csv"),
    Call("GET", f"{BASE}/export/jobs/{{exportId}}", READERS),
    Call("GET", f"{BASE}/export/jobs/{{exportId}}/file", READERS),
    # Job groups and job codes
    Call("GET", f"{BASE}/job-groups", BILLERS),
    Call("POST", f"{BASE}/job-groups", BILLERS),
    Call("PATCH", f"{BASE}/job-groups/{{jobGroupId}}", BILLERS),
    Call("GET", f"{BASE}/job-groups/site-assignments", BILLERS),
    Call("GET", f"{BASE}/job-codes", BILLERS),
    Call("PATCH", f"{BASE}/job-codes/{{jobCode}}", BILLERS),
    Call("POST", f"{BASE}/job-codes/assign", BILLERS),
    Call("POST", f"{BASE}/job-codes/status", BILLERS),
    # Rates of job codes
    Call("GET", "/api/jobcodes/{site_id}/rates", READERS),
    Call("PUT", "/api/jobcodes/{job_code_id}/rates", DECIDERS, _RATE, named_in_body=True),
    Call("POST", "/api/jobcodes/rates/calculate", OPERATORS),
    Call("POST", "/api/jobcodes/rates/calculate", frozenset({SERVICE}), {"all": True, "trigger": "scheduled"}),
    Call("GET", "/api/jobcodes/rates/calculate/{job_id}", OPERATORS),
    # Operations
    Call("GET", f"{BASE}/dataflow/status", OPERATORS),
    Call("GET", f"{BASE}/dataflow/runs", OPERATORS),
    Call("GET", f"{BASE}/data-quality", ADMINISTRATORS),
    Call("GET", "/api/migration/status", ADMINISTRATORS),
    Call("POST", f"{BASE}/unit-accounts/{{period}}", BILLERS, places={"period": "2025-06"}),
    Call("GET", f"{BASE}/unit-accounts/{{period}}", BILLERS, places={"period": "2025-06"}),
    Call("GET", f"{BASE}/unit-accounts/{{period}}/invalid", BILLERS, places={"period": "2025-06"}),
]
"""Source: REST API, "Who may call what"."""
